"""Expectations rewritten in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.acceptance.cases import Suite, read_suite
from controlplane.acceptance.judging import judged
from controlplane.acceptance.updating import updated
from tests.unit.controlplane.acceptance.decided import decision

TEXT = """\
# A comment
tests:
  - id: one   # stays
    messages: [hi]
    expect:
      target: a
      args: {city: Oslo}

  - messages: [ho, [x, y]]
    expect: {target: b}   # this, too
  - messages: [last]
    expect: {target: null}
"""
DECIDED = decision("a", city="Rome", loud=True, defaults=("loud",))


def _suite(tmp_path: Path, text: str = TEXT) -> Suite:
    (tmp_path / "t.yaml").write_text(text)
    suite = read_suite(tmp_path / "t.yaml").suite
    assert suite
    return suite


def test_only_what_failed_is_rewritten(tmp_path: Path) -> None:
    """The keys that were expected, with what is so; all else to the letter as it was."""
    suite = _suite(tmp_path)
    right = decision(None)
    results = [judged(each, DECIDED if each.last != "last" else right) for each in suite.cases]
    text = updated(suite, results)
    assert text is not None
    assert text.splitlines() == [
        "# A comment", "tests:", "  - id: one   # stays", "    messages: [hi]", "    expect:",
        "      {target: a, args: {city: Rome}}", "", "  - messages: [ho, [x, y]]",
        "    expect: {target: a}   # this, too", "  - messages: [last]",
        "    expect: {target: null}",
    ]  # fmt: skip


def test_what_was_written_is_expected_from_then_on(tmp_path: Path) -> None:
    """Run again, all pass, and nothing is left to write."""
    suite = _suite(tmp_path)
    text = updated(suite, [judged(each, DECIDED) for each in suite.cases])
    assert text is not None
    again = _suite(tmp_path, text)
    results = [judged(each, DECIDED) for each in again.cases]
    assert all(each.passed for each in results)
    assert updated(again, results) is None


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_the_end_of_the_file_stays(tmp_path: Path, ending: str) -> None:
    """A last expectation in block style takes no line break with it."""
    suite = _suite(tmp_path, f"tests:\n  - messages: [hi]\n    expect:\n      target: b{ending}")
    text = updated(suite, [judged(each, DECIDED) for each in suite.cases])
    assert text == f"tests:\n  - messages: [hi]\n    expect:\n      {{target: a}}{ending}"
