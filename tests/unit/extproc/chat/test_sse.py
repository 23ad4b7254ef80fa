"""Server-sent events and the chunks in them."""

from __future__ import annotations

import json

import pytest

from extproc.chat import sse, stream

CASES = {
    b"data: a\n\n": [b"a"],
    b"data:a\r\n\r\ndata: b\r\rdata:  c\n\n": [b"a", b"b", b" c"],
    b": comment\nevent: x\nid: 1\ndata: a\ndata: b\nretry: 3\n\n": [b"a\nb"],
    b"\n\n\ndata: a\n\n\n\n": [b"a"],
    b"\xef\xbb\xbfdata: a\n\n": [b"a"],
    b"data\n\n": [b""],
    b"data: a\n": [],
    b"data: a": [],
    b"datax: a\n\n": [],
    b"": [],
}


@pytest.mark.parametrize(("sent", "events"), CASES.items())
def test_decodes(sent: bytes, events: list[bytes]) -> None:
    """The data of each complete event, by the rules of the standard."""
    assert sse.Decoder().feed(sent) == events


def test_encodes_what_it_decodes() -> None:
    """An event comes back as it went."""
    assert sse.Decoder().feed(sse.encode(b'{"a":1}') + sse.encode(sse.DONE)) == [
        b'{"a":1}',
        sse.DONE,
    ]


def chunk(delta: dict[str, object], **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, **more}
    return sse.encode(json.dumps({"model": "m", "choices": [choice]}).encode())


def test_assembles_a_message() -> None:
    """Deltas become one text; the model is kept; a tool's chunk is not speech."""
    body = (
        chunk({"role": "tool", "content": "raw"})
        + chunk({"role": "assistant"})
        + chunk({"content": "Hello "})
        + chunk({"content": "you"}, finish_reason="stop")
        + sse.encode(b'{"choices": [], "usage": {"total_tokens": 3}}')
        + b"data: [DONE]"
    )
    found = stream.assemble(body)
    assert (found.text, found.model) == ("Hello you", "m")


@pytest.mark.parametrize("data", [b"nonsense", b"[1]", b"3"])
def test_what_is_no_chunk_is_an_error(data: bytes) -> None:
    """One error for whatever is no chunk."""
    with pytest.raises(ValueError, match=r".+"):
        stream.assemble(sse.encode(data))
