"""Prompt guard: refuse a request when anything untrusted in it reads as an attack.

Every turn is judged each time: the client sends the whole transcript anew, so an old turn is
no more trustworthy than the last one. Without a verdict, or with none that the configured guard can
read, nothing goes on either: that is a 503, and no refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.chat import answers
from extproc.errors import GuardUnavailable, PromptRefused
from extproc.pipeline.client_answer import say
from extproc.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.contract import Guard
    from extproc.errors import GatewayError
    from extproc.events import Answer
    from extproc.exchange import Exchange
    from modelserver.schema import GuardResult


async def judge(exchange: Exchange) -> None:
    """Raises `PromptRefused` where one of the configured guards refuses what was sent."""
    guards = exchange.runtime.config.guards
    if not guards:
        return
    if not exchange.verdicts and not _nothing_to_judge(exchange):
        raise GuardUnavailable("the prompt guard gave no verdict; try again in a moment")
    hit = first_hit(guards, exchange.verdicts)
    if hit is None:
        return
    exchange.refused = hit.kind
    exchange.world.metrics.guard_hits.inc(hit.kind)
    log.info(
        "guard.refused", guard=hit.kind, request_id=exchange.caller.request_id,
        score=_worst(hit, exchange.verdicts),
    )  # fmt: skip
    raise PromptRefused(hit.message, hit.kind)


def first_hit(guards: Sequence[Guard], verdicts: Sequence[GuardResult]) -> Guard | None:
    """The first of the guards that refuses what was judged so."""
    return next((each for each in guards if _hit(each, verdicts)), None)


def _nothing_to_judge(exchange: Exchange) -> bool:
    """A conversation without any words, with no targets to be asked about either."""
    return not exchange.runtime.tools and not any(
        message.text.strip() for message in exchange.request.messages
    )


def _hit(guard: Guard, verdicts: Sequence[GuardResult]) -> bool:
    if guard.kind == "jailbreak":
        return any(verdict.attack for verdict in verdicts)
    scores = [verdict.toxicity for verdict in verdicts]
    if any(score is None for score in scores):
        raise GuardUnavailable(
            "the guard model cannot judge toxicity; remove input_guards.toxicity from the "
            "config, or name a model that can in model_server.guard_model"
        )
    if guard.threshold is None:
        raise AssertionError("lowering gives a toxicity guard its threshold")
    return _worst(guard, verdicts) >= guard.threshold


def _worst(guard: Guard, verdicts: Sequence[GuardResult]) -> float:
    """The highest score of those that this guard goes by."""
    if guard.kind == "jailbreak":
        return max(verdict.score for verdict in verdicts)
    return max((verdict.toxicity or 0.0 for verdict in verdicts), default=0.0)


def refusal(exchange: Exchange, error: GatewayError) -> Answer:
    """The configured message, as an assistant says it."""
    return say(exchange, error.message, answers.GUARD_MODEL, headers={error.header: error.code})
