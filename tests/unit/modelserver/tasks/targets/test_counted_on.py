"""Days that are counted from the one that was spoken of."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import counted_on
from modelserver.tasks.types import Call, Evidence, Message, Occasion

TIDES = Tool(
    "get_tides",
    "",
    (Parameter("port", required=True), Parameter("day", format="date", required=True)),
)
OCCASION = Occasion(dt.date(2026, 11, 30))
WAS = Call(
    "get_tides", {"port": "Brest", "day": "2027-03-30"}, (),
    {"port": Evidence(0, 9, 14, "Brest", 0.9), "day": Evidence(0, 18, 28, "2027-03-30", 0.9)},
)  # fmt: skip


def after(text: str, *, answer: str = "High at noon.", call: Call = WAS) -> Call:
    talk = [
        Message("user", "tides in Brest on 2027-03-30"), Message("assistant", answer),
        Message("user", text),
    ]  # fmt: skip
    return counted_on.from_there(call, TIDES, talk, OCCASION)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("and the day after?", "2027-03-31"), ("the next day please", "2027-03-31"), ("and two days later?", "2027-04-01"),
        ("what about the day before", "2027-03-29"), ("a week earlier", "2027-03-23"), ("3 weeks later", "2027-04-20"),
        ("und am Tag danach?", "2027-03-31"), ("et le lendemain ?", "2027-03-31"), ("¿y el día anterior?", "2027-03-29"),
        ("e il giorno dopo?", "2027-03-31"), ("e no dia seguinte?", "2027-03-31"), ("en de dag erna?", "2027-03-31"),
        ("und eine Woche später?", "2027-04-06"), ("the previous week", "2027-03-23"),
    ],
)  # fmt: skip
def test_from_the_day_spoken_of(text: str, day: str) -> None:
    """On and back, by days and weeks, over the end of a month, in seven languages."""
    found = after(text)
    assert found.arguments == {"port": "Brest", "day": day}
    said = found.evidence["day"]
    assert said.message == 2
    assert text[said.start : said.end] == said.text


@pytest.mark.parametrize(
    "text",
    ["the day after tomorrow", "the day after the storm", "and the week after Easter?", "later", "and Calais?"],
)  # fmt: skip
def test_other_days_are_counted_from_elsewhere(text: str) -> None:
    assert after(text) == WAS


def test_an_own_day_of_the_message_holds() -> None:
    own = {**WAS.evidence, "day": Evidence(2, 22, 32, "2027-05-01", 0.9)}
    said = Call("get_tides", {"port": "Brest", "day": "2027-05-01"}, (), own)
    assert after("not the day after, on 2027-05-01", call=said) == said


def test_a_day_that_an_answer_told_is_a_guess() -> None:
    """Who asks for the day after may mean another one."""
    sure = after("the day after?").evidence["day"].confidence
    assert after("the day after?", answer="Next: 2027-04-02.").evidence["day"].confidence < sure


def test_what_was_lacking_lacks_no_more() -> None:
    lacking = Call("get_tides", {"port": "Brest"}, ("day",), {"port": WAS.evidence["port"]})
    assert after("the day after?", call=lacking).missing == ()


def test_nothing_spoken_of_is_nothing_to_count_from() -> None:
    talk = [Message("user", "tides in Brest"), Message("user", "and the day after?")]
    bare = Call("get_tides", {"port": "Brest"}, ("day",), {"port": WAS.evidence["port"]})
    assert counted_on.from_there(bare, TIDES, talk, OCCASION) == bare


def test_a_long_message_takes_no_time() -> None:
    began = time.process_time()
    for text in ("the day " * 100_000, "two " * 200_000, "a week" + " " * 500_000):
        after(text)
    assert time.process_time() - began < 0.5
