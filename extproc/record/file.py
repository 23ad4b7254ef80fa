"""Records as JSON lines in a file that several processes share, and that is put aside by size.

One line is one write at the file's end, so lines of two processes do not mix. Whoever finds the
file too big moves it aside, under a lock; the others see by its inode that it is another one.
What cannot be written is an `OSError`, for the caller to bear.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 16 << 20
_KEPT: Final = 4
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class RecordFile:
    def __init__(self, path: Path, most_bytes: int = _MOST_BYTES, kept: int = _KEPT) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._kept = kept
        self._file = -1

    def write(self, record: bytes) -> None:
        line = record + b"\n"
        self._reopen()
        if not self._has_room(line):
            self._put_aside(line)
        os.write(self._file, line)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _reopen(self) -> None:
        """The file that has the name now: another process may have moved the old one."""
        if self._file >= 0:
            try:
                there = os.stat(self._path, follow_symlinks=False)
            except FileNotFoundError:
                there = None
            if there is not None and os.path.samestat(there, os.fstat(self._file)):
                return
            self.close()
        self._file = os.open(self._path, _FLAGS, 0o600)

    def _has_room(self, line: bytes) -> bool:
        return os.fstat(self._file).st_size + len(line) <= self._most_bytes

    def _put_aside(self, line: bytes) -> None:
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), _FLAGS, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._reopen()
            if not self._has_room(line):
                for number in range(self._kept - 1, 0, -1):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(self._aside(number), self._aside(number + 1))
                os.replace(self._path, self._aside(1))
                self._reopen()
        finally:
            os.close(lock)

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
