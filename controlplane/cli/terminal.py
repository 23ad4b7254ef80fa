"""What a terminal adds to text: colour where somebody looks, none where a program reads.

Rich was weighed for it. It takes 40 ms to import, half as long as `archgw lint` takes in all, and
what it is good at, tables and bars, is nowhere needed: `status` aligns two columns, and progress
is a line at a time, which a log can hold, too.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUIET_FOR = 1.0
"""Seconds in which nobody wonders what goes on."""
_CODES = {
    "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36",
    "bold": "1", "dim": "2", "underlined": "4",
}  # fmt: skip


def coloured(stream: TextIO, env: Mapping[str, str]) -> bool:
    """By the usual variables (https://no-color.org), else whether it is a terminal."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR") or env.get("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and env.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    if not coloured(stream or sys.stdout, os.environ):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def progress(text: str) -> None:
    sys.stderr.write(paint(f"… {text}", "dim", sys.stderr) + "\n")


class Patience:
    """Progress for what takes longer than a second: nothing before, the latest word then."""

    def __init__(self, first: str = "") -> None:
        self._latest = first
        self._speaks = False
        self._timer = threading.Timer(_QUIET_FOR, self._speak)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def say(self, text: str) -> None:
        self._latest = text
        if self._speaks:
            progress(text)

    def _speak(self) -> None:
        self._speaks = True
        if self._latest:
            progress(self._latest)


def failure(text: str) -> None:
    sys.stderr.write(f"{paint('archgw:', 'red', sys.stderr)} {text}\n")
