"""Inputs made of other inputs, the same ones for the same seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST = 4096
PIECES = (
    *(b"\0", b"\r\n", b"\n\n", b"\n", b"\r", b"\t", b" ", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf"),
    *(b'"', b"'", b"\\", b"\\u0000", b"\\ud800", b"\\u202e", b"{", b"}", b"[", b"]", b",", b":"),
    *(b"%", b"%00", b"%2f", b"%2e%2e", b"..", b"/", b"//", b"?", b"#", b"&", b"=", b";", b"@"),
    *(b"%REQ(authorization)%", b"%ENVIRONMENT(HOME)%", b"]]", b"--[[", b"${K}", b"$K", b"$$"),
    *(b"- ", b": ", b"&a", b"*a", b"!!python/object:os.system", b"|", b">", b"? ", b"---\n"),
    *(b"data: ", b"data:", b"event: x\n", b"[DONE]", b"id: 1\n", b": c\n", b'"usage"'),
    *(b"null", b"true", b"NaN", b"1e999", b"-0", b"9" * 400, b"[" * 100, b'{"a":' * 70),
    *(b'"messages"', b'"content"', b'"role"', b'"model"', b'"Model"', b'"metadata"', b'"tools"'),
    *("\u2028".encode(), "é".encode(), "\U0001f600".encode(), "İ".encode(), "\ufeff".encode()),
    *("\u202e".encode(), "\u200b".encode(), "ﬀ".encode(), b"\xed\xa0\x80", b"\xc0\xaf"),
)  # fmt: skip


def mutations(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Without an end."""
    choose = random.Random(seed)
    while True:
        data = bytearray(choose.choice(seeds))
        for _ in range(choose.choice((1, 1, 2, 3, 8))):
            _change(data, choose, seeds)
        yield bytes(data[:LONGEST])


def _change(data: bytearray, choose: random.Random, seeds: Sequence[bytes]) -> None:
    start = choose.randrange(len(data) + 1)
    end = min(len(data), start + choose.choice((0, 1, 1, 2, 4, 16, 64)))
    match choose.randrange(6):
        case 0:
            del data[start:end]
        case 1:
            data[start:start] = data[start:end] * choose.choice((1, 2, 20))
        case 2:
            data[start:end] = choose.choice(PIECES)
        case 3:
            data[start:start] = choose.choice(PIECES)
        case 4:
            data[start:end] = choose.randbytes(end - start)
        case _:
            other = choose.choice(seeds)
            data[start:] = other[choose.randrange(len(other) + 1) :]
