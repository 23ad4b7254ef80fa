"""Intents that nobody described: each is a target whose description is its name in words."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.schema import humanized
from modelserver.training.judge.table import Count, markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelserver.schema import Intent
    from modelserver.training.judge.served import Judged

Rows = list[tuple[str, str]]


def read(folder: Path) -> dict[str, Rows]:
    """(text, intent) by the name of the file."""
    found: dict[str, Rows] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            found[path.stem] = [(row["text"], row["category"]) for row in rows]
    return found


async def figures(sets: Mapping[str, Rows], model: Judged, limit: int) -> str:
    """How often the intent is found, how often none is, and how often it was looked at at all."""
    lines = []
    for name, rows in sets.items():
        intents = sorted({intent for _, intent in rows})
        tools = [
            {"type": "function", "function": {"name": intent, "description": humanized(intent)}}
            for intent in intents
        ]
        found = [
            (await model.decide([{"role": "user", "content": text}], tools)).intent
            for text, _ in rows[:limit]
        ]
        wanted = [intent for _, intent in rows[:limit]]
        right = Count.among(map(_is, found, wanted))
        none = Count.among(answer.name is None for answer in found)
        looked_at = Count.among(map(_on_the_shortlist, found, wanted))
        lines.append((name, len(intents), right.hits, right.of, right, none, looked_at))
    heads = (
        "intents", "targets", "right", "of", "share (95 %)", "none found", "on the shortlist",
    )  # fmt: skip
    return markdown(heads, lines)


def _is(answer: Intent, wanted: str) -> bool:
    return answer.name == wanted


def _on_the_shortlist(answer: Intent, wanted: str) -> bool:
    """Whether the intent was among those that got a closer look."""
    return any(ranked.name == wanted for ranked in answer.ranking)
