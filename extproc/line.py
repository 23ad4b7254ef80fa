"""Whether who comes now would wait too long for the models: then it is better told so at once.

How long that is follows from how many wait and how quickly answers have come of late. A line grows now
and then, and many come at once, as from a page that asks twenty things: all of them are let in. One
that stays long for a second is a crowd. It is held short until nobody had to be refused for a second:
who is let in is answered in good time, and all others can come again without having waited.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from extproc.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONG: Final = 2.0
"""Seconds to wait in a line that is long."""
_LONGEST: Final = 4.0
"""In the longest that anybody is let into."""
_SHORT: Final = 0.25
"""In the one that a crowd is held at."""
_STAYS: Final = 1.0
"""Seconds after which a long line is a crowd, and after which a crowd is none any more."""
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
        self._long_since: float | None = None
        self._refused_at: float | None = None
        """When the last of a crowd was; None: there is no crowd."""

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
            self._latest = now
        wait = self._inside * self._between if self._inside >= _FEW else 0.0
        if self._is_too_long(wait, now):
            self._refused_at = now
            raise Overloaded("more prompts wait than can be decided soon; try again later")

    def _is_too_long(self, wait: float, now: float) -> bool:
        if self._refused_at is not None:
            if wait > _SHORT:
                return True
            if now - self._refused_at > _STAYS:
                self._refused_at = None
        if wait <= _LONG:
            self._long_since = None
            return False
        if self._long_since is None:
            self._long_since = now
        return wait > _LONGEST or now - self._long_since > _STAYS
