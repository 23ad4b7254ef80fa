"""Logs that grew too large: what is kept of them, and what is not touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.supervise.logs import turn_large

if TYPE_CHECKING:
    import pytest


def test_the_older_half_is_kept_once(tmp_path: Path) -> None:
    """One older file for each log; small logs and what is no log stay as they are."""
    for name in ("a.log", "small.log", "a.txt"):
        (tmp_path / name).write_text("x" if name == "small.log" else "x" * 100)
    with (tmp_path / "a.log").open("ab") as writer:
        for _ in range(2):
            turn_large(tmp_path, 50)
            writer.write(b"y" * 60)
            writer.flush()
    assert (tmp_path / "a.log").read_text() == "y" * 60
    assert (tmp_path / "a.log.1").read_text() == "y" * 60
    assert {path.name for path in tmp_path.iterdir()} == {"a.log", "a.log.1", "small.log", "a.txt"}


def test_no_room_for_the_copy_empties_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: keeping the old lines would keep it so."""

    def full(_source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    (tmp_path / "a.log").write_text("x" * 100)
    turn_large(tmp_path, 50)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.log", "")]


def test_a_link_is_left_alone(tmp_path: Path) -> None:
    """A link may lead to somebody else's file."""
    other = tmp_path / "other"
    other.write_text("x" * 100)
    (tmp_path / "a.log").symlink_to(other)
    turn_large(tmp_path, 50)
    assert other.read_text() == "x" * 100
