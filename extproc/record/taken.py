"""A record read off a finished exchange, in the form that `schema.json` describes.

Everything in it is of the exchange already: what a stage decides, it leaves there.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from extproc import contract
from extproc.events import Answer, Forward, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extproc.events import Outcome
    from extproc.exchange import Exchange, Planned, Sent
    from extproc.record.telling import Telling
    from modelserver.schema import Evidence, GuardResult, Intent

VERSION: Final = 1
_DIGITS: Final = 3
_RANKED: Final = 8


def record(exchange: Exchange, outcome: Outcome | None, telling: Telling) -> dict[str, Any]:
    """All but the LLM's call, which comes after it; `outcome` is None where the client left before
    there was one.
    """
    caller, request = exchange.caller, exchange.request
    last = request.last_user
    return {
        "version": VERSION,
        "id": caller.request_id,
        "trace": _trace(caller.onward),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "generation": exchange.runtime.generation,
        "client": caller.client,
        "stream": request.stream,
        "messages": len(request.messages),
        "prompt": telling.prompt(request.messages[last].text) if last is not None else None,
        "outcome": outcome_of(exchange, outcome),
        "error": _error(outcome),
        "ms": _ms(exchange.clock.spent()),
        "stages": [
            {"name": each.name, "from_ms": _ms(each.began), "ms": _ms(each.seconds)}
            for each in exchange.stages
        ],
        "models_ms": dict(exchange.decision.timings_ms) if exchange.decision else {},
        "guard": _guard(exchange),
        "intent": intent(exchange.decision.intent) if exchange.decision else None,
        "calls": [_call(exchange, planned, telling) for planned in exchange.plan],
        "asked": _asked(exchange),
        "confirmed": exchange.confirmed,
        "apis": [_sent(each) for each in exchange.sent],
        "llm": None,
    }


def in_short(exchange: Exchange, outcome: Outcome | None) -> dict[str, str]:
    """For a line of the access log: names of the config and words of ours, no client's."""
    planned = dict.fromkeys(each.target.name for each in exchange.plan)
    chosen = [exchange.target.name] if exchange.target else []
    found = {contract.OUTCOME_KEY: outcome_of(exchange, outcome)}
    if exchange.runtime.config.guards and exchange.verdicts:
        found[contract.GUARD_KEY] = "refused" if exchange.refused else "passed"
    if targets := list(planned) or chosen:
        found[contract.TARGET_KEY] = ", ".join(targets)
    return found


def debug_metadata(exchange: Exchange) -> dict[str, str]:
    """What a client that asks for it finds of the record in its answer's metadata."""
    wanted = exchange.caller.debug and exchange.runtime.config.debug_headers
    if not wanted or exchange.decision is None:
        return {}
    told = intent(exchange.decision.intent)
    ranking: list[dict[str, Any]] = told["ranking"]
    best, second, *_ = [*ranking, None, None]
    found = {
        contract.INTENT_KEY: told["name"] or "",
        contract.INTENT_SCORE_KEY: f"{told['score']:.4f}",
        contract.INTENT_THRESHOLD_KEY: f"{told['threshold']:.4f}",
        contract.INTENT_BEST_KEY: best["name"] if best else "",
    }
    if second:
        found[contract.INTENT_RUNNER_UP_KEY] = second["name"]
        found[contract.INTENT_RUNNER_UP_SCORE_KEY] = f"{second['score']:.4f}"
    return found


def intent(found: Intent) -> dict[str, Any]:
    """How the targets ranked. The margin is what the best one is ahead of the next."""
    ranking = found.ranking[:_RANKED]
    margin = ranking[0].score - ranking[1].score if len(ranking) > 1 else None
    return {
        "name": found.name,
        "score": found.score,
        "threshold": found.threshold,
        "margin": margin,
        "ranking": [{"name": each.name, "score": each.score} for each in ranking],
    }


def outcome_of(exchange: Exchange, outcome: Outcome | None) -> str:
    """What became of a prompt, in a word."""
    match outcome:
        case None:
            return "cancelled"
        case Forward():
            return "forwarded"
        case Answer() if exchange.refused:
            return "refused"
        case Answer() if exchange.asked:
            return "asked"
        case Answer() if exchange.dropped:
            return "dropped"
        case Answer():
            return "answered"
        case _:
            return "failed"


def _error(outcome: Outcome | None) -> dict[str, Any] | None:
    if not isinstance(outcome, Reject):
        return None
    return {"code": outcome.error.code, "status": outcome.error.status}


def _guard(exchange: Exchange) -> dict[str, Any] | None:
    if not exchange.verdicts:
        return None
    worst: GuardResult = max(exchange.verdicts, key=lambda each: each.score)
    return {
        "verdict": worst.verdict,
        "score": worst.score,
        "view": worst.view,
        "toxicity": worst.toxicity,
        "message": worst.message,
        "refused_by": exchange.refused,
    }


def _call(exchange: Exchange, planned: Planned, telling: Telling) -> dict[str, Any]:
    evidence = _evidence(exchange, planned)
    return {
        "target": planned.target.name,
        "confidence": planned.confidence,
        "doubtful": planned.doubtful,
        "arguments": [
            {
                "name": name,
                **telling.value(value),
                "default": name in planned.defaults,
                "evidence": _place(evidence.get(name)),
            }
            for name, value in planned.arguments.items()
        ],
        "unusable": sorted(planned.unusable),
    }


def _evidence(exchange: Exchange, planned: Planned) -> Mapping[str, Evidence]:
    calls = exchange.decision.calls if exchange.decision and not exchange.confirmed else ()
    alike = (each for each in calls if each.name == planned.target.name)
    return next((each.evidence for each in alike if each.clause == planned.clause), {})


def _place(evidence: Evidence | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "message": evidence.message,
        "start": evidence.start,
        "end": evidence.end,
        "confidence": evidence.confidence,
    }


def _asked(exchange: Exchange) -> dict[str, Any] | None:
    if exchange.asked is None:
        return None
    return {"for": exchange.asked.reason, "parameters": list(exchange.asked.parameters)}


def _sent(sent: Sent) -> dict[str, Any]:
    return {
        "target": sent.target,
        "upstream": sent.upstream,
        "method": sent.method,
        "path": sent.template,
        "status": sent.status,
        "failed": sent.failed,
        "from_ms": _ms(sent.began),
        "ms": _ms(sent.seconds),
        "span": sent.span.span if sent.span else None,
    }


def _trace(onward: Mapping[str, str]) -> str | None:
    """The second field of W3C's traceparent."""
    parts: Iterable[str] = onward.get("traceparent", "").split("-")
    found = [*parts]
    return found[1] if len(found) > 1 else None


def _ms(seconds: float) -> float:
    return round(1000 * seconds, _DIGITS)
