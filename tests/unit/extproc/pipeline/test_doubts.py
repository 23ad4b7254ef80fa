"""Doubts: what words alone make the gateway ask back before it changes something."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from extproc.contract import ApiEndpoint
from extproc.events import Answer
from extproc.pipeline.cues import may_be_no_wish
from extproc.questions import Questions
from modelserver.schema import Call, Evidence
from tests.playbook import (
    api,
    calls,
    chat,
    forwards,
    parameter,
    play,
    settings,
    target,
    turns,
    wish,
)

APP = {"app": api({"done": True})}
SHIP = target(
    "ship_parcel", parameter("parcel", required=True),
    parameter("service", enum=("standard", "overnight"), default="standard"),
    parameter("gift_wrap", "boolean", default=False), confirm="unsure",
)  # fmt: skip
MOVE = target(
    "move_goods", parameter("from_store", required=True), parameter("to_store", required=True),
    confirm="unsure",
)  # fmt: skip


def is_done(said: str, *wishes: Any, config: Any = None) -> bool:
    """Whether sure models' calls are made for this message without asking back."""
    played = play(config or settings(SHIP, MOVE), models=calls(*wishes), says=APP)
    played >> chat(*turns(said))
    if not played.endpoints.sent:
        assert isinstance(played.outcome, Answer)
        return False
    played << forwards()
    return True


def of_words(said: str, call: Any, **words: str) -> Any:
    """The call, its values where these words stand in the message."""
    evidence = {
        name: replace(each, start=said.index(words[name]), end=said.index(words[name]) + len(words[name]), text=words[name])
        if name in words else each
        for name, each in call.evidence.items()
    }  # fmt: skip
    return replace(call, evidence=evidence)


def as_said(said: str, call: Any) -> Any:
    """The call, each value where the message has it."""
    return of_words(said, call, **{name: each.text for name, each in call.evidence.items()})


def ship(**more: Any) -> Any:
    return wish("ship_parcel", 0, parcel="P77", **more)


@pytest.mark.parametrize(
    "said",
    [
        "don't ship parcel P77", "do not ship P77", "Please never ship P77.", "P77 is not to be shipped",
        "we'd rather not ship P77", "I never asked for P77 to be shipped", "hold off on shipping P77",
        "has P77 been shipped?", "was P77 shipped", "why did you ship P77?", "when will P77 be shipped?",
        "what happens when I ship P77?", "what if I ship P77", "should I ship P77?", "is P77 shipped",
        "I already shipped P77", "my boss says he will ship P77", "P77 was shipped yesterday",
        "I'm going to ship P77", "I'll ship P77 myself", "hey, did P77 go out?",
        "P77 has gone to Bonn, right?", "you shipped P77, didn't you?", "P77 ships for free, correct?",
        "and P77?", "what about P77?", "shipping P77 takes too long", "P77 ist verschickt, oder?",
        "Verschicke P77 nicht.", "Wurde P77 schon verschickt?", "Soll ich P77 verschicken?",
        "n'expédiez pas P77", "P77 a déjà été expédié", "pourquoi P77 est parti ?",
        "no quiero que envíes P77", "¿Se ha enviado P77?", "¿Debería enviar P77?",
        "non spedire P77", "P77 è già partito?", "não envie P77", "P77 já foi enviado",
        "verstuur P77 niet", "is P77 al verstuurd?",
    ],
)  # fmt: skip
def test_what_may_be_no_wish_is_asked_back(said: str) -> None:
    """Denied, asked about, told, imagined: in seven languages no call without a yes."""
    assert not is_done(said, ship())


@pytest.mark.parametrize(
    "said",
    [
        "leave P77 where it is", "keep P77 here", "P77 stays where it is", "I'd hate for P77 to be shipped",
        "no point in shipping P77", "P77 should by no means be shipped", "ship P77, hm, scratch that",
        "ship P77... on second thoughts it is fine here", "ship P77. Or no.", "ship P77, so sorry, wrong window",
        "ship P77, oh, somebody has taken it", "ship P77, just kidding", "let P77 be", "hang on, ship P77??",
        "lass P77 stehen", "verschicke P77, ach nee", "P77 bleibt hier", "laissez P77 ici",
        "envoyez P77, euh non", "deja P77 aquí", "manda P77, mejor espera", "spedisci P77, anzi no",
        "lascia P77 qui", "deixa o P77 aqui", "envia o P77, afinal espera", "laat P77 staan",
        "verstuur P77, of nee",
    ],
)  # fmt: skip
def test_what_is_taken_back_or_left_is_asked_back(said: str) -> None:
    """People have many ways to say no without a not."""
    assert not is_done(said, as_said(said, ship()))


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("pull up parcel P77", False), ("please look up P77", False), ("Hi, can you show me P77", False),
        ("zeig mir P77", False), ("montrez-moi P77", False), ("muéstrame P77", False), ("mostra P77", False),
        ("procura P77", False), ("laat me P77 zien", False), ("find P77 and ship it", True),
        ("check P77 in", True), ("ship P77 so they can find it", True),
    ],
)  # fmt: skip
def test_who_wants_to_be_shown_something_is_asked_back(said: str, *, done: bool) -> None:
    """Unless the message says what the change is called."""
    assert is_done(said, as_said(said, ship())) is done


@pytest.mark.parametrize(
    "said",
    [
        "haha P77 was the best thing ever", "parcel P77 is a beauty", "your P77 sounds like a train, on rails and all",
        "P77, perfect, that's all I needed", "my sister has P77 on her shelf", "ich hab P77 sehr gemocht",
        "le P77 est arrivé hier", "mi vecina tiene P77 en su mesa", "il P77 è bello", "o P77 é lindo",
        "het P77 is mooi",
    ],
)  # fmt: skip
def test_who_only_tells_is_asked_back(said: str) -> None:
    assert not is_done(said, as_said(said, ship()))


@pytest.mark.parametrize(
    ("said", "done"),
    [("ship the parcels", True), ("please ship all parcels", True), ("go", False), ("send them off", False)],
)  # fmt: skip
def test_a_call_on_defaults_alone_needs_its_name(said: str, *, done: bool) -> None:
    """Nothing but the models' word speaks for it."""
    every = target(
        "ship_parcels", parameter("service", enum=("standard", "overnight"), default="standard"),
        confirm="unsure",
    )  # fmt: skip
    assert is_done(said, wish("ship_parcels", 0), config=settings(every)) is done


@pytest.mark.parametrize(
    "said", ["ship P77 overnigth", "ship P77, servise overnite", "ship P77 by overnght"]
)
def test_a_slip_in_what_has_a_default_is_asked_back(said: str) -> None:
    """`overnigth` left unread would go by the standard service."""
    assert not is_done(said, ship())


def test_a_number_read_out_of_several_is_asked_back() -> None:
    level = target(
        "set_level", parameter("studio", "integer", required=True),
        parameter("db", "number", required=True), confirm="unsure",
    )  # fmt: skip
    said = "studio 1 to -2 db n studio 4 to -12 db"
    wanted = of_words(
        said, wish("set_level", 0, studio=1, db=-2.0), studio="1", db="-2 db n studio 4 to -12"
    )
    assert not is_done(said, wanted, config=settings(level))
    said = "studio 1 to -2 db"
    wanted = of_words(said, wish("set_level", 0, studio=1, db=-2.0), studio="1", db="-2 db")
    assert is_done(said, wanted, config=settings(level))


@pytest.mark.parametrize(
    "said",
    [
        "ship P77", "Please ship parcel P77.", "could you ship P77?", "Can you ship P77 for me?",
        "would you mind shipping P77?", "P77 has to go out, ship it", "I'd like P77 shipped",
        "ship P77 now, thanks", "I confirm shipping P77", "I mean P77, ship it", "we order P77",
        "Verschicke bitte P77.", "Expédiez P77, s'il vous plaît",
        "Envía P77 por favor", "Spedisci P77", "Envie P77, por favor", "Verstuur P77 alsjeblieft",
    ],
)  # fmt: skip
def test_a_plain_wish_is_done(said: str) -> None:
    """Polite or short: who says it plainly is not asked again."""
    assert is_done(said, as_said(said, ship()))


def test_a_number_that_no_call_takes_is_asked_back() -> None:
    """It is meant for something."""
    assert not is_done("ship P77 and P78", ship())
    assert not is_done("ship P77 on 2026-05-31", ship())


def test_a_choice_that_is_said_and_not_taken_is_asked_back() -> None:
    """Whether it was missed or turned down, only the user knows."""
    assert not is_done("ship P77 overnight", ship())
    assert is_done("ship P77 overnight", ship(service="overnight"))


def test_a_default_for_what_the_message_speaks_of_is_asked_back() -> None:
    """The service by drone is not the standard one."""
    assert not is_done("ship P77, service by drone", ship())


@pytest.mark.parametrize(
    ("said", "wrapped", "done"),
    [
        ("ship P77 with gift wrap", True, True), ("ship P77 with gift wrap", False, False),
        ("ship P77 without gift wrap", False, True), ("ship P77, no gift wrap", True, False),
        ("ship P77 with the gift wrap switched off", True, False),
        ("ship P77 and spare her the gift wrap", True, False), ("ship P77, leave the gift wrap out", True, False),
        ("ship P77, leave the gift wrap out", False, False),  # "leave" is asked back anyway
    ],
)  # fmt: skip
def test_a_yes_or_no_against_the_words_is_asked_back(said: str, wrapped: bool, done: bool) -> None:
    """Also the words with and without are read here."""
    assert is_done(said, ship(gift_wrap=wrapped)) is done


@pytest.mark.parametrize(
    ("said", "free", "done"),
    [
        ("brew T9, no lactose", True, True), ("brew T9, no lactose", False, False),
        ("brew T9 without lactose", True, True), ("brew T9 ohne Laktose", True, True),
        ("brew T9, lactose free", True, True), ("brew T9, lactose-free", False, False),
        ("brew T9, lactosefrei", True, True), ("brew T9 with lactose", False, True),
        ("brew T9 with lactose", True, False), ("brew T9, not lactose-free", False, True),
    ],
)  # fmt: skip
def test_where_a_yes_leaves_something_out_no_is_yes_to_it(
    said: str, *, free: bool, done: bool
) -> None:
    brew = target(
        "brew_tea", parameter("pot", required=True),
        parameter("lactose_free", "boolean", default=False), confirm="unsure",
    )  # fmt: skip
    call = wish("brew_tea", 0, pot="T9", lactose_free=free)
    at = said.find(",") + 2 if "," in said else len("brew T9 ")
    where = {**call.evidence, "lactose_free": replace(call.evidence["pot"], start=at, end=len(said), text=said[at:])}  # fmt: skip
    assert is_done(said, replace(call, evidence=where), config=settings(brew)) is done


def test_two_like_parameters_with_one_value_are_asked_back() -> None:
    """From Lyon to Lyon is a misreading."""
    assert not is_done("move it to Lyon", wish("move_goods", 0, from_store="Lyon", to_store="Lyon"))
    assert is_done(
        "move it from Bonn to Lyon", wish("move_goods", 0, from_store="Bonn", to_store="Lyon")
    )


def test_two_changes_at_once_are_asked_back() -> None:
    """Which values belong to which call is what models get wrong most."""
    assert not is_done("ship P77 and P78", ship(), wish("ship_parcel", 0, parcel="P78"))


def test_two_changes_are_done_where_each_is_said_by_itself() -> None:
    """What each clause says is its own call's; what is doubtful of one asks back for both."""

    def is_done_by_clause(first: str, second: str, *calls: Any) -> bool:
        said = f"{first} and {second}"
        bounds = [(0, len(first)), (len(first) + len(" and "), len(said))]
        own = [replace(call, clause=clause) for call, clause in zip(calls, bounds, strict=True)]
        return is_done(said, *own)

    other = wish("ship_parcel", 0, parcel="P78")
    fast = ship(service="overnight")
    assert is_done_by_clause("ship P77 overnight", "ship P78", fast, other)
    assert not is_done("ship P77 overnight and ship P78", fast, other)
    assert not is_done("ship P77 and ship P78", replace(ship(), clause=(0, 8)), other)
    assert not is_done_by_clause("ship P77 overnight", "ship P78 overnight", fast, other)
    assert not is_done_by_clause("ship P77 overnight", "don't ship P78", fast, other)
    assert not is_done_by_clause("ship P77 overnight", "ship P78 for 5", fast, other)


def test_a_change_beside_a_question_is_asked_back() -> None:
    """Where is it, then? That is no wish to ship it as well."""
    read = target("track", parameter("parcel"), endpoint=ApiEndpoint("app", "/track", "GET"))
    both = (ship(), wish("track", 0, parcel="P77"))
    assert not is_done("ship P77 and track it", *both, config=settings(SHIP, read))


def test_a_question_that_is_a_wish_by_itself_casts_no_doubt() -> None:
    """Where the change stands by itself, too; what frames it still counts."""
    read = target("track", parameter("parcel"), endpoint=ApiEndpoint("app", "/track", "GET"))

    def is_done_beside_a_question(change: str, joiner: str, question: str) -> bool:
        said = change + joiner + question
        asked = replace(
            wish("track", 0, parcel="P78"), clause=(len(change) + len(joiner), len(said))
        )
        both = replace(ship(), clause=(0, len(change))), asked
        return is_done(said, *both, config=settings(SHIP, read))

    assert is_done_beside_a_question("ship P77", ", and ", "where is P78?")
    assert is_done_beside_a_question("ship P77", ". ", "Has P78 been shipped?")
    assert not is_done_beside_a_question("should I ship P77", ", and ", "where is P78?")
    assert not is_done_beside_a_question("ship P77", " but don't yet, ", "where is P78?")


def test_two_numbers_without_names_are_asked_back_in_each_clause() -> None:
    """Not in the last one alone."""
    book = target(
        "book", parameter("seats", "integer", required=True),
        parameter("room", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    said = "book 5, that is in 12, as well as 6 seats in room 13"
    first, second = (0, 21), (34, len(said))

    def call(clause: tuple[int, int], seats: str, room: str) -> Call:
        evidence = {
            name: Evidence(0, said.index(value), said.index(value) + len(value), value, 0.9)
            for name, value in (("seats", seats), ("room", room))
        }
        arguments = {"seats": int(seats), "room": int(room)}
        return Call("book", arguments, (), evidence, clause=clause)

    assert not is_done(said, call(first, "5", "12"), call(second, "6", "13"), config=settings(book))


def test_what_changes_nothing_is_never_doubted() -> None:
    """A question is what a target that reads is for."""
    read = target("track", parameter("parcel"), endpoint=ApiEndpoint("app", "/track", "GET"))
    asked = wish("track", 0, parcel="P77")
    assert is_done("has P77 been shipped?", asked, config=settings(read))


@pytest.mark.parametrize(
    "said",
    [
        "ship parcel P77, I don't need a gift wrap", "ship P77, no gift wrap needed",
        "ship P77 without gift wrap", "ship P77, it is not to be gift wrapped",
    ],
)  # fmt: skip
def test_a_declined_extra_is_a_value(said: str) -> None:
    assert is_done(said, declined(said))


@pytest.mark.parametrize("said", ["don't ship P77 with gift wrap", "do not ship it gift wrapped"])
def test_a_declined_call_with_an_extra_is_asked_back(said: str) -> None:
    assert not is_done(said, declined(said))


def declined(said: str) -> Any:
    """A parcel without gift wrap, which a model read where the message says it."""
    wanted = ship(gift_wrap=False)
    at = said.index("gift wrap")
    where = replace(wanted.evidence["gift_wrap"], start=at, end=at + len("gift wrap"))
    return replace(wanted, evidence={**wanted.evidence, "gift_wrap": where})


@pytest.mark.parametrize(
    "said",
    [
        "ship parcel P77 when I have left", "ship P77 as soon as it rains", "ship P77 unless it is late",
        "ship P77 every day", "ship P77 twice", "verschicke P77, sobald es regnet", "P77 cada semana",
    ],
)  # fmt: skip
def test_a_condition_or_a_repetition_is_asked_back(said: str) -> None:
    """A call is made now and once."""
    assert not is_done(said, ship())


@pytest.mark.parametrize("said", ["it is P77", "There are parcels such as P77.", "c'est P77"])
def test_a_statement_is_asked_back(said: str) -> None:
    assert not is_done(said, ship())


@pytest.mark.parametrize(
    "said",
    ["there's a queue here, could you ship P77", "it's late and I'd like P77 shipped", "es ist spät, bitte verschicke P77"],
)  # fmt: skip
def test_a_request_in_the_sentence_of_a_statement_is_one(said: str) -> None:
    assert is_done(said, as_said(said, ship()))


def test_a_wish_after_a_statement_is_one() -> None:
    assert is_done("It is late. Ship parcel P77.", ship())


@pytest.mark.parametrize(
    "said", ["ship parcel P77 and wipe all its labels", "P77 losschicken und alle Belege löschen"]
)
def test_a_clause_that_is_added_is_asked_back(said: str) -> None:
    """No call does it."""
    assert not is_done(said, ship())


@pytest.mark.parametrize(
    "said", ["ship P77 and thank you very much", "ship parcel P77 and hurry up"]
)
def test_thanks_and_a_few_words_add_nothing(said: str) -> None:
    assert is_done(said, ship())


@pytest.mark.parametrize(
    ("said", "done"),
    [("ship Luca Ferri", False), ("ship Luca, Ferri knows", True), ("ship Luca in Rome", True)],
)
def test_half_a_name_is_asked_back(said: str, *, done: bool) -> None:
    wanted = wish("ship_parcel", 0, parcel="Luca")
    where = replace(wanted.evidence["parcel"], start=5, end=9)
    assert is_done(said, replace(wanted, evidence={"parcel": where})) is done


def test_a_list_cut_short_is_asked_back() -> None:
    switch = target("switch", parameter("devices", "array", items="string"), confirm="unsure")
    lamp = wish("switch", 0, devices=["desk lamp"])
    assert is_done("desk lamp on", lamp, config=settings(switch))
    assert not is_done("fan + desk lamp on", lamp, config=settings(switch))
    assert not is_done("desk lamp & fan on", lamp, config=settings(switch))
    both = wish("switch", 0, devices=["desk lamp and a fan"])
    assert not is_done("desk lamp and a fan on", both, config=settings(switch))


def test_a_polite_if_is_no_condition() -> None:
    assert is_done("ship P77 if possible", ship())


def test_a_repetition_that_is_a_value_is_taken() -> None:
    order = target(
        "order", parameter("how_often", enum=("daily", "weekly"), required=True), confirm="unsure"
    )
    said = "order milk every day"
    wanted = wish("order", 0, how_often="daily")
    where = replace(wanted.evidence["how_often"], start=11, end=20, text="every day")
    taken = replace(wanted, evidence={"how_often": where})
    assert is_done(said, taken, config=settings(order))


@pytest.mark.parametrize(("start", "end", "done"), [(3, 9, True), (9, 3, False)])
def test_what_ends_before_it_starts_is_asked_back(start: int, end: int, *, done: bool) -> None:
    """The two may be exchanged."""
    block = target(
        "block", parameter("start_hour", "integer", required=True),
        parameter("end_hour", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    said = f"block it, start hour {start}, end hour {end}"
    wanted = wish("block", 0, start_hour=start, end_hour=end)
    assert is_done(said, as_said(said, wanted), config=settings(block)) is done


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("tow it to dock 2, it's at 6", True),
        ("tow it from dock 6, 2 is free", True),
        ("dock 6, dock 2", False),
    ],
)
def test_places_have_no_order_where_one_is_said(said: str, *, done: bool) -> None:
    tow = target(
        "tow", parameter("from_dock", "integer", required=True),
        parameter("to_dock", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    wanted = wish("tow", 0, from_dock=6, to_dock=2)
    assert is_done(said, as_said(said, wanted), config=settings(tow)) is done


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("we want never more than 9 seats", True), ("not later than 9 seats", True), ("never 9 seats", False),
        ("I'd rather have 9 seats", True), ("I'd rather not, 9 seats", False), ("at most 9", True),
    ],
)  # fmt: skip
def test_how_a_value_is_meant_denies_nothing(said: str, *, done: bool) -> None:
    book = target("book", parameter("seats", "integer", required=True), confirm="unsure")
    wanted = wish("book", 0, seats=9)
    at = said.index("9")
    where = {"seats": replace(wanted.evidence["seats"], start=at, end=at + 1)}
    assert is_done(said, replace(wanted, evidence=where), config=settings(book)) is done


def test_a_guessed_choice_is_asked_back() -> None:
    """The default is what nobody needs to say, and all else somebody says."""
    assert is_done("ship parcel P77 overnight", ship(service="overnight"))
    assert not is_done("ship parcel P77 quickly", ship(service="overnight"))


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("at least 5, at most 12", True), ("mindestens 5, höchstens 12", True), ("no more than 12, no less than 5", True),
        ("about 5, maybe 12", False),
    ],
)  # fmt: skip
def test_bounds_say_what_they_are(said: str, *, done: bool) -> None:
    limit = target(
        "limit", parameter("lowest", "integer", required=True),
        parameter("highest", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    wanted = wish("limit", 0, lowest=5, highest=12)
    assert is_done(said, as_said(said, wanted), config=settings(limit)) is done


@pytest.mark.parametrize(
    ("reply", "done"),
    [
        ("hm actually don't ship it, just move it from Bonn to Lyon", True), ("oh wait, move it from Bonn to Lyon", True),
        ("don't ship it but move it from Bonn to Lyon", True), ("hm no, move it from Bonn to Lyon", True),
        ("don't ship it, don't move it from Bonn to Lyon", False), ("don't move it from Bonn to Lyon", False),
        ("hold on, was it moved from Bonn to Lyon", False), ("don't worry about moving from Bonn to Lyon", False),
    ],
)  # fmt: skip
def test_a_denial_of_what_was_asked_about_denies_no_other_wish(reply: str, *, done: bool) -> None:
    """Only by a word of that, and none of what is wanted now."""
    config = settings(SHIP, MOVE)
    asked = Questions(config).ask([SHIP.parameters[0]], known=True)
    moved = wish("move_goods", 2, from_store="Bonn", to_store="Lyon")
    played = play(config, models=calls(as_said(reply, moved)), says=APP) >> chat(
        *turns("ship it", asked, reply)
    )
    if not done:
        assert isinstance(played.outcome, Answer)
        assert not played.endpoints.sent
        return
    played << forwards()
    assert played.endpoints.sent


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("move 12 pallets to bay 5", True), ("12 pallets into 5", True), ("move 12 and 5", False),
        ("12, 5 please", False), ("bay: 5, pallets: 12", True),
    ],
)  # fmt: skip
def test_numbers_that_have_no_names_are_asked_back(said: str, *, done: bool) -> None:
    """Which of them is which, only a model's guess would say."""
    stow = target(
        "stow", parameter("pallets", "integer", required=True),
        parameter("bay", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    wanted = wish("stow", 0, pallets=12, bay=5)
    assert is_done(said, as_said(said, wanted), config=settings(stow)) is done


def test_a_number_beside_anothers_name_is_asked_back() -> None:
    """Three children and one adult, read as three adults."""
    book = target(
        "book_ticket", parameter("adults", "integer", required=True),
        parameter("children", "integer"), confirm="unsure",
    )  # fmt: skip

    def wanted(said: str, adults: int, children: int) -> Any:
        read = wish("book_ticket", 0, adults=adults, children=children)
        return as_said(said, read)

    said = "book it for 3 kids and 1 adult"
    assert not is_done(said, wanted(said, 3, 1), config=settings(book))
    said = "book it for 3 adults and 1 child"
    assert is_done(said, wanted(said, 3, 1), config=settings(book))


def test_a_list_out_of_two_wishes_is_asked_back() -> None:
    renew = target("renew", parameter("loans", "array", items="string"), confirm="unsure")
    both = wish("renew", 0, loans=["L6", "K7"])
    assert is_done("renew L6 and also K7", both, config=settings(renew))
    assert not is_done("renew L6 and reserve the item K7", both, config=settings(renew))
    assert not is_done("renew L6 for case K7", both, config=settings(renew))
    assert not is_done("renew a J5, an L6 and a K7", both, config=settings(renew))
    assert not is_done("renew:\n- L6\n- K7\n- J5x", both, config=settings(renew))
    strange = wish("renew", 0, loans=["L6", "K7", "fast"])
    assert not is_done("renew L6, K7 fast", strange, config=settings(renew))
    named = wish("renew", 0, loans=["mark Emma", "Middlemarch"])
    assert not is_done("renew mark Emma, Middlemarch", named, config=settings(renew))


def test_never_is_never() -> None:
    """`confirm: never` calls as earlier versions did."""
    never = target("ship_parcel", parameter("parcel"), confirm="never")
    assert is_done("don't ship P77", ship(), config=settings(never))


@pytest.mark.parametrize("length", [1_900, 100_000])
@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        "so,",
        "so, ",
        "a.",
        "@",
        "a-",
        "no ",
        "n'",
        "ne a ",
        "? ",
        "if ",
        "every ",
        " and a",
        "+ ",
    ],
)
def test_no_message_takes_long_to_read(piece: str, length: int) -> None:
    """One that is written to be slow holds all others up."""
    text = f"ship {piece * (length // len(piece))}P77"
    began = time.process_time()
    is_done(text, ship(gift_wrap=True))
    assert time.process_time() - began < 1


def test_what_is_too_long_to_be_plain_is_asked_back() -> None:
    """A denial may stand anywhere in it."""
    assert is_done(f"ship parcel P77 {'please ' * 200}", ship())
    assert not is_done(f"ship parcel P77 {'please ' * 300}", ship())


def test_an_empty_message_is_plain() -> None:
    """No word of it speaks against a wish."""
    assert not may_be_no_wish("")


# What is denied, and is something else -----------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "ship P77, not P78", "don't ship P78, ship P77 instead", "ship P77 instead of P78",
        "not P78! Please ship P77", "ship P77 and not P78", "P77 is to be shipped, never P78",
        "ship P77 but don't ship P78", "ship P77 rather than P78, thanks",
    ],
)  # fmt: skip
def test_another_value_that_is_refused_is_no_doubt(said: str) -> None:
    """The models tell where it is; what else denies is asked back."""
    begin = min(
        said.index(word)
        for word in ("not", "don't", "instead of", "never", "rather", "P78")
        if word in said
    )
    refused = ((begin, said.index("P78") + 3),)
    call = of_words(said, ship(), parcel="P77")
    assert is_done(said, replace(call, refused=refused))
    assert not is_done(said, call)
    more = f"{said} - but not today"
    assert not is_done(more, replace(call, refused=refused))


def test_what_holds_a_value_of_the_call_is_never_left_out() -> None:
    said = "don't ship P77"
    call = replace(of_words(said, ship(), parcel="P77"), refused=((0, len(said)),))
    assert not is_done(said, call)


@pytest.mark.parametrize(
    ("said", "words", "done"),
    [
        ("ship P77, don't wrap it", "don't wrap it", True), ("ship P77, it doesn't have to be wrapped", "wrapped", True),
        ("P77 please. I don't want it gift wrapped", "don't want it gift wrapped", True),
        ("ship P77. I dont need a gift wrap", "dont need a gift wrap", True),
        ("don't ship P77 wrapped", "don't ship P77 wrapped", False), ("ship P77, don't do it", "don't do it", False),
        ("ship P77 but don't ship it wrapped", "don't ship it wrapped", False),
        ("wrapped, don't ship P77", "wrapped, don't ship", False),
    ],
)  # fmt: skip
def test_a_denial_of_a_yes_or_no_alone_is_its_value(said: str, words: str, *, done: bool) -> None:
    """Words that deny the call itself, or say nothing of the parameter, are asked back."""
    call = ship(gift_wrap=False)
    assert is_done(said, of_words(said, call, parcel="P77", gift_wrap=words)) is done


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("move it to room 214 from room 530", True),
        ("from 530 to 214 please", True),
        ("room 530, room 214", False),
        ("530 and 214", False),
    ],
)
def test_numbers_of_things_have_no_order(said: str, *, done: bool) -> None:
    """Where the words before both say which is which."""
    move = target(
        "move_guest", parameter("from_room", "integer", required=True),
        parameter("to_room", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    call = of_words(
        said, wish("move_guest", 0, from_room=530, to_room=214), from_room="530", to_room="214"
    )
    assert is_done(said, call, config=settings(move)) is done


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("2 adults and 2 children", True),
        ("children 2, adults 2", True),
        ("2 and 2", False),
        ("2 for adults", False),
    ],
)
def test_two_like_numbers_with_their_names_are_no_twins(said: str, *, done: bool) -> None:
    book = target(
        "book", parameter("adults", "integer", required=True), parameter("children", "integer"),
        confirm="unsure",
    )  # fmt: skip
    call = wish("book", 0, adults=2, children=2)
    last = said.rindex("2")
    evidence = {
        name: replace(each, start=at, end=at + 1, text="2")
        for (name, each), at in zip(
            call.evidence.items(), sorted((said.index("2"), last)), strict=True
        )
    }
    if said.startswith("children"):
        evidence = {"children": evidence["adults"], "adults": evidence["children"]}
    assert is_done(said, replace(call, evidence=evidence), config=settings(book)) is done


def test_kinds_between_the_items_of_a_list_part_nothing() -> None:
    block = target(
        "block", parameter("rooms", "array", items="integer", required=True), confirm="unsure"
    )
    for said, done in (
        ("block room 118 as well as room 119", True), ("block 118 and then some time later 119", False),
    ):  # fmt: skip
        call = of_words(said, wish("block", 0, rooms=[118, 119]), rooms=said[said.index("118") :])
        assert is_done(said, call, config=settings(block)) is done


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("for 20 min at 4500 rpm", True),
        ("20 minutes, 4500 turns", True),
        ("4500 for 20", False),
        ("4500, then 20", False),
    ],
)
def test_units_and_short_forms_name_a_number(said: str, *, done: bool) -> None:
    """Of a parameter's name, and of what describes it."""
    spin = target(
        "spin", parameter("rpm", "integer", description="Turns per minute.", required=True),
        parameter("minutes", "integer", required=True), confirm="unsure",
    )  # fmt: skip
    call = of_words(said, wish("spin", 0, rpm=4500, minutes=20), rpm="4500", minutes="20")
    assert is_done(said, call, config=settings(spin)) is done


@pytest.mark.parametrize(
    ("kind", "done"), [({"kind": "number"}, True), ({"kind": "string", "format": "date"}, False)]
)
def test_a_quantity_may_go_down_and_no_day_does(kind: dict[str, str], *, done: bool) -> None:
    """From 2 to 1, where the words say so."""
    said = (
        "dilute it from 2027-02-02 to 2027-02-01" if "format" in kind else "dilute it from 20 to 10"
    )
    *_, start, _, end = said.split()
    values = {"start": start, "end": end} if "format" in kind else {"start": 20, "end": 10}
    dilute = target(
        "dilute", parameter("start_level", **kind, required=True),
        parameter("end_level", **kind, required=True), confirm="unsure",
    )  # fmt: skip
    call = wish("dilute", 0, start_level=values["start"], end_level=values["end"])
    call = of_words(said, call, start_level=start, end_level=end)
    assert is_done(said, call, config=settings(dilute)) is done


def test_what_the_call_is_about_is_no_mention_of_its_default() -> None:
    """Who has a boat fuelled says nothing of which fuel."""
    fuel = target(
        "fuel_boat", parameter("berth"), parameter("fuel", default="diesel"), confirm="unsure"
    )
    assert is_done("fuel the boat at B7", wish("fuel_boat", 0, berth="B7"), config=settings(fuel))
    assert not is_done("ship P77, service by drone", ship())


def test_for_each_is_no_repetition() -> None:
    """Unless it is each day."""
    assert is_done("ship P77 and P78, one each", ship()) is is_done("ship P77 and P78, one", ship())
    assert is_done("ship P77 each", ship())
    assert not is_done("ship P77 each week", ship())


@pytest.mark.parametrize(
    ("said", "words", "done"),
    [
        ("report a flat tyre on C7, it can't be driven", "it can't be driven", True),
        ("report a flat tyre on C7, still rolls fine", "still rolls fine", False),
    ],
)
def test_a_no_in_words_that_deny_nothing_is_asked_back(
    said: str, words: str, *, done: bool
) -> None:
    report = target(
        "report_damage", parameter("car", required=True),
        parameter("drivable", "boolean", description="Whether it can be driven.", required=True),
        confirm="unsure",
    )  # fmt: skip
    call = of_words(
        said, wish("report_damage", 0, car="C7", drivable=False), car="C7", drivable=words
    )
    assert is_done(said, call, config=settings(report)) is done


def test_a_denial_of_another_clause_is_none_of_a_yes() -> None:
    """No rush is no denial of the wrap."""
    said = "ship P77, no rush, gift wrap it"
    assert is_done(said, of_words(said, ship(gift_wrap=True), parcel="P77", gift_wrap="gift wrap"))
    said = "ship P77, gift wrap not needed"
    wanted = of_words(said, ship(gift_wrap=False), parcel="P77", gift_wrap="gift wrap not needed")
    assert is_done(said, wanted)


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("We can't come, so ship P77.", True),
        ("The shop isn't open and I don't need it any more. Ship P77.", True),
        ("it doesn\u2019t fit: ship P77", True),
        ("Ship P77, we can't make it on Friday.", True),
        ("Ich kann leider nicht kommen, verschicke P77.", True),
        ("Purtroppo non possiamo venire: spedisci P77", True),
        ("Nous ne pouvons pas venir, expédiez P77", True),
        ("I don't think so. Ship P77", False),
        ("we can't ship today. P77", False),
        ("we don't want you to. P77 please", False),
        ("Ship P77. It isn't needed.", False),
        ("Ship P77, we can't decide", False),
        ("we don't need P77 shipped", False),
    ],
)
def test_a_reason_denies_nothing_of_the_wish(said: str, *, done: bool) -> None:
    """What cannot be, told before the wish, is why; words of the call itself, or behind it, may deny it."""
    assert is_done(said, of_words(said, ship(), parcel="P77")) == done


@pytest.mark.parametrize(("english", "done"), [("express overnight", True), ("", False)])
def test_a_choice_said_in_another_language_is_no_guess(english: str, *, done: bool) -> None:
    """The words for it are what they are in English."""
    said = "P77 per Nachtexpress, bitte"
    call = of_words(said, ship(service="overnight"), parcel="P77", service="Nachtexpress")
    told = replace(call.evidence["service"], english=english)
    assert is_done(said, replace(call, evidence={**call.evidence, "service": told})) == done


def test_a_name_within_anothers_is_no_mention_of_that() -> None:
    """A waist is no waistcoat."""
    suit = target(
        "order_suit", parameter("chest", "integer", required=True), parameter("waist", "integer", required=True),
        parameter("waistcoat", "boolean", default=False), confirm="unsure",
    )  # fmt: skip
    said = "order a suit, chest 98 and waist 84"
    call = of_words(said, wish("order_suit", 0, chest=98, waist=84), chest="98", waist="84")
    assert is_done(said, call, config=settings(suit))
    assert not is_done(f"{said}, and a waistcoat", call, config=settings(suit))


# The form of an order -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "ship P77 to the moon, that would be a trip", "ship P77? it'd be a shame", "verschick P77, das wäre ja was",
        "expédie P77, ce serait fou", "P77 ni tocarlo, enviarlo sería una locura", "spedisci P77, sarebbe una follia",
        "lovely, thanks for shipping P77 so fast", "genial, gracias por enviar P77", "they ship P77 as we speak",
        "far be it from me to ship P77", "parcel P77 we can happily do without", "here's hoping that P77 goes out one day",
        "a shipped parcel looks like this: P77, gone", "there's a note that reads: parcel P77, by ship",
        "P77 sings at night", "everybody dreams of parcel P77", "quite a thing, that parcel P77 of yours",
        "der Aufkleber auf P77 glänzt", "un beau jour le colis P77 partira", "quel pacco P77 mi fa sognare",
    ],
)  # fmt: skip
def test_what_has_not_the_form_of_an_order_is_asked_back(said: str) -> None:
    """The words that deny and tell are never all known; the forms of an order are few."""
    assert not is_done(said, as_said(said, ship()))


@pytest.mark.parametrize(
    "said",
    [
        "ship P77", "ok, then ship P77", "today ship P77", "P77, please", "I'd like P77 shipped", "we need P77 to go out",
        "parcel P77", "P77 parcel to ship", "it's late, so send P77", "would you send P77 for me", "plaese dispatch P77",
        "schick das Paket P77 weg", "envoyez le colis P77", "manda el paquete P77", "spedisci il pacco P77",
        "manda o pacote P77", "verstuur het pakket P77",
    ],
)  # fmt: skip
def test_an_order_in_any_form_is_done(said: str) -> None:
    """Told, asked for, or only named."""
    assert is_done(said, as_said(said, ship()))


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("What a summer! Do ship P77.", True), ("My sister has refused it twice already. Please ship P77.", True),
        ("She said yes!! So now I need you: ship P77.", True), ("I don't care what it costs. Ship P77.", True),
        ("The shop isn't there any more and nobody can call, so please ship P77", True),
        ("My boss said so three times this morning, so please ship P77.", True),
        ("Ship P77, and thank you for doing all this after hours.", True), ("Ship P77. Thanks, but no.", False),
        ("Just a joke of mine. Ship P77.", False), ("Suppose I were angry. Ship P77!", False),
        ("A sign there says it loudly: ship P77.", False), ("I never wanted that. Ship P77.", False),
        ("We had P78 shipped yesterday. Ship P77.", False), ("The parcel was shipped already. Ship P77.", False),
        ("He was here yesterday. P77 sings.", False),
    ],
)  # fmt: skip
def test_what_led_to_an_order_casts_no_doubt_on_it(said: str, *, done: bool) -> None:
    """Unless it may say how the order is meant, or is of the call itself."""
    assert is_done(said, as_said(said, ship())) is done


@pytest.mark.parametrize(
    ("name", "value", "done"),
    [
        ("medicine", "take aspirin", False),
        ("medicine", "aspirin", True),
        ("note", "take aspirin", True),
    ],
)
def test_a_name_with_what_is_to_be_done_in_it_is_asked_back(
    name: str, value: str, *, done: bool
) -> None:
    remind = target("remind_me", parameter(name, required=True), confirm="unsure")
    said = f"remind me of this: {value}"
    wanted = as_said(said, wish("remind_me", 0, **{name: value}))
    assert is_done(said, wanted, config=settings(remind)) is done


@pytest.mark.parametrize(
    ("said", "nights", "done"),
    [("a fortnight", 1, False), ("a", 1, False), ("1 night", 1, True), ("a night", 1, True)],
)
def test_a_number_out_of_an_article_is_asked_back(said: str, nights: int, *, done: bool) -> None:
    book = target("book_room", parameter("nights", "integer", required=True), confirm="unsure")
    words = said
    said = f"book it for {said}"
    wanted = of_words(said, wish("book_room", 0, nights=nights), nights=words)
    assert is_done(said, wanted, config=settings(book)) is done
