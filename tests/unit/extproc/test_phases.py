"""Envoy's messages and ours: what is read, what is written, which may follow which."""

from __future__ import annotations

import pytest

from extproc.contract import Form
from extproc.errors import InvalidRequest, Overloaded, ToolError, ToolTimeout, Unavailable
from extproc.events import Answer, Forward, Proceed, Reject, RequestBody, RequestHeaders
from extproc.phases import NEXT, Phase, PhaseError, decode, encode, next_phase
from extproc.wire import archgw_ext_proc_pb2 as wire

HEADERS = RequestHeaders({":path": "/"}, end_of_stream=False)
BODY = RequestBody(b"{}")


def told(outcome: object) -> wire.ProcessingResponse:
    return wire.ProcessingResponse.FromString(encode(outcome))  # type: ignore[arg-type]


def header_map(mutation: wire.HeaderMutation) -> dict[str, str]:
    assert all(o.append_action == o.OVERWRITE_IF_EXISTS_OR_ADD for o in mutation.set_headers)
    return {o.header.key: o.header.raw_value.decode() for o in mutation.set_headers}


def test_reads_headers() -> None:
    """Names in lower case, raw values as Latin-1, several of a name joined."""
    sent = [("X-One", b"1"), ("via", b"a"), ("via", b"b"), ("odd", b"\xff")]
    values = [wire.HeaderValue(key=key, raw_value=value) for key, value in sent]
    values.append(wire.HeaderValue(key="plain", value="text"))
    message = wire.ProcessingRequest(
        request_headers=wire.HttpHeaders(headers=wire.HeaderMap(headers=values), end_of_stream=True)
    )
    assert decode(message.SerializeToString()) == RequestHeaders(
        {"x-one": "1", "via": "a,b", "odd": "\xff", "plain": "text"}, end_of_stream=True
    )


def test_reads_the_body() -> None:
    """The bytes as they are."""
    message = wire.ProcessingRequest(request_body=wire.HttpBody(body=b"\0x", end_of_stream=True))
    assert decode(message.SerializeToString()) == RequestBody(b"\0x")


@pytest.mark.parametrize("kind", ["response_headers", "response_body", "request_trailers"])
def test_other_messages_are_errors(kind: str) -> None:
    """What our settings rule out is one error, not silence."""
    forms = {"response_headers": wire.HttpHeaders, "response_body": wire.HttpBody,
             "request_trailers": wire.HttpTrailers}  # fmt: skip
    message = wire.ProcessingRequest(**{kind: forms[kind]()})
    with pytest.raises(PhaseError, match=kind):
        decode(message.SerializeToString())
    with pytest.raises(PhaseError):
        decode(b"")


def test_order_is_the_table() -> None:
    """Headers, then the body, then nothing; headers without a body end it."""
    assert next_phase(Phase.START, HEADERS) is Phase.HEADERS
    assert next_phase(Phase.HEADERS, BODY) is Phase.DONE
    assert next_phase(Phase.START, RequestHeaders({}, end_of_stream=True)) is Phase.DONE
    for phase, event in ((Phase.START, BODY), (Phase.HEADERS, HEADERS), (Phase.DONE, BODY)):
        with pytest.raises(PhaseError):
            next_phase(phase, event)
    assert set(NEXT) == set(Phase)


def test_proceed_answers_the_headers() -> None:
    """Continue, and change nothing."""
    reply = told(Proceed())
    assert reply.WhichOneof("response") == "request_headers"
    assert not reply.request_headers.response.HasField("header_mutation")


def test_forward_replaces_the_body_and_its_length() -> None:
    """The new body, its length, a fresh route, and what the answer is to have as metadata."""
    reply = told(Forward("é".encode(), {"x-arch-guarded": "1"}, "data: é\n\n", '"a":1,'))
    common = reply.request_body.response
    assert common.body_mutation.body == "é".encode()
    assert header_map(common.header_mutation) == {"content-length": "2", "x-arch-guarded": "1"}
    assert common.clear_route_cache
    fields = reply.dynamic_metadata.fields["arch.prompt"].struct_value.fields
    assert fields["events"].string_value == "data: é\n\n"
    assert fields["members"].string_value == '"a":1,'


def test_forward_with_nothing_to_tell_has_no_metadata() -> None:
    """Nothing is left behind for a response that passes as it is."""
    assert not told(Forward(b"{}", {})).HasField("dynamic_metadata")


@pytest.mark.parametrize(
    "outcome", [Forward(b"{}", {}), Answer(b"x", Form.JSON), Reject(InvalidRequest("no"))]
)
def test_what_was_decided_is_left_for_the_log(outcome: Forward | Answer | Reject) -> None:
    """However a prompt ends, beside the reply, which is the same."""
    decided = {"guard": "passed", "target": "wetter für Köln"}
    reply = wire.ProcessingResponse.FromString(encode(outcome, decided))
    fields = reply.dynamic_metadata.fields.pop("arch.decision").struct_value.fields
    assert {key: value.string_value for key, value in fields.items()} == decided
    reply.ClearField("dynamic_metadata")
    assert reply == told(outcome)


@pytest.mark.parametrize(
    ("form", "media"), [(Form.JSON, "application/json"), (Form.SSE, "text/event-stream")]
)
def test_answer_says_what_it_is(form: Form, media: str) -> None:
    """Our own answers carry their form, for Envoy to pass them as they are."""
    reply = told(Answer(b"x", form, {"x-prompt-guard-error-code": "jailbreak"}))
    immediate = reply.immediate_response
    assert (immediate.status.code, immediate.body) == (200, b"x")
    assert header_map(immediate.headers) == {
        "content-type": media, "x-arch-answer": form.value, "x-prompt-guard-error-code": "jailbreak",
    }  # fmt: skip


def test_refusal_is_text_for_envoy_to_wrap() -> None:
    """Message as the body; code, type and param as headers."""
    immediate = told(Reject(InvalidRequest("wröng", param="messages.0"))).immediate_response
    assert immediate.status.code == 400
    assert immediate.body.decode() == "wröng"
    assert header_map(immediate.headers) == {
        "content-type": "text/plain; charset=utf-8", "x-arch-error-code": "invalid_request",
        "x-arch-error-type": "invalid_request_error", "x-arch-error-param": "messages.0",
    }  # fmt: skip


def test_call_that_was_made_is_not_made_again() -> None:
    """Official SDKs retry by themselves, unless a header forbids it: after an API call it does."""
    for error in (ToolError("x", target_name="t"), ToolTimeout("x", target_name="t")):
        headers = header_map(told(Reject(error)).immediate_response.headers)
        assert headers["x-should-retry"] == "false"
    headers = header_map(told(Reject(Unavailable("x"))).immediate_response.headers)
    assert "x-should-retry" not in headers


def test_who_is_not_let_in_is_told_when_to_come_again() -> None:
    headers = header_map(told(Reject(Overloaded("x"))).immediate_response.headers)
    assert headers["retry-after"] == "1"
