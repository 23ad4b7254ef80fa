"""Where a message says a choice of an enum: by its name, or by a word that is nearly that.

The model says which choice is meant; this says which are there to be meant, and which of them are
said not to be taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import negated, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import choices

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.types import Message

# How sure a choice is that is said by its name, one of two likely ones, and a misspelt one.
SAID: Final = 0.8
LIKELY: Final = 0.6
_SLIP: Final = 0.3
_LONG: Final = 6
_STEM: Final = 4
_SHORTEST_PLURAL: Final = 3
# Longer messages are no plain wishes; what they say is the model's to find.
LONGEST: Final = 2000
# No more turns are in the models' sight.
MOST_TURNS: Final = 24
_WORD: Final = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a choice is said; `refused` where it is said not to be taken."""

    value: Any
    evidence: Evidence
    refused: bool = False


def named(parameter: Parameter, text: str, number: int) -> list[Mention]:
    """Where a text says choices of a parameter, in its order."""
    if len(text) > LONGEST:
        return []
    found = []
    matches = [*_names(tuple(map(str, parameter.enum))).finditer(text)]
    for match in matches:
        value = choices.meant(parameter.enum, match.group())
        evidence = Evidence(number, match.start(), match.end(), match.group(), SAID)
        refused = negated.is_refused(parameter, text, match.start()) or (
            match is not matches[-1] and negated.is_taken_back(text, match.end())
        )
        found.append(Mention(value, evidence, refused))
    return found


@lru_cache(maxsize=1024)
def _names(enum: tuple[str, ...]) -> re.Pattern[str]:
    """The choices as whole words, the longer ones first."""
    names = sorted(enum, key=len, reverse=True)
    forms = [r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name))) for name in names]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(forms)})(?![\w-]|\.\d)", re.IGNORECASE)


def inflected(parameter: Parameter, text: str, number: int) -> list[Mention]:
    """Where a text says choices of a parameter by their plurals: "500 euros"."""
    if len(text) > LONGEST:
        return []
    found = []
    for match in _plurals(tuple(map(str, parameter.enum))).finditer(text):
        value = choices.meant(parameter.enum, match["name"])
        evidence = Evidence(number, *match.span(), match.group(), SAID)
        found.append(Mention(value, evidence, negated.is_refused(parameter, text, match.start())))
    return found


@lru_cache(maxsize=1024)
def _plurals(enum: tuple[str, ...]) -> re.Pattern[str]:
    """The choices of letters with the ending of a plural, where that makes no other choice."""
    known = {name.casefold() for name in enum}
    names = [
        re.escape(name) for name in enum
        if len(name) >= _SHORTEST_PLURAL and name.isalpha() and f"{name.casefold()}s" not in known
    ]  # fmt: skip
    return re.compile(
        rf"(?<![\w.-])(?P<name>{'|'.join(names)})(?:e?s)(?![\w-])" if names else r"(?!)",
        re.IGNORECASE,
    )


def misspelt(
    parameter: Parameter, text: str, number: int, *, plurals: bool = False
) -> list[Mention]:
    """Where a word is nearly one choice alone, or nearly its plural."""
    if len(text) > LONGEST:
        return []
    found = []
    right = [(choices.plain(str(choice)), choice) for choice in parameter.enum]
    right += [(f"{plain}s", choice) for plain, choice in right if plurals and plain.isalpha()]
    for match in _WORD.finditer(text):
        said = choices.plain(match.group())
        near: dict[str, Any] = {
            str(choice): choice for plain, choice in right if choices.is_misspelt(plain, said)
        }
        if len(near) == 1:
            sure = LIKELY if len(match.group()) >= _LONG else _SLIP
            evidence = Evidence(number, match.start(), match.end(), match.group(), sure)
            refused = negated.is_refused(parameter, text, match.start())
            found.append(Mention(next(iter(near.values())), evidence, refused))
    return found


def is_free(evidence: Evidence, taken: Iterable[Evidence]) -> bool:
    return not any(map(evidence.overlaps, taken))


def placed(
    parameter: Parameter, reading: Reading, messages: Sequence[Message], newest: int
) -> Reading:
    """The reading of a choice with the newest place where it is said by its name.

    A choice that is said in its own words, or in a form of them, is sure.
    """
    for number in range(newest, max(newest - MOST_TURNS, -1), -1):
        message = messages[number]
        said = [
            each
            for each in named(parameter, message.content, number)
            if each.value == reading.value and not each.refused
        ]
        if said and message.role == "user" and not message.ours:
            sure = max(reading.evidence.confidence, SAID)
            return Reading(reading.value, replace(said[-1].evidence, confidence=sure))
        if number == reading.evidence.message and is_a_form(reading):
            return wording.sure_of(reading, SAID)
    return reading


def is_a_form(reading: Reading) -> bool:
    """Whether a word begins like one of the choice: `herbal` for herbs; a short one is whole."""
    words = re.findall(r"\w+", reading.evidence.text.casefold())
    return any(
        said.startswith(own[:_STEM]) if len(own) >= _STEM else said in {own, f"{own}s"}
        for own in re.findall(r"\w{3,}", str(reading.value).casefold())
        for said in words
    )
