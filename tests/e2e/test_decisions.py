"""The written conversations on a real Envoy with the real models, at the rates that stand.

Every row of mistakes has a rate that it must reach and a number of wrong POSTs that it must not
pass; both may only get better: who improves them writes the new figures here. Weights trained anew
may change places among the rows, as they did last; what they are judged by is `kept`, which nobody has read.
`python -m tests.e2e.decisions` prints the table and each mistake, `--set trades` those of eight
services more.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.e2e.decisions.play import HERE, ROWS, load, play, rows
from tests.e2e.decisions.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.e2e.decisions.play import Case

FURTHER = HERE / "trades"
SEALED = HERE / "sealed"

# Row: conversations that must be right in percent, and wrong POSTs that are known: none where a
# message denies, asks, refuses or chats. Two conversations and one POST of a row are left to the
# processors, whose int8 kernels differ.
RATES = {
    "after_a_call": (92, 0),
    "answers": (89, 0),
    "asked_about": (93, 0),
    "booleans": (93, 0),
    "change_of_mind": (91, 0),
    "direction": (92, 0),
    "follow_ups": (89, 0),
    "languages": (90, 1),
    "lists": (92, 0),
    "negation": (92, 0),
    "not_usable": (90, 0),
    "own_question": (92, 0),
    "refusal": (87, 0),
    "small_talk": (92, 0),
    "spelling": (92, 1),
    "two_wishes": (80, 1),
}


# Of the 186 conversations of `trades` 126 went right at first sight; rules were made of the rest.
TRADES = {
    "answers": (90, 0),
    "booleans": (88, 0),
    "direction": (90, 0),
    "lists": (75, 0),
    "refusal": (93, 0),
    "two_wishes": (90, 0),
}


# Of the 132 of `sealed`, of five services that no rule had been made of, 91 did, with three wrong POSTs;
# 123 with none by rules made of them, and 118 with one by weights that have been trained since.
SEALED_RATE = (86, 2)


# Of the 132 of `everyday`, plain sentences about five services, 123 did at first sight, with one wrong POST; of
# the 128 of `tester` 111 with none, of the 120 of `orders` 68 with eleven, of the 80 of `talks` 45 with two; of the
# 70 of `errands`, with the rules made of those, 46 with four.
WHOLE_RATES = {
    "everyday": (90, 1),
    "tester": (91, 1),
    "orders": (72, 2),
    "talks": (66, 1),
    "errands": (64, 2),
}
# Wrong POSTs in conversations in which nothing is wanted at the end; one of each is left to the processors.
# Before words were looked for that take back, leave or tell, they were 14 of 168 in `declined`.
UNWANTED = {"declined": 1, "unwanted": 1, "idle": 2, "calm": 1, "still": 1, "quiet": 1}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(tmp_path_factory.mktemp("sealed"), stack, SEALED)


@pytest.fixture(scope="module")
def trades(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(tmp_path_factory.mktemp("trades"), stack, FURTHER)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(tmp_path_factory.mktemp("decisions"), stack)


@pytest.mark.slow
@pytest.mark.alone  # twelve gateways at once
@pytest.mark.parametrize("row", ROWS)
def test_does_what_must_be_done(stage: Stage, row: str) -> None:
    """Most conversations of a row go as they must, and nothing is changed that must not be."""
    _is_right(stage, load(row), RATES[row])


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("row", rows(FURTHER))
def test_does_so_in_other_trades(trades: Stage, row: str) -> None:
    """So it is with services that no rule was first made for, and with people who type in haste."""
    _is_right(trades, load(row, FURTHER), TRADES[row])


@pytest.mark.slow
@pytest.mark.alone
def test_does_so_in_all_rows_at_once(sealed: Stage) -> None:
    """And so it is in every row, of few conversations each, in the terse words of hasty people."""
    _is_right(sealed, _all_of(SEALED), SEALED_RATE)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", WHOLE_RATES)
def test_does_what_plain_people_say(tmp_path: Path, name: str) -> None:
    """In plain sentences, as a tester would say it, with stories around it, over many turns."""
    with contextlib.ExitStack() as stack:
        stage = Stage(tmp_path, stack, HERE / name)
        _is_right(stage, _all_of(HERE / name), WHOLE_RATES[name])


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", UNWANTED)
def test_does_nothing_where_nothing_is_wanted(tmp_path: Path, name: str) -> None:
    """Denied in a hundred ways, taken back, asked about, told: no application hears of it."""
    with contextlib.ExitStack() as stack:
        stage = Stage(tmp_path, stack, HERE / name)
        outcomes = [play(case, stage.place(case.config)) for case in _all_of(HERE / name)]
    posts = [outcome.wrong for outcome in outcomes if outcome.posted]
    assert len(posts) <= UNWANTED[name], posts


def _all_of(folder: Path) -> list[Case]:
    return [case for row in rows(folder) for case in load(row, folder)]


def _is_right(stage: Stage, cases: Sequence[Case], rate: tuple[int, int]) -> None:
    outcomes = [play(case, stage.place(case.config)) for case in cases]
    right = 100 * sum(not outcome.wrong for outcome in outcomes) / len(outcomes)
    posts = [outcome.case.id for outcome in outcomes if outcome.posted]
    least, most = rate
    assert right >= least, [wrong for outcome in outcomes for wrong in outcome.wrong]
    assert len(posts) <= most, posts
