"""Notices that a file changed: edited, renamed into place, or swapped behind a link.

Polling twice a second, not inotify: editors, `kubectl` and network file systems each change a
file in their own way, and a look at what the path leads to is right for all of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

_INTERVAL = 0.5
_SETTLE = 0.1

Mark = tuple[int, int, int, int] | None


def mark(path: Path) -> Mark:
    """Differs when the file does; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(slots=True)
class FileWatch:
    paths: tuple[Path, ...]
    interval: float = _INTERVAL
    _seen: tuple[Mark, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.marks()

    def changed(self) -> bool:
        """Since this was last asked."""
        before, self._seen = self._seen, self.marks()
        return before != self._seen

    async def wait(self) -> None:
        """Until a file has changed and then kept still: a writer may be half way through."""
        while not self.changed():  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(self.interval)
        await asyncio.sleep(_SETTLE)
        while self.changed():  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(_SETTLE)

    def marks(self) -> tuple[Mark, ...]:
        return tuple(mark(path) for path in self.paths)
