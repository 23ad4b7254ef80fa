"""Sizes as people write and read them."""

from __future__ import annotations

SIZES = {"": 1, "k": 1000, "ki": 1 << 10, "m": 1_000_000, "mi": 1 << 20}


def size_text(size: int) -> str:
    """10 MiB, or to the byte where it is none of them."""
    for unit in ("mi", "ki"):
        if size % SIZES[unit] == 0:
            return f"{size // SIZES[unit]} {unit.title()}B"
    return f"{size} bytes"
