"""Decide prompts without any effect: `python -m extproc.explain --runtime FILE`.

Each line on standard input is a request, `{"body": …}` with a chat-completions body, and on standard
output one line for each says how it would be decided: its record, the calls of APIs that would go
out, what the LLM would be sent or the client told. The models are asked as ever; no API and no
LLM is. Whoever waits for an API's answer gets words in its place.

`today` (2026-05-31) beside `body` is the day that "tomorrow" is counted from, `client` the name of who
asks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from extproc import contract
from extproc.clients import HttpCall, HttpModels, HttpResponse
from extproc.events import Answer, Forward, Reject, RequestBody, RequestHeaders
from extproc.exchange import World, today
from extproc.record.taken import record
from extproc.record.telling import Telling
from extproc.runtime import compiled
from extproc.session import Session
from extproc.telemetry import Metrics, configure_logs

if TYPE_CHECKING:
    from extproc.clients import Models
    from extproc.events import Outcome
    from extproc.exchange import Exchange
    from extproc.runtime import Runtime

_AT_ONCE: Final = 4
_TEXT: Final = "text/plain; charset=utf-8"
_WHOLE: Final = Telling("all", b"")
_HEADERS: Final = {
    ":method": "POST",
    ":path": contract.CHAT_PATH,
    "content-type": "application/json",
}


@dataclass(slots=True)
class Unsent:
    """The application's APIs: what they would be sent, and words for what they would say."""

    calls: list[HttpCall] = field(default_factory=list)

    async def send(self, _socket: str, call: HttpCall, _seconds: float) -> HttpResponse:
        self.calls.append(call)
        return HttpResponse(200, _TEXT, f"[what {call.upstream} answers]".encode())


@dataclass(slots=True)
class Kept:
    """The record of one decision, with all its texts."""

    record: dict[str, Any] | None = None

    def keep(self, exchange: Exchange, outcome: Outcome | None) -> None:
        self.record = record(exchange, outcome, _WHOLE)


async def explained(
    runtime: Runtime,
    models: Models,
    body: bytes,
    day: str | None = None,
    client: str | None = None,
) -> dict[str, Any]:
    """How the request would be decided."""
    unsent, kept = Unsent(), Kept()
    world = World(models, unsent, Metrics(), kept, today=(lambda: day) if day else today)
    session = Session(runtime, world)
    caller = {contract.CLIENT_HEADER: client} if client else {}
    await session.on(RequestHeaders(_HEADERS | caller, end_of_stream=False))
    outcome = await session.on(RequestBody(body))
    return {
        "record": kept.record,
        "requests": [_request(call) for call in unsent.calls],
        **_outcome(outcome),
    }


def _request(call: HttpCall) -> dict[str, Any]:
    sent = orjson.loads(call.body) if call.body else None
    return {"upstream": call.upstream, "method": call.method, "path": call.path, "body": sent}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Forward():
            return {"llm_request": orjson.loads(outcome.body)}
        case Answer():
            return {"answer": _said(outcome)}
        case Reject():
            error = outcome.error
            return {"error": {"status": error.status, "code": error.code, "message": error.message}}
        case _:
            raise AssertionError("a body is always decided")


def _said(answer: Answer) -> str:
    """The text of an answer; what an API says in another form, as it is."""
    text = answer.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, LookupError, TypeError):
        said = orjson.loads(text)["choices"][0]["message"]["content"]
        return said if isinstance(said, str) else text
    return text


def main() -> int:
    parser = argparse.ArgumentParser(prog="extproc.explain", description=__doc__)
    parser.add_argument("--runtime", type=Path, required=True, help="the config, as compiled")
    parser.add_argument(
        "--model-key", type=Path, help="file with the token of a model server at a port"
    )
    options = parser.parse_args()
    configure_logs("error")
    text = options.runtime.read_text("utf-8")
    runtime = compiled(contract.generation(text), contract.loads(text))
    asyncio.run(_answer_lines(runtime, options.model_key))
    return 0


async def _answer_lines(runtime: Runtime, model_key: Path | None) -> None:
    """In the order of the requests, a few of them at a time."""
    models, places = HttpModels(model_key), asyncio.Semaphore(_AT_ONCE)

    async def one(line: bytes) -> bytes:
        async with places:
            asked = orjson.loads(line)
            body = orjson.dumps({**asked["body"], "stream": False})
            day, client = asked.get("today"), asked.get("client")
            return orjson.dumps(await explained(runtime, models, body, day, client))

    try:
        for answer in [asyncio.ensure_future(one(line)) for line in sys.stdin.buffer]:
            sys.stdout.buffer.write(await answer + b"\n")
            sys.stdout.buffer.flush()
    finally:
        await models.close()


if __name__ == "__main__":
    sys.exit(main())
