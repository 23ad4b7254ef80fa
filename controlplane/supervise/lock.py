"""One gateway per home: an flock that the kernel releases whatever ends the holder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.supervise.processes.process import Identity, own

if TYPE_CHECKING:
    from pathlib import Path


class HeldError(Exception):
    """Another gateway runs in this home."""

    def __init__(self, home: Path, holder: Holder | None) -> None:
        self.holder = holder
        who = f" (pid {holder.identity.pid}, config {holder.config})" if holder else ""
        super().__init__(
            f"a gateway already runs in {home}{who}; `archgw reload` applies a changed config,"
            " `archgw down` stops it, `--home DIR` runs a second one beside it"
        )


@dataclass(frozen=True, slots=True)
class Holder:
    identity: Identity
    config: str


class Lock:
    """Held from `take` until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def take(self, config: str) -> None:
        while True:
            descriptor = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise HeldError(self._path.parent, holder(self._path)) from None
            if self._is_current(descriptor):
                break
            # `release` removed the file between our open and our flock: this lock is on a
            # file nobody else will ever see.
            os.close(descriptor)
        self._descriptor = descriptor
        me = own()
        os.ftruncate(descriptor, 0)
        content = {"pid": me.pid, "started": me.started, "config": config}
        os.pwrite(descriptor, json.dumps(content).encode(), 0)

    def release(self) -> None:
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))


def is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link: no lock of ours
            return False
        raise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> Holder | None:
    """Who wrote the lock file last; None if nobody has finished writing it."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(path.read_text("utf-8"))
        identity = Identity(int(content["pid"]), int(content["started"]))
        return Holder(identity, str(content["config"]))
    return None
