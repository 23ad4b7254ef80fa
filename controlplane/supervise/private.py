"""Memory, directories and files that are ours alone, where others may have been before us.

Who may write into a directory may put a link in the place of what we are about to write, and
who may write into one above it may put another directory in its place: so both are looked at
before anything is made or opened. Group members are not others: an administrator chose them.

In a container there are none, and a folder that Kubernetes gives it anybody may write; so its image
says that nobody else is on its file system, by a variable.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from controlplane.home_paths import Home


SOLE_USER = "ARCHGW_SOLE_USER"


_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Keys are in it: no core when it crashes, and no reading of it by the same user.

    That goes for this process. Envoy and the model server, which need keys as well, are other
    programs: for them the kernel forgets the second, and `leash` sees to the first.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class UnsafeError(Exception):
    """The directory cannot be trusted with a key."""


def private_home(home: Home) -> None:
    for directory in (home.folder, home.run, home.logs):
        private_directory(directory)


def private_directory(path: Path) -> None:
    """Makes it 0700 and ours, or refuses: a link or another user's directory is a trap."""
    if not os.environ.get(SOLE_USER):
        _check_above(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeError(f"{path} is not a directory; remove it or choose another --home")
    if found.st_uid != os.geteuid():
        raise UnsafeError(f"{path} belongs to another user; choose another --home")
    if found.st_mode & stat.S_IWOTH and any(path.iterdir()):
        raise UnsafeError(
            f"anybody may have put files into {path}; remove it or choose another --home"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)


def _check_above(path: Path) -> None:
    """As written and as links lead: whoever may change the way chooses where it ends."""
    led = Path(os.path.realpath(path.parent))
    for directory in {*path.parents, led, *led.parents}:
        try:
            found = directory.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid not in (0, os.geteuid()):
            raise UnsafeError(
                f"{directory}, above {path}, belongs to another user; choose another --home"
            )
        open_to_all = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH
        if open_to_all and not found.st_mode & stat.S_ISVTX:
            raise UnsafeError(
                f"anybody may put another directory in the place of {path}: "
                f"`chmod o-w {directory}`, or choose another --home"
            )


def appending(path: Path) -> IO[bytes]:
    """The file opened at its end; never what a link in its place leads to."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "ab")
