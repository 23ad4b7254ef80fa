"""Values that a message says not to take."""

from __future__ import annotations

import re

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import negated
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import Call, Evidence, Message

ORDER = Parameter("order", "integer", "The number of the order.")
SPORT = Parameter("sport", enum=("boxing", "zumba"))


@pytest.mark.parametrize(
    "text",
    [
        "cancel order 7120, not order <7210>", "cancel 7120 not <7210>", "7120, but not <7210>",
        "7120 instead of <7210>", "7120 rather than the order <7210>", "it is not <7210>",
        "don't cancel <7210>, cancel 7120", "do not ever send it to order number <7210>",
        "bitte 7120, nicht die <7210>", "7120 statt <7210>", "annule 7120 et pas la <7210>",
        "annule la 7120 au lieu de la <7210>", "quiero la 7120 en vez de la <7210>",
        "por favor cancela la 7120, no la <7210>", "voglio la 7120, non la <7210>",
        "leave <7210> alone, cancel 7120", "please keep order <7210> as it is and cancel 7120",
        "lass die <7210> wie sie ist, storniere 7120", "deja el <7210> como está, cancela el 7120",
        "quero a 7120 em vez de <7210>", "graag 7120 in plaats van <7210>", "niet <7210> maar 7120",
    ],
)  # fmt: skip
def test_what_is_not_wanted(text: str) -> None:
    """In seven languages, with a preposition, an article and the kind of thing between."""
    assert negated.is_refused(ORDER, text.replace(">", ""), text.index("<"))


@pytest.mark.parametrize(
    "text",
    [
        "cancel order <7120>, not order 7210", "no, <7120>", "order no <7120>", "No <7120> please",
        "why not <7120>?", "if not <7120>, then 7210", "not before <7120>", "no more than <7120>",
        "it has not come yet: <7120>", "don't forget to cancel <7120>", "why don't you cancel <7120>",
        "don't send it but cancel <7120>", "not today. Cancel <7120>", "not only <7120>",
        "don't send it just cancel <7120>", "leave it to me, cancel <7120>", "leave order <7120> at the door",
        "never mind, <7120>", "don't do it before <7120>", "not what I wanted, so cancel <7120>",
    ],
)  # fmt: skip
def test_what_is_wanted_all_the_same(text: str) -> None:
    """Bounds, questions and what stands further away refuse nothing."""
    plain = text.replace("<", "").replace(">", "")
    assert not negated.is_refused(ORDER, plain, text.index("<"))


def test_no_before_a_choice() -> None:
    """`no` before a choice is a refusal, before a number it is none; a yes or no is another matter."""
    assert negated.is_refused(SPORT, "boxing please, no zumba", 18)
    assert not negated.is_refused(Parameter("cabin", "boolean"), "not a cabin", 6)


def test_the_next_reading_is_left() -> None:
    """Spans that are refused are no candidates, choices are looked at elsewhere."""
    tool = Tool("cancel", "", (ORDER, SPORT))
    text = "order 7120, not order 7210, and not zumba"
    said = {"order": ("7210", "7120"), "sport": ("zumba",)}
    given = {
        name: [
            Reading(each, Evidence(0, text.index(each), text.index(each) + len(each), each, 0.9))
            for each in many
        ]
        for name, many in said.items()
    }
    found = negated.without(tool, given, (Message("user", text),))
    assert {name: [each.value for each in many] for name, many in found.items()} == {
        "order": ["7120"], "sport": ["zumba"],
    }  # fmt: skip


def test_a_long_text_is_read_where_the_value_stands() -> None:
    """What stands far before a value is not looked at, whatever the length."""
    text = "not " + "very " * 200_000 + "7210"
    assert not negated.is_refused(ORDER, text, len(text) - 4)


CANCEL = Tool("cancel", "", (ORDER,))
BOOK = Tool("book", "", (SPORT, Parameter("member", "integer", "The number of the member.")))


def stretches(text: str) -> list[str]:
    """What of a text says which other value is not meant, where those in <brackets> are taken."""
    bare = text.replace("<", "").replace(">", "")
    evidence, arguments = {}, {}
    for words in (part.split(">")[0] for part in text.split("<")[1:]):
        name = "order" if "order" in bare or "cancel" in bare.lower() else "sport"
        name = "member" if name == "sport" and words.isdigit() else name
        start = bare.index(words)
        evidence[name] = Evidence(0, start, start + len(words), words, 0.9)
        arguments[name] = int(words) if words.isdigit() else words
    tool = BOOK if "sport" in arguments else CANCEL
    spans = negated.stretches(tool, Call(tool.name, arguments, evidence=evidence), bare, 0)
    return [bare[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("cancel order <7120>, not order 7210", "not order 7210"), ("cancel <7120> not 7210, thanks", "not 7210"),
        ("Don't cancel 7210, cancel <7120> instead", "Don't cancel 7210"),
        ("cancel <7120> instead of 7210", "instead of 7210"), ("<boxing>, not zumba!", "not zumba"),
        ("not zumba! Book <boxing> for <12>", "not zumba"), ("<boxing> for <12> but not zumba", "not zumba"),
        ("cancel <7120> but don't cancel it for 7210", "don't cancel it for 7210"),
        ("cancel <7120> rather than 7210", "rather than 7210"),
        ("Leave order 7210 alone, cancel <7120>", "Leave order 7210 alone"),
        ("not 7210, <7120> is the one to cancel", "not 7210"), ("not order 7210, <7120> is what I mean", "not order 7210"),
        ("storniere order <7120>, nicht die 7210", "nicht die 7210"),
    ],
)  # fmt: skip
def test_where_another_value_is_refused(text: str, refused: str) -> None:
    assert stretches(text) == [refused]


@pytest.mark.parametrize(
    "text",
    [
        "don't cancel <7120>", "cancel <7120>, but not before noon", "Don't cancel 7210 or <7120>",
        "don't cancel 7210, <7120>", "cancel <7120>, not today", "cancel order <7120>", "not <boxing>",
        "don't cancel 7210 and order <7120>", "cancel <7120>, not A12",
    ],
)  # fmt: skip
def test_other_denials_stand(text: str) -> None:
    """Of the call itself, of a time, of a list that a value is part of, of another kind of thing."""
    assert stretches(text) == []


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("monday... no, friday", True), ("monday, no wait, friday", True), ("monday - uh, no, friday", True),
        ("montag, nein, freitag", True), ("lundi, non, vendredi", True), ("monday, no later than 5", False),
        ("monday and friday", False), ("monday, no", False), ("monday. No problem", False),
    ],
)  # fmt: skip
def test_a_slip_is_taken_back_right_behind_it(text: str, *, back: bool) -> None:
    end = re.match(r"\w+", text)
    assert end is not None
    assert negated.is_taken_back(text, end.end()) is back
