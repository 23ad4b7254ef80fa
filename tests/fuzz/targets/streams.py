"""Server-sent events of whoever sends some: the same however they are cut, and written as read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from extproc.chat import sse, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Check


@contextlib.contextmanager
def streams() -> Iterator[Check]:
    yield _check


def _check(data: bytes) -> None:
    whole = sse.Decoder().feed(data)
    for size in (1, 2, 7):
        decoder, found = sse.Decoder(), []
        for start in range(0, len(data), size):
            found += decoder.feed(data[start : start + size]) + decoder.feed(b"")
        assert found == whole
    lines = [event for event in whole if event and not set(event) & set(b"\r\n")]
    assert sse.Decoder().feed(b"".join(map(sse.encode, lines))) == lines
    with contextlib.suppress(ValueError):
        assembled = stream.assemble(data)
        assembled.text.encode()
        assert len(assembled.text) <= len(data)
