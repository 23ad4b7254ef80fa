"""What a JSON answer says it cost is found wherever its pieces are cut."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.envoy.scripts import Script

_LUA = Script("", "usage.lua", "read")
_LONGEST = 4096


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
        (b'{"data":[],"usage":{"prompt_tokens":2,"total_tokens":2}}', (2, None, 2)),
        (b'{"usage":{"total_tokens":3,"completion_tokens":1},"choices":[]}', (None, 1, 3)),
        (
            b'{"usage" : {\n "prompt_tokens_details": {"cached_tokens": 9},\n "prompt_tokens" : 4 } }',
            (4, None, None),
        ),
        (
            b'{"content":"\\"usage\\":{\\"total_tokens\\":1}","usage":{"total_tokens":5}}',
            (None, None, 5),
        ),
        (b'{"kind":"usage","usage":null,"x":{"usage":{"total_tokens":6}}}', (None, None, 6)),
        (b'{"usage":{"seconds":1},"y":{"usage":{"total_tokens":7}}}', (None, None, 7)),
    ],
)
def test_counts(answer: bytes, counts: tuple[int | None, ...]) -> None:
    """Of a key named usage alone, never of text that looks like one, in one piece or in many."""
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    expected = {name: n for name, n in zip(names, counts, strict=True) if n is not None}
    assert read(answer) == expected
    assert read(*(answer[i : i + 1] for i in range(len(answer)))) == expected


@pytest.mark.parametrize(
    "answer",
    [b"", b'{"usage":null}', b'{"usage":7}', b'["usage"]', b'{"usage":{}}', b'{"usage":'],
)
def test_no_counts(answer: bytes) -> None:
    """An answer that tells nothing is no error."""
    assert read(answer) is None


def test_long() -> None:
    """Whatever an answer holds, little of it is kept and the time is linear in its bytes."""
    began = time.monotonic()
    assert read(*(b'"usage":{' * 3000 for _ in range(10))) is None
    assert read(*(b'"usage":{"a":"' + b"x" * 30_000 for _ in range(10))) is None
    assert time.monotonic() - began < 5
