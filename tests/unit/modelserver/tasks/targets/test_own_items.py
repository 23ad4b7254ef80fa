"""Lists without the words of other parameters."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import own_items
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message
from modelserver.tasks.values import spoken

BREW = Tool(
    "brew", "",
    (
        Parameter("style", enum=("stout", "pale ale")), Parameter("hectolitres", "number"),
        Parameter("hops", "array", items="string"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seen", "style", "hops"),
    [
        ("20 hl pale ale with citra", "hl pale ale with citra", "pale ale", ["citra"]),
        ("12 hl stout, hops saaz + fuggles", "stout, hops saaz", "stout", ["saaz", "fuggles"]),
        ("hops: saaz, citra", "hops: saaz, citra", "", ["saaz", "citra"]),
        ("saaz and citra for a stout", "saaz and citra", "stout", ["saaz", "citra"]),
        ("saaz, citra, stout", "saaz, citra, stout", "stout", ["saaz", "citra"]),
        ("a stout", "stout", "stout", None),
    ],
)
def test_words_of_others_are_no_items(
    text: str, seen: str, style: str, hops: list[str] | None
) -> None:
    """A choice by its name, the unit of a number, the name of the list."""
    readings: dict[str, list[Reading]] = {"hops": [_reading(BREW.parameters[2], text, seen)]}
    if style:
        readings["style"] = [_reading(BREW.parameters[0], text, style)]
    kept = own_items.alone(BREW, readings, [Message("user", text)], UNTOLD)["hops"]
    assert [item for each in kept for item in spoken.items(BREW.parameters[2], [each.value])] == (
        hops or []
    )


def _reading(parameter: Parameter, text: str, words: str) -> Reading:
    at = text.index(words), text.index(words) + len(words)
    value: Any = words if parameter.enum else spoken.read(parameter, text, *at)
    return Reading(value, Evidence(0, *at, words, 0.7))
