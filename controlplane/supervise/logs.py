"""Log files that stay small: one over `LARGEST` becomes `NAME.log.1`, and begins anew.

Who writes by the file's name, Envoy and we ourselves, opens it again when it has been moved; until
then lines go into the moved file, and none is lost. A child's own output goes where it went when the
child began, so there the content moves: what is written between the copy and the emptying is lost.
Where the copy finds no room, such a log is emptied all the same: a full disk is what this is to
prevent.

SIGUSR1 says that somebody else, logrotate say, has moved the files.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.defaults import USAGE_FILES_KEPT
from controlplane.supervise.envoy.admin import Admin, AdminError
from controlplane.supervise.private import appending

if TYPE_CHECKING:
    from collections.abc import Collection

    from controlplane.home_paths import Home
    from controlplane.supervise.processes.children import Children

log = logging.getLogger("archgw")

LARGEST = 32 << 20
_EVERY = 5.0
_OUTPUTS = (1, 2)


class Logs:
    def __init__(self, home: Home, children: Children) -> None:
        self._folder = home.logs
        self._kept = {home.usage_log.name: USAGE_FILES_KEPT}
        self._own = home.logs / "supervisor.log"
        self._is_ours = is_at(_OUTPUTS[-1], self._own)
        """Not where the supervisor runs in a terminal."""
        self._admin = Admin(home.admin_socket)
        self._children = children
        self._envoy_is_behind = False
        """It writes into a file that was moved."""
        self._moving = asyncio.Lock()

    async def keep_small(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            async with self._moving:
                await self._turn_large()

    async def _turn_large(self) -> None:
        held = {path.name for _, path in self._children.logs()}
        if await asyncio.to_thread(turn_large, self._folder, held, self._kept):
            self._envoy_is_behind = True
        self._reopen_own()
        if self._envoy_is_behind:
            await self._reopen_envoy()

    async def reopen(self) -> None:
        """All of them, wherever the files are now."""
        async with self._moving:
            self._reopen_own()
            for descriptor, path in self._children.logs():
                await asyncio.to_thread(put_back, descriptor, path)
            await self._reopen_envoy()
        log.info("the logs have been opened anew")

    def _reopen_own(self) -> None:
        if self._is_ours and not is_at(_OUTPUTS[-1], self._own):
            with contextlib.suppress(OSError), appending(self._own) as file:
                for descriptor in _OUTPUTS:
                    os.dup2(file.fileno(), descriptor)

    async def _reopen_envoy(self) -> None:
        """Without an Envoy that answers, until there is one: it may be starting again."""
        if not any(path.stem == "envoy" for _, path in self._children.logs()):
            self._envoy_is_behind = False  # a model server alone
            return
        try:
            await self._admin.post("/reopen_logs")
        except AdminError as error:
            log.warning("Envoy could not be told to open its logs anew: %s", error)
        else:
            self._envoy_is_behind = False


def is_at(descriptor: int, path: Path) -> bool:
    """Whether what is written there is found under that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def turn_large(
    folder: Path, held: Collection[str], kept: dict[str, int], largest: int = LARGEST
) -> bool:
    """Whether a file was moved. `held`: those whose writers cannot open them again."""
    moved = False
    for file in folder.glob("*.log"):
        try:
            found = file.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size <= largest:
                continue
            if file.name in held:
                _move_content(file)
            else:
                _move(file, kept.get(file.name, 1))
                moved = True
        except OSError as error:
            log.warning("%s: cannot be made small: %s", file, error.strerror)
    return moved


def _aside(file: Path, number: int = 1) -> Path:
    return file.with_name(f"{file.name}.{number}")


def _move(file: Path, kept: int) -> None:
    for number in range(kept - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            _aside(file, number).replace(_aside(file, number + 1))
    file.replace(_aside(file))
    with contextlib.suppress(OSError):  # so that nobody misses it until its next line
        appending(file).close()


def _move_content(file: Path) -> None:
    older = _aside(file)
    older.unlink(missing_ok=True)
    try:
        shutil.copyfile(file, older)
    except OSError:
        with contextlib.suppress(OSError):
            older.unlink()
    os.truncate(file, 0)


def put_back(descriptor: int, path: Path) -> None:
    """Where a log was moved from under its writer: back comes the file, its content stays there.

    Where there is no room for a copy all of it comes back: it is as if nobody had moved it.
    """
    held = os.fstat(descriptor)
    if not stat.S_ISREG(held.st_mode) or is_at(descriptor, path):
        return
    if not held.st_nlink:
        log.warning("%s was removed; its lines are lost until its writer starts again", path)
        return
    moved = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    copy = moved.with_name(f"{moved.name}.copy")
    try:
        try:
            shutil.copyfile(moved, copy)
        except OSError:
            copy.unlink(missing_ok=True)
        else:
            os.truncate(moved, 0)
        moved.replace(path)
        with contextlib.suppress(FileNotFoundError):
            copy.replace(moved)
    except OSError as error:
        log.warning("%s: cannot be opened anew: %s", path, error.strerror)
