"""The table itself: no row is missing, and every test that it names is there."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.heard import Heard
from tests.faults.rows import LAST, ROWS, Row
from tests.faults.verdicts import Listening

TESTS = Path(__file__).parents[1]


def test_every_row_is_there_once() -> None:
    """From 1 to the last, in their order."""
    assert [row.number for row in ROWS] == list(range(1, LAST + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_every_test_of_a_row_exists(row: Row) -> None:
    """Each once; a row that nothing holds says why, and names the nearest check."""
    assert row.tests
    assert [test for test, times in Counter(row.tests).items() if times > 1] == []
    assert [test for test in row.tests if not _exists(test)] == []


def test_every_test_of_faults_is_of_a_row() -> None:
    """A test here that no row names would not be in the table."""
    named = {test for row in ROWS for test in row.tests}
    here = {
        f"faults/{file.name}::{name}"
        for file in TESTS.glob("faults/test_*.py")
        if file != Path(__file__)
        for name in _names(file)
    }
    assert here <= named


def test_what_takes_long_says_why() -> None:
    """`make check` leaves it out, and a reader has to know what for."""
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for mark in node.decorator_list:
                    named = ast.unparse(mark)
                    assert named != "pytest.mark.long", f"{file}: {node.name} says no reason"


def test_verdicts() -> None:
    """A row is over with its last test; one failure is enough, and what never ran is one."""
    rows = [Row(1, "a", "", ("x", "y")), Row(2, "b", "", ("y",)), Row(3, "c", "", ("z",))]
    heard = [
        Heard("x", seconds=1, figures=["1 of 9"]),
        Heard("y", "skipped", 1, words="no Redis"),
        Heard("y", "failed", 1, words="it broke"),
        Heard("w"),
    ]
    verdicts = {each.row.number: each for each in Listening(rows).verdicts(heard)}
    assert [each.held for each in verdicts.values()] == ["no", "no", "not run"]
    assert verdicts[1].cells == ("1", "no", "a", "1 of 9", "3.0")
    assert verdicts[2].words == ["y: no Redis", "y: it broke"]
    assert verdicts[3].words == ["z: did not run"]
    again = verdicts[2].again([Heard("y", figures=["9 s"])])
    assert (again.held, again.figures) == ("yes", "9 s (at the second try)")
    held = Listening(rows[:1]).verdicts([Heard("x"), Heard("y", "skipped", words="no")])
    assert [each.held for each in held] == ["in part"]


def test_report() -> None:
    """Each row is in it, with how busy the machine was; one that was never run is told to be so."""
    found = report.text({1: report.Last("yes", "1 of 9 | lost", 2.0, "a day", 0.5, ("why",))})
    assert f"1 of {LAST} rows hold" in found
    assert f"| 1 | yes | {ROWS[0].fault} | 1 of 9 \\| lost | 2.0 | 0.5 | a day |" in found
    assert "- 1: why" in found
    assert found.count("| not run |") == LAST - 1


def _exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return (TESTS / file).exists() and name in set(_names(TESTS / file))


def _names(file: Path) -> Iterator[str]:
    for node in _tree(file).body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}::{name}" for name in _tests(node.body))
    yield from _tests(_tree(file).body)


def _tests(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            yield node.name


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))
