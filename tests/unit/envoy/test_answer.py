"""What an API was asked and said goes into the first object of the LLM's stream, and nowhere else."""

from __future__ import annotations

import json

import pytest

from tests.unit.envoy.scripts import Script

_LUA = Script("", "answer.lua", "new_stream", "with_members")
MEMBERS = b'"metadata":{"x":"100%"},'
CHUNK = b'data: {"id":"1","choices":[{"delta":{"content":"data: {"}}]}'
TOLD = CHUNK.replace(b"{", b"{" + MEMBERS, 1)


def passing(*pieces: bytes) -> list[bytes]:
    """What goes on at once for each piece; and at the end of the stream, what had waited."""
    stream = _LUA.call("new_stream")
    passed, done = [], False
    for piece in pieces:
        if done:
            passed.append(piece)
            continue
        passes, done = _LUA.call("with_members", stream, piece, MEMBERS)
        passed.append(bytes(passes))
    return [*passed, bytes(stream[b"held"])]


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (CHUNK + b"\n\n" + CHUNK + b"\n\n", TOLD + b"\n\n" + CHUNK + b"\n\n"),
        (b": data: {}\r\n\r\n" + CHUNK + b"\r\n\r\n", b": data: {}\r\n\r\n" + TOLD + b"\r\n\r\n"),
        (b"id: 1\ndata:{}\n\n", b"id: 1\ndata:{" + MEMBERS + b"}\n\n"),
        (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        (b"data: ping {}\n\n", b"data: ping {}\n\n"),
        (b"data:", b"data:"),
        (b"", b""),
    ],
)
def test_the_first_object_is_told(stream: bytes, told: bytes) -> None:
    """Wherever the stream is cut; all else passes byte for byte, and nothing is lost."""
    assert b"".join(passing(stream)) == told
    for cut in range(len(stream)):
        assert b"".join(passing(stream[:cut], stream[cut:])) == told
    assert b"".join(passing(*(stream[i : i + 1] for i in range(len(stream))))) == told


def test_only_the_beginning_of_a_line_waits() -> None:
    """A comment that is cut in two goes on at once; what may open the object does not."""
    assert passing(b": pi", b"ng\n\ndat", b"a: ", b"{}") == [
        b": pi", b"ng\n\n", b"", b"data: {" + MEMBERS + b"}", b"",
    ]  # fmt: skip


@pytest.mark.parametrize("text", [False, True])
def test_both_failed(text: bool) -> None:
    """The LLM's status, in the form that the config's errors have."""
    script = Script(f"local TEXT_ERRORS = {str(text).lower()}", "answer.lua", "restore_failure")
    headers: dict[bytes, bytes] = {b":status": b"500"}
    said: list[bytes] = []
    written = {b"replace": lambda _self, name, value: headers.__setitem__(name, value)}
    body = {b"setBytes": lambda _self, value: said.append(value)}
    handle = {
        b"headers": lambda _self: script.table(written),
        b"body": lambda _self, _always: script.table(body),
    }
    known = {b"told_status": b"502", b"request_id": b"r-1"}
    script.call("restore_failure", handle, known)
    words = "the LLM provider failed with status 502, and so did the error target"
    assert headers[b":status"] == b"502"
    assert headers[b"content-length"] == str(len(said[0])).encode()
    if text:
        assert (headers[b"content-type"], said[0].decode()) == (b"text/plain", words)
        return
    assert json.loads(said[0])["error"] == {
        "message": words, "type": "server_error", "code": "llm_unavailable", "param": None,
        "request_id": "r-1",
    }  # fmt: skip
