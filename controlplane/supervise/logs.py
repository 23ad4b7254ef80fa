"""Log files that stay small: one that is over `LARGEST` becomes `NAME.log.1` and begins anew.

Whoever writes keeps the file open, always at its end. So it is the content that moves: it is
copied, and the file emptied. What is written between the two is lost. Where the copy finds no
room, the log is emptied all the same: a full disk is what this is to prevent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import stat
from pathlib import Path

log = logging.getLogger("archgw")

LARGEST = 32 << 20
_EVERY = 5.0


async def keep_small(folder: Path) -> None:
    """Until it is cancelled."""
    while True:
        await asyncio.sleep(_EVERY)
        await asyncio.to_thread(turn_large, folder)


def turn_large(folder: Path, largest: int = LARGEST) -> None:
    for file in folder.glob("*.log"):
        try:
            found = file.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_size > largest:
                _turn(file)
        except OSError as error:
            log.warning("%s: cannot be made small: %s", file, error.strerror)


def _turn(file: Path) -> None:
    older = file.with_name(f"{file.name}.1")
    older.unlink(missing_ok=True)
    try:
        shutil.copyfile(file, older)
    except OSError:
        with contextlib.suppress(OSError):
            older.unlink()
    os.truncate(file, 0)
