"""Rules over a config that could be read: `RULES` in order, and `run` over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controlplane.model import Config
    from controlplane.problem import Problem
    from controlplane.source import Document


def run(document: Document, config: Config) -> list[Problem]:  # noqa: ARG001 - rules follow
    return []
