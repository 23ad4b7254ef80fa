"""A finished exchange in the metrics: what each stage took, and what came of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extproc.exchange import Exchange
    from extproc.telemetry import Metrics


def count(exchange: Exchange, metrics: Metrics) -> None:
    """Words of the config alone become labels, never those of a model or a client."""
    for each in exchange.stages:
        metrics.stages.observe(each.seconds, each.name)
    if exchange.verdicts:
        attack = any(each.attack for each in exchange.verdicts)
        metrics.verdicts.inc("attack" if attack else "benign")
    for planned in exchange.plan:
        metrics.targets.inc(planned.target.name)
    if exchange.asked:
        metrics.asked.inc(exchange.asked.reason)
    if exchange.confirmed:
        metrics.replies.inc("yes")
    if exchange.dropped:
        metrics.replies.inc("no")
