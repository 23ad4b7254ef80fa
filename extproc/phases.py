"""Envoy's messages to events, outcomes to Envoy's messages; and which may follow which.

Envoy sends headers, then the whole body (buffered), and waits for one reply to each. That
order is the table `NEXT`; whatever else comes is one `PhaseError`, raised in one place:

    START --headers--> HEADERS --body--> DONE
    START --headers without a body--> DONE

After DONE the call ends, and with it Envoy's interest in this process: a stream that runs
for minutes afterwards does not hang on it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from extproc import contract
from extproc.events import (
    Answer,
    Event,
    Forward,
    Outcome,
    Proceed,
    Reject,
    RequestBody,
    RequestHeaders,
)
from extproc.wire import archgw_ext_proc_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OVERWRITE = wire.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


class Phase(Enum):
    START = auto()
    HEADERS = auto()
    DONE = auto()


class PhaseError(Exception):
    """Envoy sent what its settings rule out."""


_Kind: TypeAlias = type[RequestHeaders] | type[RequestBody]

NEXT: Mapping[Phase, Mapping[_Kind, Phase]] = {
    Phase.START: {RequestHeaders: Phase.HEADERS},
    Phase.HEADERS: {RequestBody: Phase.DONE},
    Phase.DONE: {},
}


def next_phase(phase: Phase, event: Event) -> Phase:
    found = NEXT[phase].get(type(event))
    if found is None:
        raise PhaseError(f"{type(event).__name__} in phase {phase.name}")
    return Phase.DONE if isinstance(event, RequestHeaders) and event.end_of_stream else found


def decode(message: bytes) -> Event:
    request = wire.ProcessingRequest.FromString(message)
    match request.WhichOneof("request"):
        case "request_headers":
            sent = request.request_headers
            return RequestHeaders(_headers(sent.headers.headers), sent.end_of_stream)
        case "request_body":
            return RequestBody(request.request_body.body)
        case other:
            raise PhaseError(f"unexpected message: {other}")


def _headers(sent: Iterable[wire.HeaderValue]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in sent:
        # Latin-1 reads any bytes; header values mean nothing beyond ASCII to us.
        value = header.raw_value.decode("latin-1") or header.value
        key = header.key.lower()
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def encode(outcome: Outcome, decision: Mapping[str, str] | None = None) -> bytes:
    """`decision` is for the access log."""
    if isinstance(outcome, Proceed):
        return _PROCEED
    reply = _reply(outcome)
    if decision:
        _leave(reply, contract.DECISION_METADATA, decision)
    return reply.SerializeToString()


def _leave(reply: wire.ProcessingResponse, metadata: str, texts: Mapping[str, str]) -> None:
    fields = reply.dynamic_metadata.fields[metadata].struct_value.fields
    for key, text in texts.items():
        fields[key].string_value = text


def _reply(outcome: Forward | Answer | Reject) -> wire.ProcessingResponse:
    match outcome:
        case Forward():
            return _forward(outcome)
        case Answer():
            headers = {
                "content-type": outcome.form.content_type,
                contract.ANSWER_HEADER: outcome.form.value,
                **outcome.headers,
            }
            return _immediate(200, headers, outcome.body, "prompt_answered")
        case Reject():
            return _reject(outcome)


# Messages are filled where they stand: built from the inside out, each is copied into the next, which
# takes twice as long.
def _forward(outcome: Forward) -> wire.ProcessingResponse:
    reply = wire.ProcessingResponse()
    changed = reply.request_body.response
    changed.clear_route_cache = True
    changed.body_mutation.body = outcome.body
    # Envoy refuses a changed body whose content-length is still the old one.
    _set(changed.header_mutation, {"content-length": str(len(outcome.body)), **outcome.headers})
    told = {contract.EVENTS_KEY: outcome.events, contract.MEMBERS_KEY: outcome.members}
    if texts := {key: text for key, text in told.items() if text}:
        _leave(reply, contract.PROMPT_METADATA, texts)
    return reply


def _reject(outcome: Reject) -> wire.ProcessingResponse:
    error = outcome.error
    headers = {
        "content-type": "text/plain; charset=utf-8",
        contract.ERROR_CODE_HEADER: error.code,
        contract.ERROR_TYPE_HEADER: error.type,
    }
    if error.param:
        headers[contract.ERROR_PARAM_HEADER] = error.param
    if not error.again:
        # The official SDKs send a request again on 409, 429 and 5xx, unless they are told this:
        # a device would be rebooted three times because the first time took too long.
        headers["x-should-retry"] = "false"
    if error.retry_after:
        headers["retry-after"] = str(error.retry_after)
    return _immediate(error.status, headers, error.message.encode(), error.code)


def _immediate(
    status: int, headers: Mapping[str, str], body: bytes, details: str
) -> wire.ProcessingResponse:
    reply = wire.ProcessingResponse()
    answer = reply.immediate_response
    answer.status.code = status
    answer.body = body
    answer.details = details
    _set(answer.headers, headers)
    return reply


def _set(mutation: wire.HeaderMutation, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        header = mutation.set_headers.add(append_action=_OVERWRITE).header
        header.key = name
        header.raw_value = value.encode("latin-1", "replace")


_PROCEED = wire.ProcessingResponse(
    request_headers=wire.HeadersResponse(response=wire.CommonResponse())
).SerializeToString()
