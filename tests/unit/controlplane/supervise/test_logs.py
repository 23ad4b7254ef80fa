"""Logs that grew too large, or were moved: what is kept of them, and what is not touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controlplane.supervise.logs import put_back, turn_large

if TYPE_CHECKING:
    from typing import IO

HELD = {"a.log"}


def test_what_is_held_open_moves_by_content(tmp_path: Path) -> None:
    """One older file for each log; small logs and what is no log stay as they are."""
    for name in ("a.log", "small.log", "a.txt"):
        (tmp_path / name).write_text("x" if name == "small.log" else "x" * 100)
    with (tmp_path / "a.log").open("ab") as writer:
        for _ in range(2):
            assert not turn_large(tmp_path, HELD, {}, 50)
            writer.write(b"y" * 60)
            writer.flush()
    assert (tmp_path / "a.log").read_text() == "y" * 60
    assert (tmp_path / "a.log.1").read_text() == "y" * 60
    assert {path.name for path in tmp_path.iterdir()} == {"a.log", "a.log.1", "small.log", "a.txt"}


def test_what_is_opened_by_name_is_moved(tmp_path: Path) -> None:
    """Nothing of it is lost: its writer goes on in the moved file until it opens the new one."""
    file = tmp_path / "access.log"
    file.write_text("x" * 100)
    with file.open("ab") as writer:
        assert turn_large(tmp_path, HELD, {}, 50)
        writer.write(b"y")
    assert (tmp_path / "access.log.1").read_text() == "x" * 100 + "y"
    assert file.read_text() == ""
    assert file.stat().st_mode & 0o777 == 0o600


def test_as_many_are_kept_as_are_wanted(tmp_path: Path) -> None:
    """The newest of them, in order."""
    file = tmp_path / "usage.log"
    for number in range(5):
        file.write_text(f"{number}" * 100)
        assert turn_large(tmp_path, HELD, {"usage.log": 3}, 50)
    found = {path.name: path.read_text()[:1] for path in tmp_path.iterdir()}
    assert found == {"usage.log": "", "usage.log.1": "4", "usage.log.2": "3", "usage.log.3": "2"}


def _full(_source: Path, target: Path) -> None:
    target.write_text("half")
    raise OSError(28, "No space left on device")


def test_no_room_for_the_copy_empties_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: keeping the old lines would keep it so."""
    monkeypatch.setattr(shutil, "copyfile", _full)
    (tmp_path / "a.log").write_text("x" * 100)
    turn_large(tmp_path, HELD, {}, 50)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.log", "")]


def test_a_link_is_left_alone(tmp_path: Path) -> None:
    """A link may lead to somebody else's file."""
    other = tmp_path / "other"
    other.write_text("x" * 100)
    for name in ("a.log", "access.log"):
        (tmp_path / name).symlink_to(other)
    turn_large(tmp_path, HELD, {}, 50)
    assert other.read_text() == "x" * 100


class TestMovedByOthers:
    """A log is renamed under a writer that cannot open another, as logrotate does it."""

    @pytest.fixture
    def writer(self, tmp_path: Path) -> IO[bytes]:
        return (tmp_path / "a.log").open("ab", buffering=0)

    @pytest.mark.parametrize("folder", ["", "old"])
    @pytest.mark.parametrize("made_anew", [False, True])
    def test_the_writer_goes_on_under_the_name(
        self, tmp_path: Path, writer: IO[bytes], folder: str, made_anew: bool
    ) -> None:
        """What it had written is where it was moved to."""
        writer.write(b"old")
        (tmp_path / folder).mkdir(exist_ok=True)
        moved = tmp_path / folder / "a.log-20261130"
        (tmp_path / "a.log").rename(moved)
        if made_anew:
            (tmp_path / "a.log").touch()
        put_back(writer.fileno(), tmp_path / "a.log")
        writer.write(b"new")
        assert (tmp_path / "a.log").read_text() == "new"
        assert moved.read_text() == "old"
        put_back(writer.fileno(), tmp_path / "a.log")
        assert (tmp_path / "a.log").read_text() == "new"

    def test_no_room(
        self, tmp_path: Path, writer: IO[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is lost, and nothing was moved."""
        monkeypatch.setattr(shutil, "copyfile", _full)
        writer.write(b"old")
        (tmp_path / "a.log").rename(tmp_path / "a.log.1")
        put_back(writer.fileno(), tmp_path / "a.log")
        writer.write(b"new")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
            ("a.log", "oldnew")
        ]

    def test_removed(
        self, tmp_path: Path, writer: IO[bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        """There is no way back, which is told."""
        (tmp_path / "a.log").unlink()
        put_back(writer.fileno(), tmp_path / "a.log")
        assert "was removed" in caplog.text
        assert not list(tmp_path.iterdir())

    def test_no_file_at_all(self, tmp_path: Path) -> None:
        """A child whose log could not be opened writes to nowhere."""
        with open(os.devnull, "ab") as nowhere:
            put_back(nowhere.fileno(), tmp_path / "a.log")
        assert not list(tmp_path.iterdir())
