"""Several readings of one list."""

from __future__ import annotations

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.targets import listed
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message
from modelserver.tasks.values import spoken

PLANTS = Parameter("plants", "array", "The plants.", items="string")
RACKS = Parameter("racks", "array", "The numbers of the racks.", items="integer")


def together(
    parameter: Parameter, *turns: str, sure: tuple[float, ...] = ()
) -> list[tuple[object, float]]:
    """The list of what stands in <brackets>, each as sure as told."""
    messages = tuple(
        Message("user" if n % 2 == 0 else "assistant", turn.replace("<", "").replace(">", ""))
        for n, turn in enumerate(turns)
    )
    readings: list[Reading] = []
    for number, turn in enumerate(turns):
        at = 0
        for part in turn.split("<")[1:]:
            words = part.split(">")[0]
            start = messages[number].content.index(words, at)
            at = start + len(words)
            value = spoken.read(parameter, messages[number].content, start, at)
            confidence = sure[len(readings)] if sure else 0.9
            readings.append(Reading(value, Evidence(number, start, at, words, confidence)))
    found = listed.together(parameter, readings, messages, UNTOLD)
    return [(each.value, each.evidence.confidence) for each in found]


@pytest.mark.parametrize(
    "text",
    [
        "water the <fern>, the <ivy> and the <rose>", "<fern>, <ivy>, <rose>", "<fern> & <ivy> & <rose>",
        "<fern> and <ivy>, and the <rose> today", "<fern>; <ivy>; <rose>", "<fern>, ivy and <rose>",
        "the <fern>, the ivy, and <rose> please", "<fern> as well as <ivy> and <rose> on Monday",
        "<fern> und <ivy> und <rose> bitte", "<fern>, ivy, <rose>",
    ],
)  # fmt: skip
def test_a_row_is_as_sure_as_its_surest_item(text: str) -> None:
    """And what stands between two items of it is one."""
    count = text.count("<")
    sure = (0.3, *(0.1 for _ in range(count - 2)), 0.9)
    assert together(PLANTS, text, sure=sure) == [(["fern", "ivy", "rose"], 0.9)]


def test_kinds_may_stand_in_a_row() -> None:
    assert together(RACKS, "close rack <4> as well as rack <7> today", sure=(0.9, 0.2)) == [
        ([4, 7], 0.9)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "water the <fern> and <ivy> grows well", "<fern> in the hall and in the kitchen <ivy>",
        "water the <fern> and send me the <ivy>", "the <fern> but not the <ivy>",
        "water <fern>, then also <ivy>", "<fern>. The <ivy> is fine",
    ],
)  # fmt: skip
def test_what_is_no_row_stays_apart(text: str) -> None:
    """Each as sure as it was: the second one may be no item at all."""
    assert together(PLANTS, text, sure=(0.9, 0.3)) == [("fern", 0.9), ("ivy", 0.3)]


def test_what_an_answer_repeats_is_no_further_item() -> None:
    found = together(PLANTS, "water <fern> and <ivy>", "Watered <Fern>, <ivy>.", "and the <rose>")
    assert [value for value, _ in found] == [["fern", "ivy"], "rose"]


def test_of_two_readings_of_the_same_words_the_longer_one_holds() -> None:
    text = "water fern and ivy"
    readings = [
        Reading("ivy", Evidence(0, 15, 18, "ivy", 0.9)),
        Reading(["fern", "ivy"], Evidence(0, 6, 18, "fern and ivy", 0.8)),
    ]
    (found,) = listed.together(PLANTS, readings, (Message("user", text),), UNTOLD)
    assert found.value == ["fern", "ivy"]
