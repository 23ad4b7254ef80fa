"""Outputs of a targets model that says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelserver.tasks.targets.layout import Layout, Layouts, options
from modelserver.tasks.targets.reading import OPTION, SEVERAL, TOOL
from modelserver.tasks.types import Message, Output
from modelserver.tokenization import Tokenizer

if TYPE_CHECKING:
    from modelserver.schema import Tool

TOKENIZER = Path(__file__).parents[3] / "modelserver/weights/targets/tokenizer.json"


def tokenizer() -> Tokenizer:
    """The tokenizer that ships."""
    return Tokenizer.load(TOKENIZER)


def layouts() -> Layouts:
    """Layouts with the tokenizer that ships."""
    return Layouts(tokenizer())


def user(*texts: str) -> tuple[Message, ...]:
    """A conversation of user and assistant by turns, the user last."""
    count = len(texts)
    roles = ["assistant" if (count - k) % 2 == 0 else "user" for k in range(count)]
    return tuple(Message(role, text) for role, text in zip(roles, texts, strict=True))


def told(
    layout: Layout, messages: Sequence[Message], tools: Sequence[Tool], *,
    wanted: Mapping[str, float] | None = None, several: Sequence[str] = (),
    said: Mapping[str, Any] | None = None, margin: float = 4.0,
) -> Output:  # fmt: skip
    """Outputs that want these tools, and find these words for these parameters.

    `said` maps a parameter to the words it is said with (a list for several), or an option to
    `{option: words}`.
    """
    marks, tokens = len(layout.marks), len(layout.row)
    scores = np.zeros((marks, 6), np.float32)
    starts = np.full((marks, tokens), -6.0, np.float32)
    ends = starts.copy()
    scores[:, OPTION] = -6.0
    found = dict(said or {})
    for marker, mark in enumerate(layout.marks):
        tool = tools[mark.tool]
        if mark.kind == "tool":
            scores[marker, TOOL] = (wanted or {}).get(tool.name, -4.0)
            scores[marker, SEVERAL] = 4.0 if tool.name in several else -4.0
            continue
        parameter = tool.parameters[mark.parameter]
        words = found.get(parameter.name, [])
        if mark.kind == "option":
            chosen = options(parameter)[mark.option]
            if not isinstance(words, dict) or chosen not in words:
                continue
            scores[marker, OPTION] = margin
            words = words[chosen]
        elif isinstance(words, dict):
            continue
        for place, text in enumerate([words] if isinstance(words, str) else words):
            first, last = _place(layout, messages, text)
            starts[marker, first] = ends[marker, last] = margin - 0.01 * place
    return {
        "scores": scores, "starts": starts, "ends": ends,
        "none": np.float32(0.0), "embedding": np.zeros(384, np.float32),
    }  # fmt: skip


def _place(layout: Layout, messages: Sequence[Message], text: str) -> tuple[int, int]:
    """The first and last token of the last mention of a text."""
    for number in reversed(range(len(messages))):
        start = messages[number].content.rfind(text)
        if start >= 0:
            inside = [
                token.position
                for token in layout.tokens
                if token.message == number and token.start < start + len(text) and token.end > start
            ]
            return inside[0], inside[-1]
    raise AssertionError(text)
