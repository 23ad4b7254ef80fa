"""`make soak` in short, on a real gateway with its models: the ledger to the letter, memory roughly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.soak.endurance import Options, as_json, soak, verdicts
from tests.soak.failing import CLASSES

if TYPE_CHECKING:
    from tests.soak.stage import Stage

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]

MOST_MB = 30.0
"""Of a process, while it has hardly begun: what a minute tells of ten is not much."""


async def test_nothing_is_lost_and_nothing_is_left(running: Stage) -> None:
    """Each of 160 requests has the answer that is its own, and nothing stays open afterwards."""
    # As many at a time as a machine answers that has other things to do, too.
    options = Options(seconds=10, rate=8, callers=3, idle=2, failures=8)
    found = await soak(running, options)
    lines = verdicts(found)
    roughly = [line for line in lines if line.what.startswith("memory")]
    assert [line.shown() for line in lines if not line.held and line not in roughly] == []
    assert found.ledger.sent == 160
    assert {name: grown for name, grown in found.grown().items() if grown.grown > MOST_MB} == {}
    assert len(roughly) == len(running.pids()) == 5
    assert len(lines) == len(roughly) + 8 + len(CLASSES)
    assert json.loads(json.dumps(as_json(found, lines)))["lines"][0]["held"]
