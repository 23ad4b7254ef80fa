"""What the words around values say of whose they are."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.gloss.glossing import glossed
from modelserver.tasks.targets import wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message
from modelserver.tasks.values import spoken

TRANSFER = Tool(
    "transfer", "", (Parameter("from_account"), Parameter("to_account"), Parameter("amount", "number"))
)  # fmt: skip
LIMITS = Tool("limits", "", (Parameter("lowest", "integer"), Parameter("highest", "integer")))
BUDGET = Tool("budget", "", (Parameter("max_price", "integer"),))
LOGIN = Tool("login", "", (Parameter("host"), Parameter("port", "integer")))
BOX = Tool(
    "box", "", tuple(Parameter(f"{side}_cm", "number") for side in ("length", "width", "height"))
)  # fmt: skip
SUM = Tool("sum", "", tuple(Parameter(name, "integer") for name in "abc"))


def readings(tool: Tool, text: str, said: dict[str, str], number: int = 0) -> wording.Readings:
    """Readings of these words of a message."""
    found: wording.Readings = {}
    for parameter in tool.parameters:
        if words := said.get(parameter.name):
            start = text.index(words)
            value = spoken.read(parameter, text, start, start + len(words))
            evidence = Evidence(number, start, start + len(words), words, 0.7)
            found[parameter.name] = [Reading(value, evidence)]
    return found


def values(found: wording.Readings) -> dict[str, Any]:
    return {name: many[0].value for name, many in found.items() if many}


@pytest.mark.parametrize(
    ("text", "adults"),
    [("3 kids and 1 adult", 1), ("for 2 adults and 1 child", 2), ("1 child, 4 adults", 4)],
)
def test_a_number_counts_what_stands_behind_it(text: str, adults: int) -> None:
    """Whatever the model read."""
    crew = Tool("crew", "", (Parameter("adults", "integer"), Parameter("children", "integer")))
    given = readings(crew, text, {"adults": text[0] if text[0] != "f" else "2"})
    found = wording.by_name(crew, given, [Message("user", text)], 0, UNTOLD)
    assert values(found)["adults"] == adults


@pytest.mark.parametrize(
    "text",
    [
        "move 300 from savings 4711 to giro 8822", "to giro 8822 move 300 from savings 4711",
        "300: 4711 -> 8822", "4711 → 8822, 300", "300 out of 4711 please, into 8822",
        "überweise 300 von Konto 4711 auf das Konto 8822", "auf 8822 bitte 300 vom Konto 4711",
        "je voudrais virer 300 du compte 4711 vers le compte 8822",
        "quiero pasar 300 desde la cuenta 4711 a la cuenta 8822",
        "vorrei spostare 300 dal conto 4711 al conto 8822",
        "quero passar 300 da conta 4711 para a conta 8822",
        "ik wil graag 300 van rekening 4711 naar rekening 8822",
    ],
)  # fmt: skip
@pytest.mark.parametrize("crossed", [True, False])
def test_from_and_to(text: str, crossed: bool) -> None:
    """Whichever way round they were read, each account is what the words before it say."""
    source, target = ("8822", "4711") if crossed else ("4711", "8822")
    given = readings(TRANSFER, text, {"from_account": source, "to_account": target})
    found = wording.directed(TRANSFER, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == {"from_account": "4711", "to_account": "8822"}


@pytest.mark.parametrize(
    "text", ["accounts 8822 and 4711", "8822 is the one, 4711 the other", "8822, 4711"]
)
def test_words_that_say_nothing_leave_a_guess(text: str) -> None:
    """The model's order stands where no word speaks against it, and is to be asked back."""
    given = readings(TRANSFER, text, {"from_account": "8822", "to_account": "4711"})
    found = wording.directed(TRANSFER, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == values(given)
    assert {many[0].evidence.confidence for many in found.values()} == {0.3}


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize(
    "asked",
    ["and back?", "And the way back on the 3rd", "und zurück", "Please move it back again.", "sorry, send P17 back"],
)  # fmt: skip
def test_the_way_back(asked: str, crossed: bool) -> None:
    """It exchanges what an earlier turn said, whichever way round that was read; a guess only."""
    before = "from 4711 to 8822"
    talk = (Message("user", before), Message("assistant", "Done."), Message("user", asked))
    first, second = ("8822", "4711") if crossed else ("4711", "8822")
    given = readings(TRANSFER, before, {"from_account": first, "to_account": second})
    found = wording.directed(TRANSFER, given, talk, 2, UNTOLD)
    assert values(found) == {"from_account": "8822", "to_account": "4711"}
    assert {many[0].evidence.confidence for many in found.values()} == {0.3}


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize("said", ["and with 20 euros", "Put it back", "call me back", "Back it up"])
def test_words_of_an_earlier_turn_hold(said: str, crossed: bool) -> None:
    """Its own words say which way round it was, unless it is to be the other way."""
    before = "from 4711 to 8822"
    talk = (Message("user", before), Message("assistant", "Done."), Message("user", said))
    first, second = ("8822", "4711") if crossed else ("4711", "8822")
    given = readings(TRANSFER, before, {"from_account": first, "to_account": second})
    found = wording.directed(TRANSFER, given, talk, 2, UNTOLD)
    assert values(found) == {"from_account": "4711", "to_account": "8822"}


def test_a_source_does_not_become_a_target() -> None:
    """A side that is carried over is what was on that side."""
    before, now = "from 4711 to 8822", "the same from 5001"
    talk = (Message("user", before), Message("assistant", "Done."), Message("user", now))
    given = readings(TRANSFER, now, {"from_account": "5001"}, 2)
    given |= readings(TRANSFER, before, {"to_account": "4711"})
    only = wording.directed(TRANSFER, given, talk, 2, UNTOLD)
    assert values(only) == {"from_account": "5001", "to_account": "4711"}
    assert only["to_account"][0].evidence.confidence == 0.3
    given["to_account"] += readings(TRANSFER, before, {"to_account": "8822"})["to_account"]
    found = wording.directed(TRANSFER, given, talk, 2, UNTOLD)
    assert values(found) == {"from_account": "5001", "to_account": "8822"}


def test_named_sides_are_sure() -> None:
    """Of two that their own names say, no word before them need say more."""
    talk = (Message("user", "to_account=4711, from_account=8822"),)
    told = wording.by_name(TRANSFER, {}, talk, 0, UNTOLD)
    found = wording.directed(TRANSFER, told, talk, 0, UNTOLD)
    assert values(found) == {"from_account": "8822", "to_account": "4711"}
    assert {many[0].evidence.confidence for many in found.values() if many} == {1.0}


def test_who_has_it_so_far() -> None:
    """Where a thing is until now is where it comes from, whatever stands before."""
    text = "pass it on to 8822; so far it belongs to 4711"
    given = readings(TRANSFER, text, {"from_account": "8822", "to_account": "4711"})
    found = wording.directed(TRANSFER, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == {"from_account": "4711", "to_account": "8822"}


def test_pairs() -> None:
    """Like names belong together; a stay's days and what changes are no journey."""
    four = [Parameter(name) for name in ("from_city", "to_city", "from_day", "to_day", "note")]
    assert [(a.name, b.name) for a, b in wording.pairs(four)] == [
        ("from_city", "to_city"), ("from_day", "to_day"),
    ]  # fmt: skip
    assert wording.pairs([Parameter("from"), Parameter("to", "number")]) == []
    stay = Tool("stay", "", (Parameter("departure"), Parameter("arrival")))
    text = "from May 2 to May 9"
    given = readings(stay, text, {"arrival": "May 2", "departure": "May 9"})
    assert wording.directed(stay, given, (Message("user", text),), 0, UNTOLD) == given


@pytest.mark.parametrize(
    ("tool", "text", "told"),
    [
        (SUM, "a=2, b=5, c=3", {"a": 2, "b": 5, "c": 3}),
        (SUM, "c = 3; a: 2\nB=5", {"a": 2, "b": 5, "c": 3}),
        (TRANSFER, "amount: 1,300 and to account: A-1.", {"amount": 1300.0, "to_account": "A-1"}),
        (LOGIN, "host 10.0.0.1 port 8080", {"host": "10.0.0.1", "port": 8080}),
        (LOGIN, "log in to db-1:8080", {"port": 8080}), (LOGIN, "at 10:30 on :8080", {"port": 8080}),
        (BOX, "60 cm long, 40 wide and 0.5 m high", {"length_cm": 60.0, "width_cm": 40.0, "height_cm": 50.0}),
        (BOX, "width=22, length: 35 (cm)", {"length_cm": 35.0, "width_cm": 22.0}),
        (BOX, "how long are 3 wide ones", {"width_cm": 3.0}), (BOX, "3 days long-distance", {}),
        (LOGIN, "a port of 8080 on db-1", {"port": 8080}), (LOGIN, "a port of 2 ships", {}),
        (LIMITS, "a maximum of 600 and a minimum of 40", {"lowest": 40, "highest": 600}),
        (LIMITS, "never more than 900 and no fewer than 150", {"lowest": 150, "highest": 900}),
        (LIMITS, "min 5, max 9", {"lowest": 5, "highest": 9}), (BUDGET, "max 5 days", {}),
        (LOGIN, "which port? 22 or 80", {}), (LOGIN, "port: unknown", {}), (SUM, "a 5 or a 6", {}),
    ],
)  # fmt: skip
def test_named_values(tool: Tool, text: str, told: dict[str, Any]) -> None:
    """A value that is written with its parameter's name is that one's, also if no model saw it."""
    found = wording.by_name(tool, {}, (Message("user", text),), 0, UNTOLD)
    assert values(found) == told


def test_named_values_are_no_other_ones() -> None:
    """What is another parameter's by name is taken from whoever else wanted it."""
    text = "a=2, b=5"
    given = readings(SUM, text, {"a": "5", "b": "2", "c": "5"})
    assert values(wording.by_name(SUM, given, (Message("user", text),), 0, UNTOLD)) == {
        "a": 2, "b": 5,
    }  # fmt: skip


def test_the_model_knows_where_a_name_ends() -> None:
    """Of `city=Pune, India` the model's own words are kept."""
    tool = Tool("t", "", (Parameter("city"),))
    text = "city=Pune, India"
    given = readings(tool, text, {"city": "Pune, India"})
    found = wording.by_name(tool, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == {"city": "Pune, India"}


def test_instead() -> None:
    """Items of earlier turns go when others are to be taken instead, and stay otherwise."""
    items = Tool("order", "", (Parameter("ids", "array"),))
    old, new = "A1 and B2", "no, C3 and D4 instead"
    for text, kept in (
        (new, ["C3"]), ("and C3", ["A1", "C3"]), ("but only for host C3", ["C3"]),
        ("only today, and C3", ["A1", "C3"]), ("sorry, I meant C3. Thanks", ["C3"]),
        ("Pardon, ich meinte C3", ["C3"]),
    ):  # fmt: skip
        talk = (Message("user", old), Message("assistant", "?"), Message("user", text))
        said = [
            *readings(items, old, {"ids": "A1"})["ids"], *readings(items, text, {"ids": "C3"}, 2)["ids"],
        ]  # fmt: skip
        found = wording.instead({"ids": said}, talk, 2)
        assert [reading.value for reading in found["ids"]] == kept


def test_both_ends_of_a_long_message_are_read() -> None:
    """As the model does: what stands in the middle of a very long message names nothing."""
    for text, port in (
        ("port: 8080, " + "so, " * 30_000, 8080),
        ("so, " * 30_000 + "port: 8080", 8080),
        ("so, " * 30_000 + "port: 8080, " + "so, " * 30_000, None),
    ):
        found = wording.by_name(LOGIN, {}, (Message("user", text),), 0, UNTOLD)
        assert values(found).get("port") == port
        if port:
            evidence = found["port"][0].evidence
            assert text[evidence.start : evidence.end] == "8080"


@pytest.mark.parametrize("unit", ["port=", "port=a ", " ", "so,", "a-", "port minus ", "\n"])
def test_long_messages_take_no_time(unit: str) -> None:
    """Words that look like names and values by the thousand are read in a moment."""
    text = "port=a" + (unit * 120_000)[:120_000] + "!"
    talk = (Message("user", text),)
    began = time.process_time()
    wording.by_name(LOGIN, {}, talk, 0, UNTOLD)
    wording.instead({}, talk, 0)
    assert time.process_time() - began < 5


ROUTE = Tool(
    "route", "", (Parameter("origin"), Parameter("destination"), Parameter("day", format="date"))
)


@pytest.mark.parametrize(
    ("text", "origin", "destination"),
    [
        ("destination Oslo, origin Hamburg", "Hamburg", "Oslo"), ("Origin Bad Ems; destination Ulm.", "Bad Ems", "Ulm"),
        ("fares? origin Rome, destination Bari", "Rome", "Bari"), ("Origin Ulm. Destination Bonn.", "Ulm", "Bonn"),
        ("the origin Kiel, the destination New York City", "Kiel", "New York City"),
        ("2027-02-08, origin Pau, destination Nice!", "Pau", "Nice"),
        ("origin St-Malo, destination Brest", "St-Malo", "Brest"), ("Destination Graz, Origin Linz", "Linz", "Graz"),
    ],
)  # fmt: skip
def test_two_names_before_their_values(text: str, origin: str, destination: str) -> None:
    """Whatever the model read for them."""
    found = wording.by_name(ROUTE, {}, [Message("user", text)], 0, UNTOLD)
    assert values(found) == {"origin": origin, "destination": destination}


@pytest.mark.parametrize(
    "text",
    [
        "destination Oslo",
        "the origin of Species, destination Mars",
        "origin unknown, destination unclear",
        "my destination Oslo and origin Ulm",
    ],
)
def test_one_name_before_a_value_may_be_chance(text: str) -> None:
    assert values(wording.by_name(ROUTE, {}, [Message("user", text)], 0, UNTOLD)) == {}


def test_a_longer_stretch_with_another_number_is_not_what_is_named() -> None:
    """Of "2 tickets for show 702" the show is 702, and not 2."""
    show = Tool("book", "", (Parameter("show", "integer"), Parameter("tickets", "integer")))
    text = "2 good tickets for show 702"
    given = readings(show, text, {"show": text, "tickets": "2"})
    found = wording.by_name(show, given, [Message("user", text)], 0, UNTOLD)
    assert values(found) == {"show": 702, "tickets": 2}


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("from: joint", "source"),
        ("to: joint", "target"),
        ("to = joint", "target"),
        ("from joint", "source"),
    ],
)
def test_from_and_to_may_stand_before_a_colon(text: str, side: str) -> None:
    start = text.index("joint")
    assert (
        wording.side_of(Evidence(0, start, start + 5, "joint", 0.5), Message("user", text)) == side
    )


def test_no_side_reaches_into_the_next_sentence() -> None:
    text = "they are from last year. Joint first"
    start = text.index("Joint")
    assert (
        wording.side_of(Evidence(0, start, start + 5, "Joint", 0.5), Message("user", text)) is None
    )


def test_sides_are_those_of_the_words_that_were_said() -> None:
    """Told word by word a "van" may be an "of"."""
    (told,) = glossed([Message("user", "Breng de kano van meneer Bas naar Piet.")], [])
    at = told.content.index("Bas")
    assert wording.side_of(Evidence(0, at, at + 3, "Bas", 0.5), told) == "source"


def test_the_newest_side_goes_first() -> None:
    """A way that was spoken of before is no end of one that is told whole."""
    messages = [Message("user", "from Ulm to Bonn"), Message("user", "no, from Ulm to Kiel")]
    given = {
        "origin": readings(ROUTE, messages[1].content, {"origin": "Ulm"}, 1)["origin"],
        "destination": [
            *readings(ROUTE, messages[0].content, {"destination": "Bonn"})["destination"],
            *readings(ROUTE, messages[1].content, {"destination": "Kiel"}, 1)["destination"],
        ],
    }
    found = wording.directed(ROUTE, given, messages, 1, UNTOLD)
    assert values(found) == {"origin": "Ulm", "destination": "Kiel"}


@pytest.mark.parametrize("answer", ["Pune, country India", "city Pune", "In Pune it rains"])
def test_a_value_is_the_users_own_words(answer: str) -> None:
    """And not what an answer made of them; what it says anew stays."""
    messages = [
        Message("user", "weather in Pune"),
        Message("assistant", answer),
        Message("user", "and there?"),
    ]
    said = [
        Reading(answer, Evidence(1, 0, len(answer), answer, 0.9)),
        Reading("Pune", Evidence(0, 11, 15, "Pune", 0.2)),
    ]
    assert values(wording.in_own_words({"city": said}, messages)) == {"city": "Pune"}
    other = [Reading("Goa", Evidence(1, 0, 3, "Goa", 0.9)), said[1]]
    assert values(wording.in_own_words({"city": other}, messages)) == {"city": "Goa"}


@pytest.mark.parametrize(
    ("text", "restricts"),
    [
        ("only the cheap ones", True), ("just the direct ones", True), ("and only direct", True),
        ("direct ones only", True), ("ok, only with sauna", True), ("vegan only please", True),
        ("just a moment", False), ("I only asked", False), ("only one moment", False),
    ],
)  # fmt: skip
def test_restrictions(text: str, *, restricts: bool) -> None:
    assert wording.is_restriction(text) is restricts


DILUTE = Tool(
    "dilute", "", (Parameter("sample"), Parameter("start_level", "number"), Parameter("end_level", "number"))
)  # fmt: skip
REGISTER = Tool("register", "", (Parameter("pet"), Parameter("old_owner"), Parameter("new_owner")))


@pytest.mark.parametrize(
    ("text", "read", "told"),
    [
        ("dilute S1 to 5", {"start_level": "5"}, {"end_level": 5.0}),
        ("dilute S1, from 5", {"end_level": "5"}, {"start_level": 5.0}),
        ("dilute S1, 5", {"start_level": "5"}, {"start_level": 5.0}),
        ("dilute S1 to 5", {"end_level": "5"}, {"end_level": 5.0}),
    ],
)
def test_a_lone_value_goes_where_its_word_says(
    text: str, read: dict[str, str], told: dict[str, float]
) -> None:
    given = readings(DILUTE, text, read)
    found = wording.directed(DILUTE, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == told


def test_a_third_parameter_has_nothing_that_goes_to_a_side() -> None:
    """The model took the pet for the owner, and the reverse."""
    text = "register Kira from Ben to Sue"
    given = readings(REGISTER, text, {"pet": "Sue", "old_owner": "Ben", "new_owner": "Kira"})
    found = wording.directed(REGISTER, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == {"pet": "Kira", "old_owner": "Ben", "new_owner": "Sue"}


@pytest.mark.parametrize("crossed", [True, False])
def test_a_stay_begins_with_what_is_declared_first(crossed: bool) -> None:
    """Nobody leaves before they come."""
    day = {"format": "date"}
    stay = Tool("stay", "", (Parameter("arrival", **day), Parameter("departure", **day)))
    first, last = "2027-05-02", "2027-05-09"
    said = (
        {"arrival": last, "departure": first} if crossed else {"arrival": first, "departure": last}
    )
    text = f"from {first} to {last}"
    given = readings(stay, text, said)
    found = wording.directed(stay, given, (Message("user", text),), 0, UNTOLD)
    assert values(found) == {"arrival": first, "departure": last}


SWAP = Tool(
    "swap_guide", "",
    (
        Parameter("tour", required=True), Parameter("old_guide", required=True),
        Parameter("new_guide", required=True),
    ),
)  # fmt: skip


def test_who_is_away_is_the_one_who_is_replaced() -> None:
    """Also where a model took the name for the new one, and where only "her" says it again."""
    text = "the harbour tour needs someone else, nina is ill"
    found = wording.directed(
        SWAP, readings(SWAP, text, {"new_guide": "nina"}), (Message("user", text),), 0, UNTOLD
    )
    assert values(found) == {"old_guide": "nina"}
    text = "nina can't come on Monday, so give her tour to omar"
    found = wording.directed(
        SWAP, readings(SWAP, text, {"new_guide": "omar"}), (Message("user", text),), 0, UNTOLD
    )
    assert values(found) == {"old_guide": "nina", "new_guide": "omar"}
    assert found["old_guide"][0].evidence.confidence == 0.3


def test_codes_are_not_ill() -> None:
    text = "4711 is off, use 8822"
    given = readings(TRANSFER, text, {"to_account": "8822"})
    assert values(wording.directed(TRANSFER, given, (Message("user", text),), 0, UNTOLD)) == {
        "to_account": "8822"
    }
