"""What the gateway says itself: worded for people, and known again by its text alone."""

from __future__ import annotations

import time
from typing import Any

import pytest

from extproc.contract import Messages
from extproc.questions import Asked, Dropped, Proposed, Questions, Refused
from tests.playbook import guard, parameter, settings, target

CITY = parameter("city", description="The name of the city.", required=True)
DAYS = parameter(
    "days", "integer", description="For how many days the forecast is wanted.", minimum=1, maximum=7
)
WHEN = parameter("start_date", description="First day of the leave", format="date")
SURE = parameter("confirmation", "boolean", description="Confirmation flag to proceed.")
WEATHER = target("get_weather", CITY, DAYS)
MOVE = target(
    "transfer_funds", parameter("amount", "number"), parameter("source_account"),
    parameter("note"), parameter("express", "boolean"), parameter("tags", "array"), WHEN, SURE,
)  # fmt: skip
CONFIG = settings(WEATHER, MOVE, guards=(guard(),))
QUESTIONS = Questions(CONFIG)


WORDS: list[tuple[Any, str]] = [
    (CITY, "the name of the city"),
    (DAYS, "for how many days the forecast is wanted (from 1 to 7)"),
    (WHEN, "the first day of the leave (such as 2026-05-31)"),
    (SURE, "your choice on “confirmation flag to proceed” (yes or no)"),
    (parameter("sure", "boolean", description="Whether you are sure"), "whether you are sure (yes or no)"),
    (parameter("gift_wrap", "boolean"), "your choice on “gift wrap” (yes or no)"),
    (parameter("deviceId"), "the device id"),
    (parameter("device_id", description="Identifier of the device to reboot."), "the identifier of the device to reboot"),
    (parameter("unit", enum=("celsius", "fahrenheit")), "the unit (celsius or fahrenheit)"),
    (parameter("share", "number", minimum=0.5), "the share (at least 0.5)"),
    (parameter("share", "number", maximum=9), "the share (at most 9)"),
    (parameter("loan", description="IBAN of the loan. It has 22 signs."), "the IBAN of the loan"),
    (parameter("kind", description="Specifies the kind of loan"), "the kind (specifies the kind of loan)"),
    (parameter("loan", description="x", ask="which loan it is (its number)?"), "which loan it is (its number)"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "words"), WORDS, ids=lambda each: str(each)[:40])
def test_words_for_a_parameter(declared: Any, words: str) -> None:
    """A person is asked in the description's words, with what there is to choose from."""
    assert QUESTIONS.thing(declared) == words


def test_long_descriptions_are_cut_at_a_word() -> None:
    """Of a description too long for a question the name and the beginning stay."""
    words = QUESTIONS.thing(parameter("topic", description="word " * 60))
    assert words.startswith("the topic (word word")
    assert words.endswith("word…)")
    assert len(words) < 130


def test_two_things_at_a_time() -> None:
    """No more than two things are asked for at once, in their order."""
    assert QUESTIONS.ask([CITY, WHEN, SURE], known=False) == (
        "Could you please tell me the name of the city and the first day of the leave "
        "(such as 2026-05-31)?"
    )
    assert QUESTIONS.ask([SURE], known=True).startswith("Sure, could you also tell me your choice")


EVERY_WORDING = [
    QUESTIONS.ask([CITY, DAYS], known=False),
    QUESTIONS.ask([CITY, DAYS], known=True),
    "Sure, could you also tell me the city (the name of the city) and days (for how many days the forecast is wanted; from 1 to 7)?",
    "Sure, could you also tell me the city and days?",
    "It seems I'm missing some information. Could you provide the following details city, days ?",
]


@pytest.mark.parametrize("said", EVERY_WORDING)
def test_a_question_is_known_in_every_wording(said: str) -> None:
    """Today's, yesterday's and v0.1's words are read back to the parameters."""
    own = QUESTIONS.known(f" {said}\n")
    assert own == Asked(((CITY,), (DAYS,)))
    assert own.neutral == "Which city, days?"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Could you please tell me the colour of your hat?",
        "Could you please tell me the name of the city",
        "Sure, could you also tell me the name of the city and more?",
        "The name of the city",
        "Shall I go ahead?",
        "Shall I go ahead with “get weather” (town: Rome)?",
        "Shall I go ahead with “get rich” (city: Rome)?",
        "Shall I go ahead with “get weather” (city: Rome) now?",
        "Shall I go ahead with “get weather” (city: Rome?",
        "Shall I go ahead with “get weather” (days: three)?",
        "Shall I go ahead with “get weather” (days: 3, city: Rome)?",
    ],
)
def test_what_others_say_is_not_ours(said: str) -> None:
    """Words that we would not say to the letter are an assistant's own."""
    assert QUESTIONS.known(said) is None


def test_sentences_that_ask_nothing() -> None:
    """That nothing was done, and a guard's refusal, are known to the letter."""
    assert QUESTIONS.known(QUESTIONS.dropped) == Dropped()
    assert QUESTIONS.known("Not with me.") == Refused()


CALLS: list[dict[str, Any]] = [
    {},
    {"amount": 300, "source_account": "4711"},
    {"amount": 2.5, "note": "rent, (May): “paid”", "express": True, "tags": ["a", "b, c"]},
    {"amount": -1, "note": '"quoted" [x]', "express": False, "tags": []},
    {"note": "yes", "source_account": " 4711 ", "start_date": "2026-05-31"},
    {"note": "amount: 5, express: yes"},
]


@pytest.mark.parametrize("arguments", CALLS, ids=str)
def test_a_proposal_is_read_back_exactly(arguments: dict[str, Any]) -> None:
    """Every value comes back as it was, whatever signs are in it."""
    said = QUESTIONS.propose([(MOVE, arguments), (WEATHER, {"city": "Rome"})])
    assert QUESTIONS.known(said) == Proposed(((MOVE, arguments), (WEATHER, {"city": "Rome"})))


def test_a_proposal_is_one_sentence() -> None:
    """Target and values stand in words."""
    said = QUESTIONS.propose([(MOVE, {"amount": 300, "source_account": "4711", "express": True})])
    assert said == (
        "Shall I go ahead with “transfer funds” (amount: 300, source account: 4711, express: yes)?"
    )


def test_names_that_read_the_same() -> None:
    """Two names of the same words keep their own spelling."""
    twins = target("a_b", parameter("x_y"), parameter("xY")), target("aB")
    questions = Questions(settings(*twins))
    said = questions.propose([(twins[0], {"x_y": "1", "xY": "2"}), (twins[1], {})])
    assert said == "Shall I go ahead with “a_b” (x_y: 1, xY: 2) and “aB”?"
    assert questions.known(said) == Proposed(((twins[0], {"x_y": "1", "xY": "2"}), (twins[1], {})))


def test_sentences_of_the_config() -> None:
    """In any language, and known again in it."""
    german = Messages(
        ask="Bitte nennen Sie mir {what}.", ask_more="Und noch {what}?", and_word="und", or_word="oder",
        confirm="Soll ich {calls} ausführen?", dropped="Gut, ich lasse es.", yes_word="ja", no_word="nein",
        between="von {low} bis {high}",
    )  # fmt: skip
    questions = Questions(settings(WEATHER, MOVE, messages=german))
    days = parameter("days", "integer", ask="die Zahl der Tage", minimum=1, maximum=2)
    assert questions.thing(days) == "die Zahl der Tage"
    said = questions.ask([CITY, DAYS], known=False)
    assert said.startswith("Bitte nennen Sie mir the name of the city und for how many days")
    assert said.endswith("(von 1 bis 7).")
    assert questions.known(said) == Asked(((CITY,), (DAYS,)))
    said = questions.propose([(MOVE, {"express": True}), (WEATHER, {})])
    assert said == "Soll ich “transfer funds” (express: ja) und “get weather” ausführen?"
    assert questions.known(said) == Proposed(((MOVE, {"express": True}), (WEATHER, {})))
    assert questions.known("Gut, ich lasse es.") == Dropped()


def test_knowing_takes_no_time() -> None:
    """Neither a long message nor one made to look like a question keeps the process busy."""
    things = [parameter(name) for name in ("a", "a and the a", "b")]
    questions = Questions(settings(target("t", *things)))
    hard = "Could you please tell me the a" + " and the a" * 3000 + " and c?"
    began = time.process_time()
    assert questions.known(hard) is None
    assert questions.known("word " * 200_000) is None
    assert questions.known("Shall I go ahead with " + "“t” and " * 20_000 + "?") is None
    nested = "[" * 100_000
    assert questions.known(f"Shall I go ahead with “t” (a: {nested})?") is None
    assert time.process_time() - began < 1
