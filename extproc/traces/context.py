"""W3C's `traceparent`: which trace something belongs to, and below which span."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

_TRACEPARENT: Final = re.compile(
    r"00-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
_SAMPLED: Final = 1
_SPAN_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Context:
    """A span, by the names that all parts of a trace know it by."""

    trace: str
    span: str
    sampled: bool
    parent: str = ""
    """The span above it; empty where that is not known."""

    def child(self) -> Context:
        """A new span below this one."""
        return Context(self.trace, new_span(), self.sampled, parent=self.span)

    @property
    def header(self) -> str:
        return f"00-{self.trace}-{self.span}-{'01' if self.sampled else '00'}"


def read(traceparent: str) -> Context | None:
    """None of what is no `traceparent`: a client may send anything."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    return Context(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))


def new_span() -> str:
    return os.urandom(_SPAN_BYTES).hex()
