"""Choices that the words say themselves, alone and of two like parameters."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import chosen
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import Evidence, Message, Origin

TONGUES = ("english", "german", "greek", "polish")
TRANSLATE = Tool(
    "translate",
    "",
    (
        Parameter("source_language", enum=TONGUES, required=True),
        Parameter("target_language", enum=TONGUES, required=True),
        Parameter("words", "integer"),
    ),
)
PLANS = ("basic", "plus", "premium")
COMPARE = Tool(
    "compare", "", (Parameter("old_plan", enum=PLANS), Parameter("new_plan", enum=PLANS))
)
WATER = Tool(
    "water",
    "Water a bed",
    (
        Parameter("bed", enum=("roses", "herbs", "lawn"), required=True),
        Parameter("mode", description="How it is watered", enum=("normal", "spray", "drip")),
        Parameter("note"),
    ),
)


def talk(*texts: str) -> tuple[Message, ...]:
    """User and assistant by turns, the user last; `?…` is a question of the gateway's own."""
    found = []
    for place, text in enumerate(reversed(texts)):
        own = text.startswith("?")
        role = "assistant" if place % 2 else "user"
        found.append(Message(role, text.removeprefix("?") + "?" if own else text, own))
    return tuple(reversed(found))


def read(value: Any, sure: float = 0.7, number: int = 0) -> Reading:
    return Reading(value, Evidence(number, 0, 0, "", sure))


def settled(
    tool: Tool, messages: tuple[Message, ...], scores: dict[str, dict[str, float]] | None = None,
    **given: list[Reading],
) -> dict[str, Any]:  # fmt: skip
    every = {name: [read(*each) for each in many.items()] for name, many in (scores or {}).items()}
    found = chosen.settled(tool, given, every, messages, len(messages) - 1, several=False)
    kept = {name: many[0].value for name, many in found.readings.items() if many}
    return kept | {f"{name}?": said.text for name, said in found.unusable.items()}


def both(source: str | None, target: str | None) -> dict[str, Any]:
    held = {"source_language": source, "target_language": target}
    return {name: value for name, value in held.items() if value}


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["from English into Greek"], both("english", "greek")),
        (["into Greek from English, please"], both("english", "greek")),
        (["English to Greek"], both("english", "greek")), (["English → Greek"], both("english", "greek")),
        (["target language Greek, source language: English"], both("english", "greek")),
        (["English as the target language, and Greek as the source language"], both("greek", "english")),
        (["I need it in Greek, it comes from English"], both("english", "greek")),
        (["aus english nach greek bitte"], both("english", "greek")),
        (["from Englsh into Gereek"], both("english", "greek")),
        (["into Greek"], both(None, "greek")), (["from Greek, not from Polish"], both("greek", None)),
        (["from English", "?into which", "Greek"], both("english", "greek")),
        (["into Greek", "?how many words", "90, and from English"], both("english", "greek")),
        (["from English into Greek", "90 euros", "and into German?"], both("english", "german")),
        (["from English into Greek", "90 euros", "what about from Polish?"], both("polish", "greek")),
        (["from English into Greek", "90 euros", "and back again?"], both("greek", "english")),
        (["from English into Greek", "?how many words", "90"], both("english", "greek")),
        (["from English into Greek", "Done.", "Translate it into German"], both(None, "german")),
        (["from English into Greek", "?how many", "never mind", "Fine", "into German"], both(None, "german")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrong", ["english", "greek", None])
def test_two_languages(texts: list[str], meant: dict[str, Any], wrong: str | None) -> None:
    """Each is whose the words say, whatever one choice the model read for both."""
    messages = talk(*texts)
    said = " ".join(m.content for m in messages if m.role == "user").casefold()
    given = {} if wrong is None or wrong not in said else {
        name: [read(wrong, number=len(messages) - 1)] for name in both("x", "x")
    }  # fmt: skip
    if wrong and wrong not in meant.values():
        return
    found = settled(TRANSLATE, messages, **given)
    assert {name: found.get(name) for name in meant} == meant
    assert len({*found.values()}) == len(found)


def test_what_stands_on_both_sides_is_the_models() -> None:
    """Where no word decides, the likelier way round is a guess; so it is where nothing is said."""
    messages = talk("a translation, Greek and English")
    scores = {
        "source_language": {"english": 0.9, "greek": 0.8},
        "target_language": {"english": 0.9},
    }
    assert settled(TRANSLATE, messages, scores) == both("greek", "english")
    found = chosen.settled(TRANSLATE, {}, {}, messages, 0, several=False)
    assert {many[0].evidence.confidence for many in found.readings.values()} == {0.3}
    unsaid = talk("aus dem Deutschen ins Polnische")
    two = [read("german", 0.9), read("polish", 0.6)]
    given = {"source_language": two, "target_language": [read("german", 0.8), read("polish", 0.7)]}
    assert settled(TRANSLATE, unsaid, **given) == both("german", "polish")
    once = {name: [read("german", 0.5)] for name in both("x", "x")}
    assert settled(TRANSLATE, unsaid, **once) == both(None, "german")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("from basic to premium", "basic", "premium"), ("to premium from basic", "basic", "premium"),
        ("what would I save with plus compared to premium", "premium", "plus"),
        ("plus instead of premium", "premium", "plus"),
        ("I have the plus plan. What would premium cost me?", "plus", "premium"),
    ],
)  # fmt: skip
def test_old_and_new(text: str, old: str, new: str) -> None:
    """What one has and what one compares with is the old one."""
    assert settled(COMPARE, talk(text)) == {"old_plan": old, "new_plan": new}


@pytest.mark.parametrize(
    "text", ["plus, premium or basic", "from plus to basic and from basic to plus"]
)
def test_more_than_two_are_left_alone(text: str) -> None:
    """Three choices, or two wishes in one sentence, are not for a rule of pairs."""
    given = {"old_plan": [read("plus")], "new_plan": [read("basic")]}
    found = chosen.settled(COMPARE, given, {}, talk(text), 0, several=True)
    assert {n: many[0].value for n, many in found.readings.items()} == {"old_plan": "plus", "new_plan": "basic"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "given", "meant"),
    [
        ("water the lawn", {}, {"bed": "lawn"}), ("Not the lawn! Water the herbs", {}, {"bed": "herbs"}),
        ("not the lawn, the herbs", {"bed": [read("lawn"), read("herbs")]}, {"bed": "herbs"}),
        ("don't water the lawn", {"bed": [read("lawn")]}, {}), ("the lawn and the herbs", {}, {}),
        ("the lwan, please", {}, {"bed": "lawn"}), ("the hebrs", {"bed": [read("roses")]}, {"bed": "herbs"}),
        ("in the normal way", {}, {}), ("our lawns", {}, {}),
        ("the roses by spray", {"bed": [read("roses")]}, {"bed": "roses", "mode": "spray"}),
        ("roses, mode flood", {"bed": [read("roses")]}, {"bed": "roses", "mode?": "flood"}),
        ("roses with flood mode", {"bed": [read("roses")]}, {"bed": "roses", "mode?": "flood"}),
        ("roses, the same mode", {"bed": [read("roses")]}, {"bed": "roses"}),
        ("roses, mode please", {"bed": [read("roses")]}, {"bed": "roses"}),
        ("roses, mode dripping", {"bed": [read("roses")]}, {"bed": "roses"}),
        ("a flood mode", {"mode": [read("spray", 0.9)]}, {"mode": "spray"}),
        ("a flood mode", {"mode": [read("spray", 0.6)]}, {"mode?": "flood"}),
    ],
)  # fmt: skip
def test_single_choices(text: str, given: dict[str, Any], meant: dict[str, Any]) -> None:
    """Said, refused, misspelt and unknown ones; everyday words are left to the model."""
    assert settled(WATER, talk(text), **given) == meant


def test_the_words_of_others_are_theirs() -> None:
    """A choice within the words of a span is no choice."""
    text = "remember: cut the lawn"
    note = Reading("cut the lawn", Evidence(0, text.index("cut"), len(text), "cut the lawn", 0.9))
    assert settled(WATER, talk(text), note=[note]) == {"note": "cut the lawn"}


def test_a_choice_of_an_earlier_turn() -> None:
    """A new one takes its place; one that the model gives to the last turn by its sense does not."""
    messages = talk("water the roses", "Done.", "what about the herbs?")
    assert settled(WATER, messages, bed=[read("roses", 0.9, 0)]) == {"bed": "herbs"}
    assert settled(WATER, messages, bed=[read("lawn", 0.9, 2)]) == {"bed": "lawn"}


def test_numbers_among_choices_need_their_unit() -> None:
    """A number of the last message takes an earlier one's place if it is said with the unit."""
    depth = Tool("moisture", "", (Parameter("depth_cm", "integer", enum=(10, 20, 40)),))
    messages = talk("moisture at 10 cm", "21 percent", "and at 40 cm?")
    assert settled(depth, messages, depth_cm=[read(10, 0.9, 0)]) == {"depth_cm": 40}
    other = talk("moisture at 10 cm", "21 percent", "and in 40 minutes?")
    assert settled(depth, other, depth_cm=[read(10, 0.9, 0)]) == {"depth_cm": 10}
    assert settled(depth, talk("in 40 minutes")) == {}
    assert settled(depth, talk("at 75 cm"), depth_cm=[read(20, 0.5)]) == {"depth_cm?": "75 cm"}


def test_how_sure_a_choice_is() -> None:
    """As sure as its own words make it, wherever the model saw it; a slip is to be asked back."""
    messages = talk("water the herbs, then the lawn", "Fine.", "gently")

    def sure(tool: Tool, text: str, *given: Reading) -> tuple[float, int]:
        several = (*messages, Message("assistant", "Fine."), Message("user", text))
        found = chosen.settled(tool, {"bed": list(given)}, {}, several, 4, several=False)
        said = found.readings["bed"][0].evidence
        return said.confidence, said.message

    assert sure(WATER, "again", read("herbs", 0.2, 4)) == (0.8, 0)
    assert sure(WATER, "the herbs", read("herbs", 0.9, 0)) == (0.9, 4)
    assert sure(WATER, "again", read("roses", 0.5, 4)) == (0.5, 4)
    herbal = Reading("herbs", Evidence(4, 4, 10, "herbal", 0.5))
    assert sure(WATER, "the herbal bed", herbal) == (0.8, 4)
    assert sure(WATER, "the lwan") == (0.3, 4)


@pytest.mark.parametrize("unit", ["water the lawn ", "lwan ", "mode ", "mode: a ", " ", "from "])
def test_long_messages_are_the_models(unit: str) -> None:
    """No rule reads more than a plain wish, and that in no time: a message may be a megabyte."""
    began = time.process_time()
    assert settled(WATER, talk(unit * 70_000)) == {}
    assert settled(TRANSLATE, talk(unit * 70_000)) == {}
    for tool in (WATER, TRANSLATE):
        settled(tool, talk((unit * 2000)[:2000]))
    assert time.process_time() - began < 5


def guessed(text: str, words: str, first: float, second: float) -> dict[str, Any]:
    """What is read where two choices are so likely for these words."""
    start = text.index(words)
    evidence = Evidence(0, start, start + len(words), words, first)
    given = [Reading("herbs", evidence)]
    scores = {"bed": {"herbs": first, "lawn": second, "roses": 0.01}}
    return settled(WATER, talk(text), scores, bed=given)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("water the tulips", "tulips"), ("water the cactus corner for an hour", "cactus corner"),
        ("some water on the ferns", "ferns"), ("please water grandma's pots", "grandma's pots"),
        ("sprinkle the lavender", "lavender"), ("the dahlias need water", "dahlias"),
        ("water bed nine", "nine"), ("start with the bamboo", "bamboo"),
    ],
)  # fmt: skip
def test_a_guess_between_choices_is_no_value(text: str, words: str) -> None:
    """What may be one as well as another is asked for."""
    assert guessed(text, words, 0.3, 0.2) == {"bed?": words}


@pytest.mark.parametrize(
    ("text", "words", "first", "second"),
    [
        ("water the basil and mint", "basil and mint", 0.95, 0.02), ("water the basil", "basil", 0.9, 0.5),
        ("water the herbal bed", "herbal", 0.3, 0.2), ("water the herb bed", "herb", 0.3, 0.2),
    ],
)  # fmt: skip
def test_what_one_choice_is_likelier_for_is_that(
    text: str, words: str, first: float, second: float
) -> None:
    assert guessed(text, words, first, second) == {"bed": "herbs"}


@pytest.mark.parametrize(
    ("text", "words", "sure"),
    [("water the basil", "basil", 0.7), ("water the tulips", "tulips", 0.79)],
)
def test_a_choice_that_no_word_says_has_to_be_sure(text: str, words: str, sure: float) -> None:
    """However alike one is meant to another: who means it can say it."""
    assert guessed(text, words, sure, 0.01) == {"bed?": words}


def test_a_reply_may_say_a_choice_in_its_own_words() -> None:
    """So that nobody is asked again and again; so may who speaks another language."""
    asked = talk("water one", "?Which bed", "the basil")
    given = Reading("herbs", Evidence(2, 4, 9, "basil", 0.5))
    assert settled(WATER, asked, {"bed": {"herbs": 0.5}}, bed=[given]) == {"bed": "herbs"}
    told = (Message("user", "the basil", origin=Origin("das Basilikum", ())),)
    given = Reading("herbs", Evidence(0, 4, 9, "basil", 0.5))
    assert settled(WATER, told, {"bed": {"herbs": 0.5}}, bed=[given]) == {"bed": "herbs"}


PAY = Tool(
    "pay", "", (Parameter("rhythm", enum=("weekly", "monthly", "yearly")), Parameter("paper", "boolean"))
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pay 30 euros every week", {"rhythm": "weekly"}), ("each month, please", {"rhythm": "monthly"}),
        ("annually", {"rhythm": "yearly"}), ("jeden Monat", {"rhythm": "monthly"}),
        ("30 euros every day", {"rhythm?": "every day"}), ("daily", {"rhythm?": "daily"}),
        ("quarterly, if possible", {"rhythm?": "quarterly"}), ("toutes les semaines", {"rhythm": "weekly"}),
        ("every other week", {}), ("on Monday", {}), ("twice a month", {}), ("weekly or monthly", {}),
    ],
)  # fmt: skip
def test_how_often(text: str, meant: dict[str, Any]) -> None:
    """By the period that is said; one that is none of the choices is asked for."""
    assert settled(PAY, talk(text)) == meant


def test_words_of_another_choice_are_no_yes() -> None:
    """Unless they name what is agreed to."""
    text = "pay it weekly on paper"

    def reading(value: Any, words: str) -> Reading:
        start = text.index(words)
        return Reading(value, Evidence(0, start, start + len(words), words, 0.8))

    rhythm = [reading("weekly", "weekly")]
    assert settled(PAY, talk(text), rhythm=rhythm, paper=[reading(True, "pay it weekly")]) == {
        "rhythm": "weekly"
    }
    both_said = settled(PAY, talk(text), rhythm=rhythm, paper=[reading(True, "weekly on paper")])
    assert both_said == {"rhythm": "weekly", "paper": True}


def test_a_short_choice_is_no_beginning_of_a_longer_word() -> None:
    """A carriage is no car."""
    ride = Tool("ride", "", (Parameter("with_what", enum=("car", "van")),))
    text = "a carriage as the with what"
    given = [Reading("car", Evidence(0, 2, 10, "carriage", 0.7))]
    assert settled(ride, talk(text), with_what=given) == {"with_what?": "carriage"}


GRAINS = ("rye", "barley", "wheat", "oat")
BARTER = Tool(
    "barter", "",
    (
        Parameter("sacks", "integer", required=True),
        Parameter("sell_grain", enum=GRAINS, required=True),
        Parameter("buy_grain", enum=GRAINS, required=True),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sell", "buy"),
    [
        ("exchange 40 oats into barley", "oat", "barley"), ("sell 40 oats for barley", "oat", "barley"),
        ("give me barley for 40 oats", "oat", "barley"), ("buy barley with 40 oats", "oat", "barley"),
        ("Gib mir wheat für 40 oats", "oat", "wheat"), ("convert 40 oats to wheat", "oat", "wheat"),
        ("exchange 40 oats in millet", "oat", None), ("exchange 40 oast into whaet", "oat", "wheat"),
        ("buy 40 oats", None, "oat"), ("sell some barley", "barley", None),
    ],
)  # fmt: skip
def test_what_is_given_and_what_is_had_for_it(text: str, sell: str | None, buy: str | None) -> None:
    """The verb before the first one says which it is where a mere "for" joins them."""
    got = {"sell_grain": sell, "buy_grain": buy}
    scores = {name: {"barley": 0.6, "oat": 0.5} for name in got}
    assert settled(BARTER, talk(text), scores) == {name: each for name, each in got.items() if each}


@pytest.mark.parametrize(
    "text", ["get me 40 oats for barley", "barley and oats", "barley for oats"]
)
def test_how_much_is_had_or_which_is_which_may_be_a_guess(text: str) -> None:
    found = chosen.settled(BARTER, {}, {}, talk(text), 0, several=False)
    many = [each for own in found.readings.values() for each in own]
    assert all(each.evidence.confidence < 0.4 for each in many)


def test_several_deals_at_once() -> None:
    """Of each the first is given for the second; a "to" that lacks leaves them to the model."""
    text = "exchange 20 oats into barley and 5 rye into wheat"
    found = chosen.settled(BARTER, {}, {}, talk(text), 0, several=True).readings
    assert [each.value for each in found["sell_grain"]] == ["oat", "rye"]
    assert [each.value for each in found["buy_grain"]] == ["barley", "wheat"]
    unclear = chosen.settled(BARTER, {}, {}, talk("oats, barley, rye into wheat"), 0, several=True)
    assert not unclear.readings["sell_grain"]
