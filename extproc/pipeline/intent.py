"""Which target the prompt wants: the one that fits, else the default one, else the LLM alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.errors import IntentUnavailable
from extproc.exchange import Planned
from extproc.telemetry import log
from modelserver.schema import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.exchange import Exchange


async def choose(exchange: Exchange) -> None:
    calls = _calls(exchange)
    default = exchange.runtime.config.default_target
    if calls:
        exchange.plan = [_planned(exchange, call) for call in calls]
        exchange.target = exchange.plan[0].target
    elif default:
        exchange.plan = [Planned(default, {})]
        exchange.target = default
    result = "target" if calls else "default" if default else "llm"
    exchange.world.metrics.intents.labels(result).inc()
    log.debug(
        "intent.chosen", result=result, request_id=exchange.caller.request_id,
        targets=[planned.target.name for planned in exchange.plan],
        score=exchange.decision.intent.score if exchange.decision else None,
    )  # fmt: skip


def _calls(exchange: Exchange) -> Sequence[Call]:
    decision = exchange.decision
    if decision is None or decision.intent.name is None:
        return ()
    calls = decision.calls or (Call(decision.intent.name, {}, ()),)
    return calls[: exchange.runtime.config.max_calls]


def _planned(exchange: Exchange, call: Call) -> Planned:
    target = exchange.runtime.targets.get(call.name)
    if target is None:
        # A model may invent a name; nothing is called by a name that no one declared.
        log.error("intent.undeclared_target", request_id=exchange.caller.request_id)
        raise IntentUnavailable("the model chose a target that is not configured")
    return Planned(target, call.arguments)
