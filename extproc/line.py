"""Whether who comes now would wait too long for the models: then it is better told so at once.

How long that is follows from how many wait and how quickly answers have come of late. Many that come
all at once, as from a page that asks twenty things, may wait for up to `_BURST` seconds. A line that
goes on is held at `_STANDING` seconds, until there is none any more: who is let in is answered in good time, and
all others can come again, or go elsewhere, without having waited.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from extproc.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STANDING: Final = 0.15
_BURST: Final = 0.7
_AT_ONCE: Final = 0.25
"""Who comes within so many seconds of the first that had to wait came at once with it."""
_FEW: Final = 4
"""So many always find a place: one after the other, answers come more slowly than side by side."""
_NEWEST: Final = 0.1
"""What the newest answer counts in the mean of the times between two."""


class Line:
    """All that wait for one model server; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._inside = 0
        self._between = 0.0
        """Seconds between two answers while somebody waited, in the mean."""
        self._latest = 0.0
        self._grew_long: float | None = None

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """For as long as one waits."""
        self.admit()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def answered(self) -> None:
        """By one who still has a place. No answer at all says nothing of how long one takes."""
        now = self._clock()
        passed = now - self._latest
        self._latest = now
        self._between += (passed - self._between) * (_NEWEST if self._between else 1.0)

    def admit(self) -> None:
        """Raises Overloaded rather than letting one more wait."""
        now = self._clock()
        if not self._inside:
            self._latest, self._grew_long = now, None
        wait = self._inside * self._between
        if wait <= _STANDING or self._inside < _FEW:
            return
        if self._grew_long is None:
            self._grew_long = now
        if wait > _BURST or now - self._grew_long > _AT_ONCE:
            raise Overloaded("more prompts wait than can be decided soon; try again later")
