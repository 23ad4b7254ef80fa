"""Streams cut anywhere are the same streams; messages in any order are the table's or an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.chat import sse
from extproc.events import Event, RequestBody, RequestHeaders
from extproc.phases import NEXT, Phase, PhaseError, decode, next_phase
from extproc.wire import archgw_ext_proc_pb2 as wire

PIECES = st.sampled_from(
    [b"data: ", b"data:", b"a", b"\n", b"\r", b"\r\n", b"\n\n", b": c", b"event: x", b"[DONE]",
     b'{"a":1}', b"\xef\xbb\xbf", b" ", b"id", b"\xc3\xa9"]
)  # fmt: skip

LINES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)


@settings(max_examples=2000, deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join), st.lists(st.integers(0, 200), max_size=12))
def test_any_split_is_the_same_stream(stream: bytes, cuts: list[int]) -> None:
    """Events do not depend on how the bytes arrive."""
    whole = sse.Decoder().feed(stream)
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    decoder, found, start = sse.Decoder(), [], 0
    for end in ends:
        found += decoder.feed(stream[start:end])
        start = end
    assert found == whole


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=20).map(b"".join))
def test_byte_by_byte_is_the_same_stream(stream: bytes) -> None:
    """Down to single bytes, with empty chunks between."""
    decoder, found = sse.Decoder(), []
    for index in range(len(stream)):
        found += decoder.feed(stream[index : index + 1]) + decoder.feed(b"")
    assert found == sse.Decoder().feed(stream)


@settings(max_examples=500, deadline=None)
@given(st.lists(LINES.map(str.encode), max_size=8))
def test_encoded_events_come_back(events: list[bytes]) -> None:
    """Whatever is written as events is read as them."""
    assert sse.Decoder().feed(b"".join(sse.encode(event) for event in events)) == events


def test_time_is_linear_in_the_bytes() -> None:
    """A line of a megabyte in tiny chunks takes moments, not minutes."""
    decoder = sse.Decoder()
    began = time.process_time()
    decoder.feed(b"data: ")
    for _ in range(100_000):
        decoder.feed(b"xxxxxxxxxx")
    assert decoder.feed(b"\n\n") == [b"x" * 1_000_000]
    assert time.process_time() - began < 5


EVENTS = st.sampled_from(
    [
        RequestHeaders({}, end_of_stream=False),
        RequestHeaders({}, end_of_stream=True),
        RequestBody(b""),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(EVENTS, max_size=6))
def test_only_the_legal_order_passes(events: list[Event]) -> None:
    """Headers, body, end; headers without a body, end; anything else is the one error."""
    phase = Phase.START
    for event in events:
        legal = type(event) in NEXT[phase]
        if not legal:
            with pytest.raises(PhaseError):
                next_phase(phase, event)
            return
        phase = next_phase(phase, event)
    assert phase in Phase


@settings(max_examples=3000, deadline=None)
@given(st.binary(max_size=80))
def test_bytes_from_envoy_never_crash_the_decoder(message: bytes) -> None:
    """What is no message of Envoy's is an error of two known kinds."""
    from google.protobuf.message import DecodeError

    try:
        event = decode(message)
    except (PhaseError, DecodeError):
        return
    assert isinstance(event, RequestHeaders | RequestBody)


@settings(max_examples=500, deadline=None)
@given(
    st.dictionaries(st.text(min_size=1, max_size=5), st.binary(max_size=10), max_size=5),
    st.booleans(),
)
def test_headers_of_any_bytes_are_read(sent: dict[str, bytes], ends: bool) -> None:
    """Header values are bytes; none of them is an error."""
    values = [wire.HeaderValue(key=key, raw_value=value) for key, value in sent.items()]
    message = wire.ProcessingRequest(
        request_headers=wire.HttpHeaders(headers=wire.HeaderMap(headers=values), end_of_stream=ends)
    )
    event = decode(message.SerializeToString())
    assert isinstance(event, RequestHeaders)
    assert event.end_of_stream is ends
    assert set(event.headers) == {key.lower() for key in sent}
