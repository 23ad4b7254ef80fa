"""From scores to how likely the best target is the wanted one, and the threshold for a stated aim.

A logistic curve over the score's logit is fitted to cases whose wanted target is known. A threshold
acts on what scores as much; the least one is proposed for which, by the curve, as many of the acts
are right as the aim asks. What that is worth is measured on cases that the curve and the threshold
were not fitted to: each fifth of the cases by those of the other four.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from controlplane.acceptance.cases import Case

FEWEST: Final = 30
"""Cases of each class, of which less can be said than a guess."""
FOLDS: Final = 5
_STEPS: Final = 50
_RIDGE: Final = 0.01
_EDGE: Final = 1e-4
_Z: Final = 1.96
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """The best target's score; whether that is the wanted target, and whether any is wanted."""

    score: float
    right: bool
    wanted: bool


@dataclass(frozen=True, slots=True)
class Curve:
    slope: float
    shift: float

    def probability(self, score: float) -> float:
        return _sigmoid(self.slope * _logit(score) + self.shift)


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many, with the 95 % interval of the share."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's."""
        if not self.of:
            return 0.0, 1.0
        spread = _Z * _Z / self.of
        middle = (self.value + spread / 2) / (1 + spread)
        half = _Z / (1 + spread) * math.sqrt(
            self.value * (1 - self.value) / self.of + spread / (4 * self.of)
        )  # fmt: skip
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Proposal:
    threshold: float
    right: Share
    """Of those acted on, on cases left out of the fit."""
    acted: Share
    """Of those that want a target, likewise."""


class TooFewError(Exception):
    """Not enough cases of a class to say anything."""


def scored(cases: Iterable[Case], decisions: Iterable[Mapping[str, Any]]) -> Iterator[Scored]:
    """Of the cases that say which target they want, or that they want none."""
    for case, decision in zip(cases, decisions, strict=True):
        record = decision["record"]
        ranking = record["intent"]["ranking"] if record and record["intent"] else []
        if "target" in case.expect and ranking:
            wanted = case.expect["target"]
            yield Scored(ranking[0]["score"], ranking[0]["name"] == wanted, wanted is not None)


def proposed(found: Sequence[Scored], aim: float) -> Proposal | None:
    """None where no threshold reaches the aim. Raises `TooFewError`."""
    for wanted, what in ((True, "that want a target"), (False, "that want none (target: null)")):
        have = sum(each.wanted is wanted for each in found)
        if have < FEWEST:
            raise TooFewError(f"{have} cases {what}; {FEWEST} are the least to calibrate by")
    threshold = _threshold(found, aim)
    if threshold is None:
        return None
    acts: list[Scored] = []
    for fold in range(FOLDS):
        rest = [each for place, each in enumerate(found) if place % FOLDS != fold]
        limit = _threshold(rest, aim)
        if limit is not None:
            acts += [each for each in found[fold::FOLDS] if each.score >= limit]
    wanted_acts = sum(each.wanted for each in acts)
    return Proposal(
        threshold,
        right=Share(sum(each.right for each in acts), len(acts)),
        acted=Share(wanted_acts, sum(each.wanted for each in found)),
    )


def fitted(found: Sequence[Scored]) -> Curve:
    """Newton's method; a little ridge keeps scores that separate everything from running away."""
    slope, shift = 1.0, 0.0
    points = [(_logit(each.score), float(each.right)) for each in found]
    for _ in range(_STEPS):
        gradient, hessian = [_RIDGE * (slope - 1.0), _RIDGE * shift], [_RIDGE, 0.0, _RIDGE]
        for x, y in points:
            p = _sigmoid(slope * x + shift)
            weight = p * (1 - p)
            gradient = [gradient[0] + (p - y) * x, gradient[1] + (p - y)]
            hessian = [hessian[0] + weight * x * x, hessian[1] + weight * x, hessian[2] + weight]
        determinant = hessian[0] * hessian[2] - hessian[1] ** 2
        step = (
            (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
            (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
        )
        # A step too long overshoots where the curve is flat.
        length = max(1.0, abs(step[0]), abs(step[1]))
        slope, shift = slope - step[0] / length, shift - step[1] / length
    return Curve(slope, shift)


def _threshold(found: Sequence[Scored], aim: float) -> float | None:
    """The least score from which on the acts are, by the curve, as often right as the aim asks."""
    curve = fitted(found)
    best, total, count = None, 0.0, 0
    for score, alike in sorted(Counter(each.score for each in found).items(), reverse=True):
        # Cases of one score are acted on together.
        total, count = total + alike * curve.probability(score), count + alike
        if total / count >= aim:
            best = score
    # A hair lower, so that the case it was read off is acted on after rounding, too.
    return None if best is None else math.floor(best * 10**_SHOWN) / 10**_SHOWN


def _logit(score: float) -> float:
    inside = min(1 - _EDGE, max(_EDGE, score))
    return math.log(inside / (1 - inside))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
