"""Call the application's APIs for the planned targets, through Envoy's internal listener.

What an API gets: the arguments (in path and query for GET and DELETE, else as a JSON
body beside the conversation, as v0.1 did), the request's id and trace, and nothing of the
client's credentials. Any 2xx is an answer. What it answers otherwise reaches the client in
v0.1's words, but without host and path, which are the application's business and the log's. And
of an answer that is no 4xx only the length is told, since what failing servers say are stack
traces and connection strings.

Calls that only read run side by side. As soon as one of them changes something they run in
the order the user asked for, and the first that fails ends the rest.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extproc.chat import answers, strict_json
from extproc.clients import CallFailed, CallTimeout, HttpCall, HttpResponse
from extproc.contract import READS, WITHOUT_BODY
from extproc.errors import ToolError, ToolTimeout
from extproc.exchange import Made, Planned
from extproc.pipeline import url
from extproc.pipeline.client_answer import speech
from extproc.telemetry import log, redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.contract import ApiEndpoint
    from extproc.exchange import Exchange

_QUOTED: Final = 1024


async def call(exchange: Exchange) -> None:
    """Makes the calls of the plan and leaves what the APIs answered."""
    to_make = [(planned, planned.target.endpoint) for planned in exchange.plan]
    requests = [
        (planned, request(exchange, planned, api)) for planned, api in to_make if api is not None
    ]
    if not requests:
        return
    began = time.perf_counter()
    try:
        exchange.made = await _make(exchange, requests)
    finally:
        exchange.world.metrics.outside.observe(time.perf_counter() - began, "api")


def request(exchange: Exchange, planned: Planned, api: ApiEndpoint) -> HttpCall:
    target = planned.target
    path = url.path(api.path, planned.arguments, target.name)
    headers = {"accept": "application/json, */*;q=0.5", "accept-encoding": "identity",
               "user-agent": "archgw", **exchange.caller.onward, **_own(api, target.name)}  # fmt: skip
    if api.method in WITHOUT_BODY:
        used = url.names_in(api.path)
        path = url.with_query(path, target.parameters, planned.arguments, used)
        return HttpCall(api.upstream, api.method, path, api.path, headers)
    body: dict[str, Any] = {} if target.default else dict(planned.arguments)
    # Beside the arguments, as in v0.1, whose APIs look for it there: a parameter that is called
    # `messages` gives way to it, and its API has the words it was read from.
    body["messages"] = conversation(exchange)
    headers["content-type"] = "application/json"
    sent = strict_json.dumps(body)
    return HttpCall(api.upstream, api.method, path, api.path, headers, sent)


def _own(api: ApiEndpoint, target: str) -> dict[str, str]:
    """The headers that the config gives the API's calls: read each time, a key may change."""
    try:
        return {name: Path(file).read_text("utf-8") for name, file in api.headers}
    except (OSError, ValueError) as error:
        log.error("api.header", target=target, reason=type(error).__name__)
        raise ToolError("a header of the API cannot be read", target_name=target) from None


def conversation(exchange: Exchange) -> list[dict[str, Any]]:
    return [message.raw for message in exchange.request.messages]


async def _make(exchange: Exchange, requests: Sequence[tuple[Planned, HttpCall]]) -> Sequence[Made]:
    if len(requests) > 1 and all(sent.method in READS for _, sent in requests):
        return await asyncio.gather(*(_one(exchange, *each) for each in requests))
    return [await _one(exchange, *each) for each in requests]


async def _one(exchange: Exchange, planned: Planned, sent: HttpCall) -> Made:
    reserve = exchange.runtime.config.error_target is not None
    name = planned.target.name
    calls = exchange.world.metrics.calls
    try:
        response = await exchange.send(name, sent, exchange.clock.for_api(reserve=reserve))
    except CallFailed as error:
        late = isinstance(error, CallTimeout)
        calls.inc(sent.upstream, "timeout" if late else "failed")
        log.warning("api.failed", target=name, upstream=sent.upstream, method=sent.method,
                    path=sent.template, reason=error.reason,
                    request_id=exchange.caller.request_id)  # fmt: skip
        raise _error(exchange, sent, name, 504 if late else 502, error.reason) from None
    if response.cause:
        calls.inc(sent.upstream, "failed")
        log.warning("api.unreachable", target=name, upstream=sent.upstream, method=sent.method,
                    path=sent.template, cause=response.cause,
                    request_id=exchange.caller.request_id)  # fmt: skip
        raise ToolError(
            f"the API `{sent.upstream}` cannot be reached: {response.cause.words}",
            target_name=name, status=response.status,
        )  # fmt: skip
    calls.inc(sent.upstream, f"{response.status // 100}xx")
    _require_success(exchange, sent, response, name)
    record = answers.ToolCall(
        answers.call_id(), name, planned.arguments, _text(exchange, sent, response, name),
        defaults=sorted(planned.defaults),
    )  # fmt: skip
    # The body as it came; of the default target's completion what it says.
    context = speech(response).text if planned.target.default else record.content
    return Made(planned.target, response, record, context)


def _require_success(exchange: Exchange, sent: HttpCall, response: HttpResponse, name: str) -> None:
    if 200 <= response.status < 300:
        return
    # The path as the config has it, and a digest of the body: values of prompts are in no log.
    log.warning("api.status", target=name, upstream=sent.upstream, method=sent.method,
                path=sent.template, status=response.status, body=redacted(response.body),
                request_id=exchange.caller.request_id)  # fmt: skip
    if 400 <= response.status < 500:
        # The application's own word on what the user asked for.
        said = response.body[:_QUOTED].decode("utf-8", "replace")
    else:
        said = f"[{len(response.body)} bytes]"
    raise _error(exchange, sent, name, response.status, said)


def _text(exchange: Exchange, sent: HttpCall, response: HttpResponse, name: str) -> str:
    try:
        text = response.body.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise _error(exchange, sent, name, response.status, "not UTF-8") from None
    # orjson would refuse nothing here, but Envoy's metadata and many a reader take no NUL.
    return text.replace("\0", "\ufffd")


def _error(
    exchange: Exchange, sent: HttpCall, name: str, status: int, said: str
) -> ToolError | ToolTimeout:
    """`status` as the API gave it, or as Envoy would for one that gave none."""
    outcome = f"status={status}, body={said}"
    full = f"upstream application error host={sent.upstream}, path={sent.path}, {outcome}"
    shown = f"upstream application error target={name}, {outcome}"
    message = full if exchange.runtime.config.error_detail == "full" else shown
    # 504 is also Envoy's word for an API that did not answer in time.
    if status == 504:
        return ToolTimeout(message, target_name=name, full=full)
    told = status if 400 <= status < 500 or status == 503 else 502
    return ToolError(message, target_name=name, full=full, status=told)
