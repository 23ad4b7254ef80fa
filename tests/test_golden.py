"""Golden cases come out as they are written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden import RENDERINGS, cases, environment, expected_files, orphans

EXPECTED = [(case, name) for case in cases() for name in expected_files(case)]


@pytest.mark.parametrize(
    ("case", "name"), EXPECTED, ids=[f"{case.name}/{name}" for case, name in EXPECTED]
)
def test_golden(case: Path, name: str) -> None:
    """What comes of a case is what its folder says, to the letter."""
    expected = (case / name).read_text(encoding="utf-8")
    assert RENDERINGS[name](case, environment(case)) == expected


def test_each_case_expects_something() -> None:
    """A case without an expected file would test nothing."""
    assert [case.name for case in cases() if not expected_files(case)] == []


def test_no_orphans() -> None:
    """Every file in a folder is a case's input or is compared; no case has lost its input."""
    assert orphans() == []


def test_differences_are_there() -> None:
    """A case held against another one differs from it."""
    compared = [case for case, name in EXPECTED if name == "envoy.diff"]
    assert [case.name for case in compared if not (case / "envoy.diff").stat().st_size] == []
