"""Records in a file: shared by processes, and put aside by size."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from extproc.record.file import RecordFile


def _lines(folder: Path) -> list[bytes]:
    found = [each.read_bytes() for each in folder.iterdir() if each.name.startswith("d.jsonl")]
    return sorted(b"".join(found).splitlines())


def test_two_writers_share_a_file_and_its_turns(tmp_path: Path) -> None:
    """Each line is whole, and none is lost while the file is put aside again and again."""
    path = tmp_path / "d.jsonl"
    readers, kept = [RecordFile(path, 2000, 100) for _ in range(2)], []
    for number in range(400):
        kept.append(json.dumps({"number": number}).encode())
        readers[number % 2].write(kept[-1])
    assert _lines(tmp_path) == sorted(kept)
    assert len(list(tmp_path.glob("d.jsonl.*"))) > 2
    assert all(each.stat().st_size <= 2000 for each in tmp_path.iterdir())


def test_processes_share_a_file(tmp_path: Path) -> None:
    """As above, with real processes at once."""
    path = tmp_path / "d.jsonl"
    pids = []
    for process in range(3):
        pid = os.fork()
        if not pid:
            file = RecordFile(path, 4000, 1000)
            for number in range(300):
                file.write(f"{process} {number}".encode())
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert _lines(tmp_path) == sorted(f"{p} {n}".encode() for p in range(3) for n in range(300))


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    """The oldest goes."""
    file = RecordFile(tmp_path / "d.jsonl", 10, 2)
    for number in range(9):
        file.write(f"line {number}".encode())
    assert _lines(tmp_path) == [b"line 6", b"line 7", b"line 8"]


def test_nobody_else_reads_it_and_no_link_leads_astray(tmp_path: Path) -> None:
    """It may hold prompts; and a planted link must not make it append to another file."""
    RecordFile(tmp_path / "d.jsonl").write(b"x")
    assert (tmp_path / "d.jsonl").stat().st_mode & 0o077 == 0
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        RecordFile(tmp_path / "link").write(b"x")
    assert (tmp_path / "other").read_bytes() == b""
