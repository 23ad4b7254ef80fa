"""A model in two graphs: each part of a row by itself first, then all parts joined.

What the lower graph makes of a tool depends on the tool's own words alone. Tools come from a
config, again with every request, so what they came to is kept; a decision then costs the lower
graph for what was said and the upper graph for the row. What was said is never kept.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache

from modelserver.engine.backend import OnnxBackend, Session
from modelserver.engine.registry import SPLIT, WHOLE, graphs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from modelserver.engine.backend import Backend
    from modelserver.tasks.types import Output, Row

    Hidden = NDArray[np.float32]

# 384 numbers a token: some 45 MB at most, a thousand tools.
KEPT_TOKENS = 30_000


def open_model(folder: Path, *, threads: int = 1) -> Backend:
    """The backend for the graphs that lie in a folder."""
    if graphs(folder) == SPLIT:
        return SplitBackend(folder, threads=threads)
    return OnnxBackend(folder / WHOLE[0], threads=threads)


class SplitBackend:
    """Runs rows one by one through both graphs."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._lower, self._upper = (Session(folder / name, threads=threads) for name in SPLIT)
        # By token ids, as many tokens as may be kept; several threads run rows.
        self._kept: LRUCache[tuple[int, ...], Hidden] = LRUCache(KEPT_TOKENS, getsizeof=len)
        self._lock = threading.Lock()

    def run(self, rows: Sequence[Row]) -> Sequence[Output]:
        """One output for each row: the embedding of a row without markers, else its answers."""
        return [self._answers(row) if row.markers else self._embedding(row) for row in rows]

    def _embedding(self, row: Row) -> Output:
        return {"embedding": self._below(row.input_ids)["embedding"][0]}

    def _answers(self, row: Row) -> Output:
        outputs = self._upper.run(
            {
                "lower": self._hidden(row)[None],
                "input_ids": _batch(row.input_ids),
                "attention_mask": np.ones((1, len(row)), np.int64),
                "token_type_ids": _batch(row.token_type_ids),
                "markers": _batch(row.markers),
            }
        )
        return {name: values[0] for name, values in outputs.items()}

    def _hidden(self, row: Row) -> Hidden:
        """Every token as the lower graph sees it; what lies in no part is one part together."""
        hidden = np.empty((len(row), self._lower.width("hidden")), np.float32)
        free = np.ones(len(row), bool)
        for part in row.parts:
            place = slice(part.start, part.end)
            hidden[place] = self._part(row.input_ids[place], keep=part.keep)
            free[place] = False
        rest = tuple(token for token, own in zip(row.input_ids, free, strict=True) if own)
        hidden[free] = self._below(rest)["hidden"][0]
        return hidden

    def _part(self, ids: tuple[int, ...], *, keep: bool) -> Hidden:
        with self._lock:
            known = self._kept.get(ids) if keep else None
        if known is not None:
            return known
        hidden: Hidden = self._below(ids)["hidden"][0]
        if keep and len(hidden) <= self._kept.maxsize:
            with self._lock:
                self._kept[ids] = hidden
        return hidden

    def _below(self, ids: tuple[int, ...]) -> Mapping[str, NDArray[np.float32]]:
        return self._lower.run(
            {"input_ids": _batch(ids), "attention_mask": np.ones((1, len(ids)), np.int64)}
        )


def _batch(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array([numbers], np.int64)
