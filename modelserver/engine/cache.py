"""A bounded memory of answers, keyed by hash: of a prompt its digest is kept, and the answer.

Clients send the whole conversation with every turn, so all texts but the last were judged
before; and retries ask the same again. A key covers everything an answer depends on: the
models' identities, the tools, the texts, the thresholds.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Generic, TypeVar

from cachetools import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

V = TypeVar("V")


class AnswerCache(Generic[V]):
    """The `entries` last used answers; with none it remembers nothing."""

    def __init__(self, entries: int, *, seen: Callable[[bool], None] | None = None) -> None:
        self._answers: LRUCache[bytes, V] | None = LRUCache(entries) if entries else None
        self._seen = seen

    def get(self, key: bytes) -> V | None:
        if self._answers is None:
            return None
        answer = self._answers.get(key)
        if self._seen:
            self._seen(answer is not None)
        return answer

    def put(self, key: bytes, answer: V) -> None:
        if self._answers is not None:
            self._answers[key] = answer


def digest(parts: Iterable[bytes]) -> bytes:
    """One hash over several parts; lengths keep ("ab", "c") apart from ("a", "bc")."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.digest()
