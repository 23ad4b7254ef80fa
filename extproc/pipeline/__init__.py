"""From a prompt to an outcome: the stages, in order, and the fold over them.

Each stage is `async (Exchange) -> Outcome | None`: an outcome ends the pipeline, None hands
on to the next. What goes wrong in one is raised as a `GatewayError` and becomes an outcome here
alone: the error target's answer if the error is one for it, else the error itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from extproc.errors import (
    GatewayError,
    GuardUnavailable,
    IntentUnavailable,
    PromptRefused,
    TooLongForGuard,
    Unavailable,
)
from extproc.events import Outcome, Reject
from extproc.exchange import Stage as Ran
from extproc.pipeline import (
    another_wish,
    api_call,
    ask_models,
    confirm,
    dispatch,
    error_target,
    guard,
    guard_answers,
    intent,
    parameters,
    pending,
    provider,
    transcript,
)
from extproc.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from extproc.exchange import Exchange

    Stage = Callable[[Exchange], Awaitable[Outcome | None]]

STAGES: Final[Mapping[str, Stage]] = {
    "transcript": transcript.read,
    "reply": pending.read,
    "models": ask_models.ask,
    "guard": guard.judge,
    "another wish": another_wish.weigh,
    "drop": pending.drop,
    "intent": intent.choose,
    "provider": provider.require,
    "parameters": parameters.complete,
    "confirm": confirm.ask_back,
    "api": api_call.call,
    "guard of answers": guard_answers.judge,
    "dispatch": dispatch.finish,
}
"""By the names that records tell them by."""


async def run(exchange: Exchange) -> Outcome:
    try:
        # Each outside call has its own, shorter deadline; this one is for what was overlooked.
        async with asyncio.timeout(exchange.clock.left()):
            return await _decided(exchange)
    except TimeoutError:
        log.error("request.too_slow", request_id=exchange.caller.request_id)
        return Reject(OutOfTime("timed out"))


class OutOfTime(Unavailable):
    """No outcome by the deadline, a little before Envoy gives up on it."""

    status = 504
    code = "upstream_timeout"
    type = "timeout"
    again = False


async def _decided(exchange: Exchange) -> Outcome:
    try:
        for name, stage in STAGES.items():
            began = exchange.clock.spent()
            try:
                outcome = await stage(exchange)
            finally:
                exchange.stages.append(Ran(name, began, exchange.clock.spent() - began))
            if outcome is not None:
                return outcome
    except GatewayError as error:
        return await _failed(exchange, error)
    raise AssertionError("the last stage always decides")


_UNJUDGED = (GuardUnavailable, IntentUnavailable, TooLongForGuard)


async def _failed(exchange: Exchange, error: GatewayError) -> Outcome:
    if isinstance(error, _UNJUDGED):
        exchange.world.metrics.fail_closed.inc(error.code)
    if not isinstance(error, PromptRefused):  # the guard has told of those itself
        log.info(
            "request.failed", code=error.code, status=error.status, target=error.target_name,
            request_id=exchange.caller.request_id,
        )  # fmt: skip
    if error.forwarded:
        answer = await error_target.hand_over(exchange, error)
        if answer is not None:
            return answer
    if isinstance(error, PromptRefused):
        return guard.refusal(exchange, error)
    return Reject(error)


__all__ = ["STAGES", "run"]
