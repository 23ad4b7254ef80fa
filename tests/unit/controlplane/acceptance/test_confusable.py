"""Targets that do not stand out from one another."""

from __future__ import annotations

from typing import Any

from controlplane.acceptance.confusable import (
    Probe,
    confusions,
    own_words,
    probes,
    shared_words,
)
from tests.playbook import target

HERE = target("here", description="Tells the weather of a city now.")
DAYS = target("days", description="Tells the weather of a city for some days.")


def _ranked(**scores: float) -> dict[str, Any]:
    ranking = [{"name": name, "score": score} for name, score in scores.items()]
    return {"record": {"intent": {"ranking": ranking}}}


def test_each_target_is_asked_for_by_its_description_and_by_what_was_written() -> None:
    """But for the default one, which no meaning chooses."""
    default = target("rest", default=True)
    found = probes([HERE, default, target("mute", description=" ")], {"here": ["sunny?"]})
    assert found == [
        Probe("here", "Tells the weather of a city now.", own=True),
        Probe("here", "sunny?", own=False),
    ]


def test_only_those_that_do_not_stand_out_are_told() -> None:
    """Ranked below another, or above it by luck; and by which."""
    probed = [Probe("here", text, own=False) for text in ("far", "near", "lost", "alone")]
    decided = [
        _ranked(here=0.9, days=0.1, third=0.2),
        _ranked(here=0.9, days=0.8, third=0.1),
        _ranked(days=0.9, here=0.3),
        _ranked(here=0.9),
    ]
    found = list(confusions(probed, decided))
    assert [(each.probe.text, each.other, each.lost) for each in found] == [
        ("near", "days", False), ("lost", "days", True),
    ]  # fmt: skip


def test_a_target_that_is_not_ranked_is_lost() -> None:
    """The models did not even think of it."""
    [found] = confusions([Probe("here", "x", own=True)], [_ranked(days=0.4)])
    assert (found.lost, found.score, found.other_score) == (True, 0.0, 0.4)


def test_words_tell_what_to_change() -> None:
    """What both say, and what one alone says."""
    assert shared_words(HERE, DAYS) == ["tells", "the", "weather", "city"]
    assert own_words(DAYS, HERE) == ["for", "some", "days"]
