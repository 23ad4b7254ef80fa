"""Which target the prompt wants: the one that fits, else the default one, else the LLM alone.

A message may want several. What of them is a wish of this message, and no echo of an earlier
one, is judged in `wishes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.errors import IntentUnavailable
from extproc.exchange import Planned
from extproc.pipeline import wishes
from extproc.telemetry import log
from modelserver.schema import Call

if TYPE_CHECKING:
    from extproc.contract import Target
    from extproc.exchange import Exchange


async def choose(exchange: Exchange) -> None:
    """Leaves the plan: the calls that are wanted, the default target's, or none."""
    default = exchange.runtime.config.default_target
    if not exchange.confirmed:
        exchange.plan = _wanted(exchange)
    result = "target" if exchange.plan else "default" if default else "llm"
    if not exchange.plan and default:
        exchange.plan = [Planned(default, {})]
    if exchange.plan:
        exchange.target = exchange.plan[0].target
    exchange.world.metrics.intents.inc(result)
    log.debug(
        "intent.chosen", result=result, request_id=exchange.caller.request_id,
        targets=[planned.target.name for planned in exchange.plan],
        score=exchange.decision.intent.score if exchange.decision else None,
    )  # fmt: skip


def _wanted(exchange: Exchange) -> list[Planned]:
    decision = exchange.decision
    if decision is None or decision.intent.name is None:
        return []
    calls = decision.calls or (Call(decision.intent.name, {}, ()),)
    found = (
        wishes.planned(
            exchange, call, _declared(exchange, call), further=call.name != decision.intent.name
        )
        for call in calls
    )
    unlike: list[Planned] = []
    for each in found:
        # However often a model says a call, one is wanted.
        if each and not any(_is_same(each, other) for other in unlike):
            unlike.append(each)
    return unlike[: exchange.runtime.config.max_calls]


def _is_same(one: Planned, other: Planned) -> bool:
    return (one.target.name, one.arguments) == (other.target.name, other.arguments)


def _declared(exchange: Exchange, call: Call) -> Target:
    target = exchange.runtime.targets.get(call.name)
    if target is None:
        # A model may invent a name; nothing is called by a name that no one declared.
        log.error("intent.undeclared_target", request_id=exchange.caller.request_id)
        raise IntentUnavailable("the model chose a target that is not configured")
    return target
