"""The last message as the model is shown it: with its slips of the pen mended.

"Resart the ruoter" says nothing to a model that knows `restart` and `router`. A word that is nearly
one of the tools' own, and no word that people use every day, is shown as that; where a token stands
is told of the message as it was written, so that every value is read from there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import choices

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.targets.layout import Layout, Token
    from modelserver.tasks.types import Message

# Longer messages are no plain wishes.
_LONGEST: Final = 1000
_WORD: Final = re.compile(r"(?<![\w@./-])[^\W\d_]{4,}(?![\w@/-]|\.\w)")


@dataclass(frozen=True, slots=True)
class Mended:
    """The messages to show, and where the mended words of the last one of the user stand."""

    messages: Sequence[Message]
    number: int = 0
    words: tuple[tuple[int, int, int], ...] = ()
    """Where each begins and ends as written, and how much longer all is behind it as shown."""

    def placed(self, layout: Layout) -> Layout:
        """The layout, its tokens where they stand in the message as it was written."""
        if not self.words:
            return layout
        return replace(layout, tokens=tuple(map(self._placed, layout.tokens)))

    def _placed(self, token: Token) -> Token:
        if token.message != self.number:
            return token
        return replace(token, start=self._written(token.start), end=self._written(token.end))

    def _written(self, shown: int) -> int:
        """The place as written of one as shown; inside a mended word as far as that goes."""
        ends = [end + longer for _, end, longer in self.words]
        before = bisect_right(ends, shown)
        place = shown - (self.words[before - 1][2] if before else 0)
        if before < len(self.words):
            start, end, _ = self.words[before]
            return min(place, end) if place > start else place
        return place


def shown(messages: Sequence[Message], words: Mapping[str, Sequence[str]]) -> Mended:
    """The messages, the last one of the user with these words where they are misspelt."""
    number = types.newest(messages)
    if not messages or len(messages[number].content) > _LONGEST:
        return Mended(messages)
    text = messages[number].content
    parts: list[str] = []
    places: list[tuple[int, int, int]] = []
    at = longer = 0
    for match in _WORD.finditer(text):
        said = choices.plain(match.group())
        near = [word for word in words.get(said[:1], ()) if choices.is_misspelt(word, said)]
        if len(near) == 1 and said not in words.get(said[:1], ()):
            parts += text[at : match.start()], near[0]
            at = match.end()
            longer += len(near[0]) - len(match.group())
            places.append((*match.span(), longer))
    if not places:
        return Mended(messages)
    mended = replace(messages[number], content="".join((*parts, text[at:])))
    return Mended(
        [mended if n == number else each for n, each in enumerate(messages)], number, tuple(places)
    )


def of_choices(tools: Iterable[Tool]) -> dict[str, list[str]]:
    """The words of the tools' choices, by their first letter."""
    return _by_letter(
        word
        for tool in tools
        for parameter in tool.parameters
        for choice in map(str, parameter.enum)
        for word in choices.plain(choice).split()
    )


def of_everything(tools: Sequence[Tool]) -> dict[str, list[str]]:
    """The words of the tools' names, too, and of their parameters'."""
    names = [humanized(tool.name) for tool in tools]
    names += (humanized(p.name) for tool in tools for p in tool.parameters)
    chosen = (word for words in of_choices(tools).values() for word in words)
    return _by_letter(word for text in (*names, *chosen) for word in text.split())


def _by_letter(words: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in sorted({word for word in words if word.isalpha()}):
        found.setdefault(word[0], []).append(word)
    return found
