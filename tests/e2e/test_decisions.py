"""The written conversations on a real Envoy with the real models, at the rates that stand.

Every row of mistakes has a rate that it must reach and a number of wrong POSTs that it must not
pass; both may only get better: who improves them writes the new figures here.
`python -m tests.e2e.decisions` prints the table and each mistake.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.e2e.decisions.play import ROWS, load, play
from tests.e2e.decisions.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

# Row: conversations that must be right in percent, wrong POSTs that are known.
RATES = dict.fromkeys(ROWS, (0, 99))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(tmp_path_factory.mktemp("decisions"), stack)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_does_what_must_be_done(stage: Stage, row: str) -> None:
    """Most conversations of a row go as they must, and nothing is changed that must not be."""
    outcomes = [play(case, stage.place(case.config)) for case in load(row)]
    right = 100 * sum(not outcome.wrong for outcome in outcomes) / len(outcomes)
    posts = [outcome.case.id for outcome in outcomes if outcome.posted]
    least, most = RATES[row]
    assert right >= least, [wrong for outcome in outcomes for wrong in outcome.wrong]
    assert len(posts) <= most, posts
