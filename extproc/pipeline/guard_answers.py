"""Judge what the APIs answered before it becomes context: an LLM reads it, and others wrote it.

What the guard takes for an attack never reaches the LLM, and neither does what it cannot judge,
because it is too long or the guard is away: a note stands in its place. The call itself was made
and may have changed something, so no error tells the client to try again. Where the guard's
refusals go to the error target, this one does, too.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from extproc.clients import ModelsUnavailable, TooLong
from extproc.errors import PromptRefused
from extproc.pipeline import ask_models, guard, guard_texts
from extproc.telemetry import log

if TYPE_CHECKING:
    from extproc.exchange import Exchange, Made

_ATTACK: Final = "the prompt guard takes it for an attack"
_LONG: Final = "it is longer than the prompt guard can check"
_OUTAGE: Final = "the prompt guard cannot check it now"


async def judge(exchange: Exchange) -> None:
    config = exchange.runtime.config
    judges = config.guards and config.guards_api_answers
    if not judges or not exchange.made or exchange.apis_answer:
        return
    began = time.perf_counter()
    exchange.made = await asyncio.gather(*(_judged(exchange, each) for each in exchange.made))
    exchange.world.metrics.outside.observe(time.perf_counter() - began, "guard of answers")


async def _judged(exchange: Exchange, made: Made) -> Made:
    texts = guard_texts.answer_texts(made.context)
    try:
        verdicts = await ask_models.verdicts(exchange, texts)
    except TooLong:
        return _withheld(exchange, made, "too_long", _LONG)
    except ModelsUnavailable:
        return _withheld(exchange, made, "unavailable", _OUTAGE)
    hit = guard.first_hit(exchange.runtime.config.guards, verdicts)
    if hit is None:
        return made
    if hit.forward_to_error_target and exchange.runtime.config.error_target:
        raise PromptRefused(hit.message, hit.kind)
    return _withheld(exchange, made, hit.kind, _ATTACK)


def _withheld(exchange: Exchange, made: Made, reason: str, words: str) -> Made:
    exchange.world.metrics.withheld.inc(reason)
    log.warning("api.withheld", target=made.target.name, reason=reason,
                request_id=exchange.caller.request_id)  # fmt: skip
    note = f"[The answer of {made.target.name} is withheld: {words}.]"
    return replace(made, context=note, record=replace(made.record, content=note))
