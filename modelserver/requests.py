"""What is asked of the service, read and within limits, whichever way it came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelserver.tasks.types import UNTOLD, Occasion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelserver.schema import Tool


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be: bytes, characters and counts."""

    body_bytes: int = 2 * 1024 * 1024
    text_chars: int = 128 * 1024
    texts: int = 1024
    messages: int = 512
    tools: int = 256
    parameters: int = 64
    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as it came; `guard` is false for the gateway's own prompts.

    `ours` is true of what the gateway said itself.
    """

    role: str
    content: str
    guard: bool = True
    leaves: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Decide:
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]
    guard: bool
    threshold: float | None
    guard_threshold: float | None
    max_calls: int | None
    timeout_ms: int | None
    texts: tuple[str, ...] = ()
    occasion: Occasion = UNTOLD
    raw_messages: tuple[Mapping[str, Any], ...] = ()
    raw_tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    texts: tuple[str, ...]
    threshold: float | None
    timeout_ms: int | None
