"""Ask the models, once for all the stages that follow.

Guard, intent and parameters of a request are one call to the model server, which runs its
models side by side. Without targets there is nothing to choose, and the guard is asked alone.

The models are shown the short form of the gateway's own questions. The guard is to read what others
wrote into them, the values of a proposal: it gets the proposal whole, so that none is cut out of
what it stands in. Asked alone, it gets every message as it came, our sentences among them.

A reply to such a question is read twice, as its answer and by itself, as if nothing had been said
before, or as if what was asked about had been left where it says so: `another_wish` weighs the two.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from extproc.clients import ModelsUnavailable, TooLong
from extproc.errors import GatewayError, GuardUnavailable, IntentUnavailable, TooLongForGuard
from extproc.pipeline import cues, guard_texts, replies, transcript
from extproc.questions import Asked, Proposed
from extproc.telemetry import log
from modelserver import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.exchange import Exchange

MAX_TEXTS = 256
_END = 16_000


async def ask(exchange: Exchange) -> None:
    """Leaves the guard's verdicts, the decision, and what a reply says by itself."""
    guarded = bool(exchange.runtime.config.guards)
    # A plain yes or no to a question of ours says all: then there is nothing to choose.
    nothing_to_choose = exchange.confirmed or exchange.dropped or not exchange.runtime.tools
    if not guarded and nothing_to_choose:
        return
    line = exchange.world.lines[exchange.runtime.config.model_server]
    began = time.perf_counter()
    try:
        with line.place():
            if nothing_to_choose:
                exchange.verdicts = await verdicts(exchange, _every_text(exchange))
            else:
                await _decide(exchange, guarded=guarded)
            line.answered()
    except TooLong:
        # Without a guard each text is cut to fit (`_ends`), but there may be too many; a client is
        # told so by the same code.
        reader = "the prompt guard can check" if guarded else "the models can read"
        raise TooLongForGuard(f"the prompt is longer than {reader}") from None
    except ModelsUnavailable as error:
        log.warning(
            "models.unavailable", reason=error.reason, request_id=exchange.caller.request_id
        )
        raise _outage(guarded=guarded) from None
    finally:
        exchange.world.metrics.outside.observe(time.perf_counter() - began, "models")


async def _decide(exchange: Exchange, *, guarded: bool) -> None:
    extra: Sequence[str] = ()
    if guarded:
        _require_readable(exchange)
        extra = _beside(exchange)
        _require_few(extra)
    messages = _messages(exchange, guarded=guarded)
    whole = _decision(exchange, messages, extra, guarded=guarded)
    if isinstance(transcript.answered(exchange), Asked | Proposed):
        shown = _afresh(exchange, messages)
        alone = (_decision(exchange, each, (), guarded=False) for each in shown)
        decision, *found = await asyncio.gather(whole, *alone)
        read = zip(found, shown, strict=True)
        exchange.afresh = next(
            (_moved(each, len(messages) - len(of)) for each, of in read if each.intent.name),
            found[0],
        )
    else:
        decision = await whole
    exchange.decision, verdict = decision, decision.guard
    exchange.verdicts = () if verdict is None else (verdict,)


def _afresh(
    exchange: Exchange, messages: Sequence[schema.Message]
) -> list[Sequence[schema.Message]]:
    """The reply by itself, and what it says behind leaving what was asked about.

    "Leave it. What does it weigh?": what "it" is was said before. What is left out becomes spaces,
    so that all else stands where it did.
    """
    *before, reply = (replace(each, guard=False) for each in messages)
    behind = replies.behind_leaving(reply.content)
    rest = reply.content[behind:]
    if not behind or cues.may_not_be_meant(rest) or cues.announces(rest):
        return [[reply]]
    further = replace(reply, content=" " * behind + rest)
    if not replies.points_back(rest):
        return [[reply], [further]]
    before[-1] = replace(before[-1], content=exchange.runtime.questions.dropped)
    return [[reply], [*before, further]]


async def _decision(
    exchange: Exchange, messages: Sequence[schema.Message], extra: Sequence[str], *, guarded: bool
) -> schema.DecideResponse:
    runtime = exchange.runtime
    timeout = exchange.clock.for_models()
    request = schema.DecideRequest(
        messages=messages,
        tools=runtime.tools,
        guard=guarded,
        threshold=runtime.config.intent_threshold,
        guard_threshold=_threshold(exchange),
        max_calls=runtime.config.max_calls,
        timeout_ms=_milliseconds(timeout),
        texts=extra,
        today=exchange.world.today(),
        language=exchange.caller.language,
    )
    with exchange.world.metrics.outside_active.held("models"):
        return await exchange.world.models.decide(
            runtime.config.model_server, request, exchange.caller.onward, timeout
        )


def _moved(decision: schema.DecideResponse, by: int) -> schema.DecideResponse:
    """The reading of the last messages by themselves, its evidence where they stand."""
    calls = [
        replace(
            call,
            evidence={
                name: replace(each, message=each.message + by)
                for name, each in call.evidence.items()
            },
        )
        for call in decision.calls
    ]
    return replace(decision, calls=calls)


def _messages(exchange: Exchange, *, guarded: bool) -> tuple[schema.Message, ...]:
    places = range(len(exchange.request.messages))
    return tuple(_message(exchange, place, guarded=guarded) for place in places)


def _message(exchange: Exchange, place: int, *, guarded: bool) -> schema.Message:
    text = transcript.shown(exchange, place)
    ours = transcript.is_ours(exchange, place)
    role = exchange.request.messages[place].role
    return schema.Message(role, text if guarded else _ends(text), guard=not ours, ours=ours)


async def verdicts(exchange: Exchange, texts: Sequence[str]) -> Sequence[schema.GuardResult]:
    """The guard's on each text, each on its own."""
    if not texts:
        return ()
    _require_few(texts)
    timeout = exchange.clock.for_models()
    request = schema.GuardRequest(texts, _threshold(exchange), _milliseconds(timeout))
    with exchange.world.metrics.outside_active.held("models"):
        answer = await exchange.world.models.guard(
            exchange.runtime.config.model_server, request, exchange.caller.onward, timeout
        )
    return answer.results


def _ends(text: str) -> str:
    """What a prompt wants stands at its ends; a long document between them is the LLM's to read.

    Only where no guard is configured: a guard reads everything or refuses.
    """
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n…\n{text[-_END:]}"


def _require_readable(exchange: Exchange) -> None:
    exchange.request.require_readable(allow_images=exchange.runtime.config.allow_images)


def _require_few(texts: Sequence[str]) -> None:
    if len(texts) > MAX_TEXTS:
        raise TooLong


def _beside(exchange: Exchange) -> list[str]:
    """What the guard reads besides the messages as the models are shown them.

    Of what the gateway said itself only a proposal holds words of others, its values.
    """
    proposals = [
        exchange.request.messages[place].text
        for place, said in exchange.sentences.items()
        if isinstance(said, Proposed)
    ]
    extra = guard_texts.extra_texts(exchange.request, exchange.runtime.config_prompts)
    return list(dict.fromkeys(proposals + extra))


def _every_text(exchange: Exchange) -> list[str]:
    _require_readable(exchange)
    ours = exchange.runtime.config_prompts
    texts = [
        each.text
        for each in exchange.request.messages
        if each.text.strip() and not guard_texts.is_config_prompt(each, ours)
    ]
    return list(dict.fromkeys(texts + guard_texts.extra_texts(exchange.request, ours)))


def _threshold(exchange: Exchange) -> float | None:
    guards = exchange.runtime.config.guards
    return next((each.threshold for each in guards if each.kind == "jailbreak"), None)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _outage(*, guarded: bool) -> GatewayError:
    if guarded:
        return GuardUnavailable("the prompt guard cannot answer; try again in a moment")
    return IntentUnavailable("the model server cannot answer; try again in a moment")
