"""Targets that the models take for one another, found by what their own descriptions say.

A probe is a text that surely means one target: its description, or a message that somebody wrote for
it. Where another target ranks above it, or so close below that a word more would turn it, the two
are confusable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extproc.contract import Target

CLOSE: Final = 0.15
"""The margin of scores under which the better one is luck."""
_WORD: Final = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Probe:
    target: str
    text: str
    own: bool
    """The target's own description."""


@dataclass(frozen=True, slots=True)
class Confusion:
    probe: Probe
    other: str
    score: float
    """Of the target that is meant."""
    other_score: float

    @property
    def lost(self) -> bool:
        return self.other_score >= self.score


def probes(targets: Iterable[Target], messages: Mapping[str, Sequence[str]]) -> list[Probe]:
    """The description of every target that is chosen by its meaning, and what was written for it."""
    found = []
    for target in targets:
        if target.default:
            continue
        if target.description.strip():
            found.append(Probe(target.name, target.description.strip(), own=True))
        found += [Probe(target.name, text, own=False) for text in messages.get(target.name, ())]
    return found


def confusions(
    probed: Iterable[Probe], decisions: Iterable[Mapping[str, Any]]
) -> Iterator[Confusion]:
    """Each probe whose target does not stand out, with the target that stands beside it."""
    for probe, decision in zip(probed, decisions, strict=True):
        record = decision["record"]
        ranking = record["intent"]["ranking"] if record and record["intent"] else []
        scores = {each["name"]: each["score"] for each in ranking}
        others = {name: score for name, score in scores.items() if name != probe.target}
        if not others:
            continue
        other = max(others, key=lambda name: others[name])
        own = scores.get(probe.target, 0.0)
        if own - others[other] < CLOSE:
            yield Confusion(probe, other, own, others[other])


def shared_words(one: Target, other: Target) -> list[str]:
    """Words of both descriptions: what does not tell the two apart."""
    first, second = (dict.fromkeys(_words(each.description)) for each in (one, other))
    return [word for word in first if word in second]


def own_words(one: Target, other: Target) -> list[str]:
    """Words of the first alone: what could tell it apart, were it said louder."""
    second = set(_words(other.description))
    return [word for word in dict.fromkeys(_words(one.description)) if word not in second]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
