"""What a terminal adds to text: colour where somebody looks, none where a program reads.

Rich was weighed for it. It takes 40 ms to import, half as long as `archgw lint` takes in all, and
what it is good at, tables and bars, is nowhere needed: `status` aligns two columns, and progress
is a line at a time, which a log can hold, too.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


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


def failure(text: str) -> None:
    sys.stderr.write(f"{paint('archgw:', 'red', sys.stderr)} {text}\n")
