"""What an answer says it cost is found wherever its pieces are cut: read in JSON, hidden in SSE."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.envoy.scripts import Script

_LUA = Script("", "usage.lua", "read", "add_up", "new_stream", "without_usage")
_LONGEST = 4096

if TYPE_CHECKING:
    from collections.abc import Iterable


def read(*pieces: bytes) -> dict[str, int] | None:
    kept = b""
    for piece in pieces:
        result: Any = _LUA.call("read", kept + piece)
        if not isinstance(result, tuple):
            return {bytes(name).decode(): number for name, number in result.items()}
        kept = bytes(result[1])
        assert len(kept) <= _LONGEST + len(b'"usage"')
    return None


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (b'{"data":[],"usage":{"prompt_tokens":2,"total_tokens":2}}', (2, None, None, 2)),
        (b'{"usage":{"total_tokens":3,"completion_tokens":1},"choices":[]}', (None, None, 1, 3)),
        (
            b'{"usage" : {\n "prompt_tokens_details": {"cached_tokens": 3},\n "prompt_tokens" : 4 } }',
            (4, 3, None, None),
        ),
        (
            b'{"content":"\\"usage\\":{\\"total_tokens\\":1}","usage":{"total_tokens":5}}',
            (None, None, None, 5),
        ),
        (
            b'{"usage":{"input_tokens":8,"input_tokens_details":{},"output_tokens":9,"total_tokens":17}}',
            (8, None, 9, 17),
        ),
        (
            b'{"usage":{"prompt_tokens":8,"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":3}}',
            (8, 5, None, None),
        ),
        (
            b'{"kind":"usage","usage":null,"x":{"usage":{"total_tokens":6}}}',
            (None, None, None, 6),
        ),
        (b'{"usage":{"seconds":1},"y":{"usage":{"total_tokens":7}}}', (None, None, None, 7)),
    ],
)
def test_counts(answer: bytes, counts: tuple[int | None, ...]) -> None:
    """Of a key named usage alone, never of text that looks like one, in one piece or in many."""
    names = ("prompt_tokens", "cached_tokens", "completion_tokens", "total_tokens")
    expected = {name: n for name, n in zip(names, counts, strict=True) if n is not None}
    assert read(answer) == expected
    assert read(*(answer[i : i + 1] for i in range(len(answer)))) == expected


@pytest.mark.parametrize(
    ("answer", "messages", "sums"),
    [
        (b'{"usage":{"prompt_tokens":2,"completion_tokens":3}}', False, (2, None, 5)),
        (
            b'{"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":9}}',
            False,
            (2, None, 9),
        ),
        (b'{"usage":{"input_tokens":2,"output_tokens":3}}', True, (2, None, 5)),
        (
            (
                b'{"usage":{"input_tokens":2,"cache_read_input_tokens":100,"output_tokens":3,'
                b'"cache_creation_input_tokens":10,"cache_creation":{"5m_input_tokens":10}}}'
            ),
            True,
            (112, 100, 115),
        ),
    ],
)
def test_sums(answer: bytes, messages: bool, sums: tuple[int | None, ...]) -> None:
    """A total where none is told; of Anthropic's counts the whole prompt, with what was cached."""
    found = _LUA.call("add_up", _LUA.call("read", answer), messages)
    keys = (b"prompt_tokens", b"cached_tokens", b"total_tokens")
    assert tuple(found[key] for key in keys) == sums


@pytest.mark.parametrize(
    "answer",
    [b"", b'{"usage":null}', b'{"usage":7}', b'["usage"]', b'{"usage":{}}', b'{"usage":'],
)
def test_no_counts(answer: bytes) -> None:
    """An answer that tells nothing is no error."""
    assert read(answer) is None


def test_long() -> None:
    """Whatever an answer holds, little of it is kept and the time is linear in its bytes."""
    began = time.process_time()
    assert read(*(b'"usage":{' * 3000 for _ in range(10))) is None
    assert read(*(b'"usage":{"a":"' + b"x" * 30_000 for _ in range(10))) is None
    assert time.process_time() - began < 5


USAGE = b'{"id":"1","choices":[],"usage":{"total_tokens":3}}'
HELLO = b'{"id":"1","choices":[{"index":0,"delta":{"content":"Hello"}}],"usage":null}'


def passing(*pieces: bytes) -> list[bytes]:
    """What goes on at once for each piece of a stream; and at its end, what had waited."""
    stream = _LUA.call("new_stream")
    passed = [bytes(_LUA.call("without_usage", stream, piece)) for piece in pieces]
    return [*passed, bytes(stream[b"held"])]


def event(data: bytes, end: bytes = b"\n") -> bytes:
    return b"data: " + data + end + end


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "usage",
    [
        event(USAGE),
        b"data:" + USAGE + b"\n\n",
        event(USAGE.replace(b":", b" : ").replace(b"[]", b"[ ]")),
        event(b'{"usage":{"total_tokens":3},"choices":[]}'),
        event(b'{"choices":[],\ndata: "usage":{"total_tokens":3}}'),
        b": told last\nid: 7\nevent: message\n" + event(USAGE),
    ],
)
def test_the_event_of_the_usage_is_taken_out(usage: bytes, end: bytes) -> None:
    """However it is written, wherever it is cut, with what comes before and after it untouched."""
    usage = usage.replace(b"\n", end)
    before, after = event(HELLO, end) + b": ping" + end + end, event(b"[DONE]", end)
    stream = before + usage + after
    assert b"".join(passing(stream)) == before + after
    for cut in range(len(stream)):
        assert b"".join(passing(stream[:cut], stream[cut:])) == before + after
    assert b"".join(passing(*(stream[i : i + 1] for i in range(len(stream))))) == before + after


@pytest.mark.parametrize(
    "kept",
    [
        event(HELLO),
        event(b'{"choices":[],"usage":null}'),
        event(b'{"choices":[],"prompt_filter_results":[{"usage":{}}]}'),
        event(b'{"choices":[{"delta":{}}],"usage":{"total_tokens":3}}'),
        event(b'{"choices":[{"delta":{"tool_calls":[]}}],"usage":{"total_tokens":3}}'),
        event(b'{"type":"message_delta","usage":{"output_tokens":3}}'),
        event(b'{"delta":{"choices":[],"usage":{"total_tokens":3}}}'),
        event(b'{"choices":[],"usage":{"total_tokens":3}} and more'),
        event(b'{"choices":[{"delta":{"content":"\\"choices\\":[],\\"usage\\":{}"}}]}'),
        event(b"[]"),
        b"data: " + HELLO + b"\n" + b"data: " + HELLO + b"\n",
        b"\n\n\n\r\n",
        b"data: " + b"x" * 20_000 + USAGE + b"\n\n",
    ],
)
def test_any_other_event_passes_byte_for_byte(kept: bytes) -> None:
    """What only looks like it is not it, and lines that are never an event pass, too."""
    assert b"".join(passing(kept)) == kept
    for size in (1, 7, 100):
        pieces = [kept[i : i + size] for i in range(0, len(kept), size)]
        assert b"".join(passing(*pieces)) == kept


def test_nothing_waits_that_need_not() -> None:
    """Of an event cut in two all goes on at once, as soon as it holds a choice or is no object."""
    begun = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hel'
    assert passing(begun, b'lo"}}]}\n\n') == [begun, b'lo"}}]}\n\n', b""]
    assert passing(b"data: [D", b"ONE]\n\n") == [b"data: [D", b"ONE]\n\n", b""]
    whole = event(HELLO, b"\r\n")
    assert passing(whole, whole) == [whole, whole, b""]
    assert passing(b'data: {"id":"1"', b',"choices":[{}]}\n\n')[0] == b""


def test_the_end_of_a_stream_loses_nothing() -> None:
    """The beginning of an event that never came whole is there to be passed on at the end."""
    begun = b'data: {"id":"1","choices":[],"us'
    assert passing(event(HELLO) + begun) == [event(HELLO), begun]


def test_little_of_a_stream_waits() -> None:
    """An event without end passes on, and the time is linear in its bytes."""
    began = time.process_time()
    stream = _LUA.call("new_stream")
    for _ in range(50_000):
        _LUA.call("without_usage", stream, b'data: {"id":1,')
        assert len(stream[b"held"]) <= 8192
    assert time.process_time() - began < 5


_LINES = st.lists(
    st.sampled_from(
        [b"data: ", b"data:", USAGE, HELLO, b"[DONE]", b": ping", b"id: 1", b'"choices":[],', b"[]"]
    ),
    max_size=4,
).map(b"".join)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(_LINES, st.sampled_from([b"\n", b"\r\n"])), max_size=20),
    st.lists(st.integers(0, 500), max_size=10),
)
def test_any_split_is_the_same_stream(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """What passes does not depend on how the bytes arrive, and is what a plain reader leaves."""
    stream = b"".join(line + end for line, end in lines)
    places = sorted({min(cut, len(stream)) for cut in (0, *cuts, len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    assert b"".join(passing(*pieces)) == b"".join(_plainly(lines))


def _plainly(lines: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    event: list[tuple[bytes, bytes]] = []
    for line in lines:
        event.append(line)
        if line[0] == b"" and len(event) > 1:
            if not _is_usage(event):
                yield from (part for each in event for part in each)
            event = []
    yield from (part for each in event for part in each)


def _is_usage(event: Iterable[tuple[bytes, bytes]]) -> bool:
    data = [line.removeprefix(b"data:") for line, _ in event if line.startswith(b"data:")]
    try:
        found = json.loads(b"\n".join(data))
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("choices") == [] and bool(found.get("usage"))
