"""Scores to probabilities, and a threshold for an aim."""

from __future__ import annotations

import math
import random

import pytest

from controlplane.acceptance.calibration import (
    Curve,
    Scored,
    Share,
    TooFewError,
    fitted,
    proposed,
    scored,
)
from tests.unit.controlplane.acceptance.decided import case


def _drawn(count: int, slope: float, shift: float, seed: int = 1) -> list[Scored]:
    """Cases whose best target is right as often as a known curve says."""
    rng, curve = random.Random(seed), Curve(slope, shift)
    found = []
    for _ in range(count):
        score = rng.uniform(0.01, 0.99)
        right = rng.random() < curve.probability(score)
        found.append(Scored(score, right, wanted=right or rng.random() < 0.3))
    return found


def test_the_curve_is_found_again() -> None:
    """Fitted to many draws of a curve, it is that curve."""
    curve = fitted(_drawn(20_000, 1.7, -0.8))
    assert math.isclose(curve.slope, 1.7, abs_tol=0.1)
    assert math.isclose(curve.shift, -0.8, abs_tol=0.1)


def test_scores_that_separate_everything_do_not_run_away() -> None:
    """A curve through them is steep, and finite."""
    found = [Scored(0.9, True, True)] * 40 + [Scored(0.1, False, False)] * 40
    curve = fitted(found)
    assert curve.probability(0.9) > 0.98
    assert curve.probability(0.1) < 0.02


@pytest.mark.parametrize("aim", [0.8, 0.9, 0.95])
def test_the_aim_is_met_on_cases_never_seen(aim: float) -> None:
    """What is promised holds on new draws, within chance; and a lower aim acts on more."""
    proposal = proposed(_drawn(4000, 1.5, -0.5), aim)
    assert proposal
    new = [each for each in _drawn(20_000, 1.5, -0.5, seed=2) if each.score >= proposal.threshold]
    share = sum(each.right for each in new) / len(new)
    assert abs(share - aim) < 0.03
    low, high = proposal.right.interval
    assert low - 0.01 <= share <= high + 0.01


def test_a_higher_aim_acts_on_less() -> None:
    """That is the price."""
    found = _drawn(2000, 1.5, -0.5)
    shares = [each.acted.value for aim in (0.7, 0.85, 0.95) if (each := proposed(found, aim))]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == 3


def test_cases_of_one_score_stand_together() -> None:
    """A threshold that takes one of them takes all."""
    found = [Scored(0.9, True, True)] * 60 + [Scored(0.1, False, False)] * 40
    proposal = proposed(found, 0.95)
    assert proposal
    assert (proposal.threshold, proposal.right) == (0.9, Share(60, 60))


def test_an_aim_out_of_reach_has_no_threshold() -> None:
    """Where half are wrong at any score there is nothing to propose."""
    found = [Scored(0.8, bool(n % 2), bool(n % 2)) for n in range(100)]
    assert proposed(found, 0.95) is None


@pytest.mark.parametrize(("wanting", "none"), [(29, 90), (90, 29)])
def test_too_few_cases_say_nothing(wanting: int, none: int) -> None:
    """Thirty of each class at least."""
    found = [Scored(0.9, True, True)] * wanting + [Scored(0.1, False, False)] * none
    with pytest.raises(TooFewError, match="29 cases"):
        proposed(found, 0.9)


def test_intervals_are_wilsons() -> None:
    """A textbook's figures; and of nothing nothing is known."""
    low, high = Share(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Share(10, 10).interval[1] == 1.0


def test_only_cases_that_name_a_target_or_none_are_scored() -> None:
    """By the best of the ranking."""
    ranking = [{"name": "a", "score": 0.7}, {"name": "b", "score": 0.2}]
    decided = {"record": {"intent": {"ranking": ranking}}}
    cases = [case(target="a"), case(target="b"), case(target=None), case(guard="pass")]
    assert list(scored(cases, [decided] * 4)) == [
        Scored(0.7, True, True), Scored(0.7, False, True), Scored(0.7, False, False),
    ]  # fmt: skip
