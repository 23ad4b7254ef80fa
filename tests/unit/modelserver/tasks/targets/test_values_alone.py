"""Messages of values alone, and the one tool that they can mean."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import values_alone

CRANE = Tool(
    "lift_container", "",
    (
        Parameter("container", pattern="^C[0-9]{3}$", required=True),
        Parameter("berth", pattern="^B[0-9]$", required=True),
        Parameter("height", "number", "How high, in metres.", required=True),
    ),
)  # fmt: skip
SHIP = Tool(
    "berth_ship",
    "",
    (Parameter("ship", required=True), Parameter("berth", pattern="^B[0-9]$", required=True)),
)
WEIGH = Tool("weigh", "", (Parameter("container", pattern="^C[0-9]{3}$", required=True),))
TOOLS = (CRANE, SHIP, WEIGH)


@pytest.mark.parametrize(
    "text", ["C123 -> B4, 12 m", "C123, B4, 12 metres pls", "C123 von 12 m an B4 bitte", "12 m: C123 / B4 thx"]
)  # fmt: skip
def test_the_one_tool_that_takes_them_all(text: str) -> None:
    assert values_alone.meant(text, TOOLS) is CRANE


@pytest.mark.parametrize(
    "text",
    ["C123 -> B4", "C123", "weigh C123 at B4, 12 m", "C123 -> B4, 12 m, 7", "C123, C124, 12 m", "C123 -> B4, 12 kg",
     "not C123 -> B4, 12 m", "C123 at B4 was 12 m high", "hello", "C123 empty -> B4, 12 m"],
)  # fmt: skip
def test_what_lacks_a_value_or_says_more_means_none(text: str) -> None:
    assert values_alone.meant(text, TOOLS) is None


def test_what_two_tools_take_means_neither() -> None:
    twin = Tool("lower_container", "", CRANE.parameters)
    assert values_alone.meant("C123 -> B4, 12 m", (*TOOLS, twin)) is None


def test_a_long_message_takes_no_time() -> None:
    began = time.process_time()
    assert values_alone.meant("C123 " * 100_000, TOOLS) is None
    assert time.process_time() - began < 0.1
