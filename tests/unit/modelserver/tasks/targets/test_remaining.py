"""Required values that the model missed and one thing alone can be."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import remaining
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message
from modelserver.tasks.values import spoken

TANK = "^[A-Z]{2}[0-9]{1,2}$"
RACK = Tool(
    "rack", "",
    (
        Parameter("source_tank", pattern=TANK, required=True),
        Parameter("target_tank", pattern=TANK, required=True),
        Parameter("hectolitres", "number", required=True),
        Parameter("day", format="date", required=True),
        Parameter("mail", format="email"),
    ),
)  # fmt: skip


def filled(text: str, said: dict[str, str]) -> dict[str, Any]:
    """What is read of a text of which a model has read these words."""
    readings = {}
    for parameter in RACK.parameters:
        if words := said.get(parameter.name):
            at = text.index(words), text.index(words) + len(words)
            value = spoken.read(parameter, text, *at)
            readings[parameter.name] = [Reading(value, Evidence(0, *at, words, 0.5))]
    found = remaining.filled(RACK, readings, [Message("user", text)], 0, UNTOLD)
    return {name: many[0].value for name, many in found.items() if many}


@pytest.mark.parametrize(
    ("text", "said", "name", "value"),
    [
        ("rack it from FV2 to BT2", {"source_tank": "FV2"}, "target_tank", "BT2"),
        ("rack it from fv2 to bt2", {"target_tank": "bt2"}, "source_tank", "FV2"),
        ("FV2 to BT2, 6 hl", {"source_tank": "FV2", "target_tank": "BT2"}, "hectolitres", 6.0),
        ("FV2 to BT2, 6.5 hectolitres", {}, "hectolitres", 6.5),
        ("FV2 on 2027-01-31", {"source_tank": "FV2"}, "day", "2027-01-31"),
    ],
)
def test_what_is_left_is_what_is_missing(
    text: str, said: dict[str, str], name: str, value: Any
) -> None:
    assert filled(text, said)[name] == value


@pytest.mark.parametrize(
    ("text", "said", "name"),
    [
        ("rack FV2, BT2 and BT3", {"source_tank": "FV2"}, "target_tank"), ("rack FV2 and BT2", {}, "source_tank"),
        ("rack 6 times from FV2", {"source_tank": "FV2"}, "hectolitres"), ("rack 6", {}, "hectolitres"),
        ("FV2, and mail a@b.test", {"source_tank": "FV2"}, "mail"), ("FV2 not BT2", {"source_tank": "FV2"}, "target_tank"),
        ("rack it", {}, "day"),
    ],
)  # fmt: skip
def test_what_could_be_another_is_asked_for(text: str, said: dict[str, str], name: str) -> None:
    """Two of a kind, a number without a unit, what is optional, and what is not to be taken."""
    assert name not in filled(text, said)


@pytest.mark.parametrize("piece", ["FV2 ", "6 hl ", "1.", "a@", "2027-01-"])
def test_no_message_takes_long(piece: str) -> None:
    began = time.process_time()
    filled(piece * 100, {})
    assert time.process_time() - began < 0.5


LIFT = Tool("lift", "", (Parameter("berth", pattern="^[A-F][0-9]{1,2}$", required=True),))
SEND = Tool("send", "", (Parameter("papers", "array", "The papers: bill, will, power of attorney.", items="string", required=True),))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "berths"),
    [
        ("who is at D5 and D6?", ["D5", "D6"]),
        ("D4, D5, D6", ["D4", "D5", "D6"]),
        ("D6, not D5", []),
    ],
)
def test_a_row_of_codes_is_several(text: str, berths: list[str]) -> None:
    """Where a model has read one of them; a lone one is no row."""
    at = text.index("D6")
    reading = Reading("D6", Evidence(0, at, at + 2, "D6", 0.5))
    found = remaining.joined(LIFT, {"berth": [reading]}, [Message("user", text)], 0, UNTOLD)
    assert [each.value for each in found.get("berth", [])] == berths


@pytest.mark.parametrize(
    ("text", "papers"),
    [
        ("A4: bill; will -> jo", ["bill", "will"]), ("the power of attorney", ["power of attorney"]),
        ("the bill for the will", None), ("send it", None),
    ],
)  # fmt: skip
def test_a_list_is_what_its_description_counts_up(text: str, papers: list[str] | None) -> None:
    """In one row."""
    found = remaining.filled(SEND, {}, [Message("user", text)], 0, UNTOLD).get("papers")
    assert (found[0].value if found else None) == papers


@pytest.mark.parametrize(("text", "sure"), [("rack 6 hl", 0.6), ("rack 6", 0.2), ("rack 600", 0.6)])
def test_a_number_that_can_be_no_others_is_sure(text: str, sure: float) -> None:
    at = text.index("6")
    end = len(text.split()[1]) + at
    reading = Reading(6.0, Evidence(0, at, end, text[at:end], 0.2))
    found = remaining.filled(RACK, {"hectolitres": [reading]}, [Message("user", text)], 0, UNTOLD)
    assert found["hectolitres"][0].evidence.confidence == sure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("see A7 at noon", 0.6),
        ("see A7 or B4", 0.2),
        ("see A7, guide A8", 0.2),
        ("see A7 on B-side", 0.6),
    ],
)
def test_the_only_code_of_its_shape_is_sure(text: str, sure: float) -> None:
    """Where no other parameter takes such a code, and no second one is said."""
    guided = text.endswith("A8")
    guide = Parameter("guide", pattern="^A[0-9]$" if guided else "^G[0-9]$")
    tool = Tool("see", "", (*LIFT.parameters, guide))
    reading = Reading("A7", Evidence(0, 4, 6, "A7", 0.2))
    found = remaining.filled(tool, {"berth": [reading]}, [Message("user", text)], 0, UNTOLD)
    assert found["berth"][0].evidence.confidence == sure


def test_a_code_that_is_refused_is_none_of_a_row() -> None:
    """Of "not A4, A5 is the one" one is meant."""
    tool = Tool("mow", "", (Parameter("lot", pattern="^[A-Z][0-9]$", required=True),))

    def row(text: str) -> list[Any]:
        at = text.index("A5")
        own = {"lot": [Reading("A5", Evidence(0, at, at + 2, "A5", 0.9))]}
        found = remaining.joined(tool, own, [Message("user", text)], 0, UNTOLD)
        return [each.value for each in found.get("lot", [])]

    assert row("mow A4, A5") == ["A4", "A5"]
    assert row("not A4, A5 is the one") == []


KILN = Tool(
    "fire_kiln", "",
    (
        Parameter("kiln", "integer", required=True, minimum=1, maximum=8),
        Parameter("celsius", "integer", "In degrees.", required=True, minimum=600, maximum=1400),
        Parameter("hours", "integer", "How long, in hours.", required=True, minimum=1, maximum=72),
    ),
)  # fmt: skip


def fired(text: str, **said: str) -> dict[str, tuple[Any, float]]:
    readings = {
        name: [Reading(int(words), Evidence(0, text.index(words), text.index(words) + len(words), words, 0.2))]
        for name, words in said.items()
    }  # fmt: skip
    found = remaining.filled(KILN, readings, [Message("user", text)], 0, UNTOLD)
    return {
        name: (many[0].value, many[0].evidence.confidence) for name, many in found.items() if many
    }


def test_what_the_bounds_of_one_alone_take_is_its_own() -> None:
    """It is sure where it was read so, else a guess to be asked back."""
    assert fired("kiln 3 to 1200", kiln="3")["celsius"] == (1200, 0.3)
    assert fired("kiln 3 to 1200", kiln="3", celsius="1200")["celsius"] == (1200, 0.6)


@pytest.mark.parametrize(
    "text", ["kiln 3 to 5", "kiln 3 for 900 hours", "kiln 3 to 1200 or 1300", "kiln 3 on 2027-01-31", "kiln 3, not 1200"]
)  # fmt: skip
def test_what_several_may_take_or_another_asks_for_is_nobody_s(text: str) -> None:
    assert "celsius" not in fired(text, kiln="3")


RETURN = Tool(
    "return_goods", "",
    (
        Parameter("order", "string", "The number of the order.", required=True, pattern="^[0-9]{5}$"),
        Parameter("goods", "array", "The numbers of the goods.", required=True, items="string"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("QX-9 from order 81145 goes back", 0.6),
        ("QX-9 of 81145, not QX-8", 0.2),
        ("QX-9 and F4, order 81145", 0.2),
    ],
)
def test_the_only_code_left_is_of_the_only_parameter_for_one(text: str, sure: float) -> None:
    """Where no other code is said that may be meant."""
    reading = Reading(["QX-9"], Evidence(0, 0, 4, "QX-9", 0.2))
    found = remaining.filled(RETURN, {"goods": [reading]}, [Message("user", text)], 0, UNTOLD)
    assert found["goods"][0].evidence.confidence == sure


def test_a_code_is_no_sure_name() -> None:
    """Nor is it sure where two parameters may want one."""
    name = Tool("greet", "", (Parameter("guest", "string", "Who is greeted.", required=True),))
    two = Tool("swap", "", (*RETURN.parameters, Parameter("code", "string", required=True)))
    for tool, own in ((name, "guest"), (two, "goods")):
        reading = Reading("QX-9", Evidence(0, 6, 10, "QX-9", 0.2))
        found = remaining.filled(tool, {own: [reading]}, [Message("user", "greet QX-9")], 0, UNTOLD)
        assert found[own][0].evidence.confidence == 0.2


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("part Q-77 is loose, fit Q-81", "Q-81"), ("fit Q-81 or Q-82 for Q-77", None), ("Q-77 out, on Q81", None),
        ("fit it, Q-77, not Q-81", None), ("Q-77 at 10:30", None),
    ],
)  # fmt: skip
def test_of_two_codes_alike_the_second_is_the_others(text: str, new: str | None) -> None:
    """Where the model has read one of a pair."""
    fit = Tool(
        "fit", "", tuple(Parameter(name, required=True) for name in ("old_part", "new_part"))
    )
    at = text.index("Q-77")
    reading = Reading("Q-77", Evidence(0, at, at + 4, "Q-77", 0.5))
    found = remaining.filled(fit, {"old_part": [reading]}, [Message("user", text)], 0, UNTOLD)
    assert [each.value for each in found.get("new_part", [])] == ([new] if new else [])
