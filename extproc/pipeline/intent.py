"""Which target the prompt wants: the one that fits, else the default one, else the LLM alone.

A message may want several. One that changes something is called beside another only when the
last message itself speaks of it: what was booked a turn ago is not booked again because the
user went on to ask about something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.contract import READS
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
    meant = [call for call in calls if not _is_repeat(exchange, call, decision.intent.name)]
    return (meant or calls)[: exchange.runtime.config.max_calls]


def _is_repeat(exchange: Exchange, call: Call, best: str) -> bool:
    """Whether a further target would act on words of earlier turns alone."""
    target = exchange.runtime.targets.get(call.name)
    if call.name == best or not call.evidence or target is None or target.call is None:
        return False
    messages = exchange.request.messages
    last = max((n for n, each in enumerate(messages) if each.role == "user"), default=0)
    said_before = all(evidence.message < last for evidence in call.evidence.values())
    return said_before and target.call.method not in READS


def _planned(exchange: Exchange, call: Call) -> Planned:
    target = exchange.runtime.targets.get(call.name)
    if target is None:
        # A model may invent a name; nothing is called by a name that no one declared.
        log.error("intent.undeclared_target", request_id=exchange.caller.request_id)
        raise IntentUnavailable("the model chose a target that is not configured")
    return Planned(target, call.arguments)
