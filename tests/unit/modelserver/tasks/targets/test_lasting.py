"""Start and end by the words before them."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import lasting
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

BAKE = Tool(
    "bake", "", (Parameter("start_time", format="time", required=True), Parameter("end_time", format="time"))
)  # fmt: skip
LEND = Tool(
    "lend", "", (Parameter("from_day", format="date"), Parameter("until_day", format="date"))
)


def bounds(tool: Tool, text: str, **said: str) -> tuple[object, object]:
    readings = {
        name: [Reading("?", Evidence(0, text.index(words), text.index(words) + len(words), words, 0.9))]
        for name, words in said.items()
    }  # fmt: skip
    found = lasting.bounded(tool, readings, (Message("user", text),), 0, UNTOLD)
    first, last = (found.get(p.name, []) for p in tool.parameters)
    return first[0].value if first else None, last[0].value if last else None


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("bake it from 07:30 until 08:15", "07:30", "08:15"), ("done by 23:30, begin at 21:45", "21:45", "23:30"),
        ("it ends at 12:00 and starts at 10:00", "10:00", "12:00"), ("ready by 18:00", None, "18:00"),
        ("should be finished before 17:30, starting at 16:00", "16:00", "17:30"),
        ("stop it at 9:30", None, "09:30"), ("begin at 6 am", "06:00", None),
        ("everybody out of the mill by 19:00, it opens at 10:00", "10:00", "19:00"),
        ("till 22:15, beginning 20:00", "20:00", "22:15"), ("no later than 19:00, start 18:20", "18:20", "19:00"),
    ],
)  # fmt: skip
def test_the_word_before_says_which(text: str, start: str | None, end: str | None) -> None:
    """Whatever the model read there."""
    said = next(
        each
        for each in ("07:30", "23:30", "12:00", "18:00", "17:30", "9:30", "6 am", "22:15", "19:00")
        if each in text
    )
    assert bounds(BAKE, text, start_time=said) == (start, end)


def test_to_is_the_end_of_a_from() -> None:
    shut = Tool(
        "shut", "", (Parameter("from_time", format="time"), Parameter("to_time", format="time"))
    )
    assert bounds(shut, "till 16:00, starting 13:30", from_time="16:00") == ("13:30", "16:00")


def test_days_as_well() -> None:
    text = "lend it from 2027-03-01 until 2027-03-09"
    assert bounds(LEND, text) == ("2027-03-01", "2027-03-09")


@pytest.mark.parametrize(
    "text",
    [
        "bake it at 07:30",
        "until 08:00 or until 09:00",
        "by 07:30",
        "the start of 2 at 07:30",
        "over 9000 at 07:30",
    ],
)
def test_other_words_say_nothing(text: str) -> None:
    said = "07:30" if "07:30" in text else "08:00"
    assert bounds(BAKE, text, start_time=said)[0] == "?"


def test_a_long_message_takes_no_long_time() -> None:
    began = time.process_time()
    for text in ("1" * 990, "1:" * 490, "until " * 160, "1. " * 330):
        bounds(BAKE, text)
    assert time.process_time() - began < 1
