"""What was to hold, what was measured, and whether it held: for a terminal, for a report, for a test."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.cli.terminal import paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class Line:
    what: str
    goal: str
    measured: str
    held: bool
    why: str = ""
    """The cause, where something is not held that cannot be."""

    def shown(self) -> str:
        mark = paint("held", "green") if self.held else paint("NOT HELD", "red")
        why = f"\n      {self.why}" if self.why and not self.held else ""
        return f"{mark:>8}  {self.what}: {self.measured}  [goal: {self.goal}]{why}"


def table(lines: Iterable[Line]) -> Iterator[str]:
    """As Markdown."""
    yield "| What | Goal | Measured | |"
    yield "| --- | --- | --- | --- |"
    for line in lines:
        measured = f"{line.measured}. {line.why}" if line.why and not line.held else line.measured
        cells = (line.what, line.goal, measured, "held" if line.held else "**not held**")
        yield "| " + " | ".join(" ".join(cell.replace("|", "/").split()) for cell in cells) + " |"


def tell(text: str) -> None:
    """While it goes on; what is printed to stdout is the result."""
    sys.stderr.write(paint(text, "dim", sys.stderr) + "\n")
    sys.stderr.flush()


def load_average() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())
