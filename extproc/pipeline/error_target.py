"""Hand an error to the config's error target: what it says is the client's answer.

The target gets the conversation, and in headers what went wrong: the code under
`X-Function-Error-Code` or `X-Prompt-Guard-Error-Code`, and type, message, prompt target and
time under `X-Arch-…`. If it fails too, the client gets the error itself.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from extproc import contract
from extproc.chat import answers, strict_json
from extproc.clients import CallFailed, HttpCall
from extproc.errors import PromptRefused
from extproc.events import Answer
from extproc.pipeline.api_call import conversation
from extproc.pipeline.client_answer import repeat, speech
from extproc.telemetry import log, redacted

if TYPE_CHECKING:
    from extproc.clients import HttpResponse
    from extproc.contract import ApiEndpoint
    from extproc.errors import GatewayError
    from extproc.exchange import Exchange

_LONGEST: Final = 512
_MODEL: Final = answers.FUNCTION_MODEL


async def hand_over(exchange: Exchange, error: GatewayError) -> Answer | None:
    """The error target's answer, or None: there is no such target, or it failed."""
    target = exchange.runtime.config.error_target
    if target is None or not _wanted(exchange, error):
        return None
    call = _call(exchange, error, target)
    try:
        response = await exchange.send("error_target", call, exchange.clock.for_error_target())
        response.body.decode("utf-8", "strict")
    except (CallFailed, UnicodeDecodeError) as problem:
        log.warning("error_target.failed", reason=type(problem).__name__, code=error.code)
        return None
    if not 200 <= response.status < 300:
        log.warning("error_target.status", status=response.status, body=redacted(response.body))
        return None
    return _answer(exchange, error, response)


def _wanted(exchange: Exchange, error: GatewayError) -> bool:
    """A refusal by a guard goes there only when that guard's config says so."""
    if not isinstance(error, PromptRefused):
        return True
    guards = exchange.runtime.config.guards
    return any(each.kind == error.code and each.forward_to_error_target for each in guards)


def _call(exchange: Exchange, error: GatewayError, target: ApiEndpoint) -> HttpCall:
    prompt_target = error.target_name or (exchange.target.name if exchange.target else "")
    headers = {
        "content-type": "application/json",
        "accept": "application/json, */*;q=0.5",
        "accept-encoding": "identity",
        "user-agent": "archgw",
        **exchange.caller.onward,
        error.header: error.code,
        contract.ERROR_TYPE_HEADER: error.kind,
        contract.ERROR_MESSAGE_HEADER: header_text(error.full),
        contract.ERROR_PROMPT_TARGET_HEADER: header_text(prompt_target),
        contract.ERROR_TIME_HEADER: dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    }
    body = strict_json.dumps({"messages": conversation(exchange)})
    # A config may name another method, but it would not carry the conversation.
    method = "POST" if target.method in contract.WITHOUT_BODY else target.method
    return HttpCall(target.upstream, method, target.path, target.path, headers, body)


def header_text(text: str) -> str:
    """One line of printable ASCII; what else there is stands percent-encoded."""
    return quote(" ".join(text.split())[:_LONGEST], safe=" !\"#$&'()*+,/:;<=>?@[\\]^_`{|}~")


def _answer(exchange: Exchange, error: GatewayError, response: HttpResponse) -> Answer:
    """A completion is repeated; anything else is what the assistant says, in the client's form."""
    answer = repeat(exchange, speech(response), _MODEL)
    return Answer(answer.body, answer.form, headers={error.header: error.code})
