"""Server-sent events: bytes to events and back, without a socket.

`Decoder.feed` takes the bytes as they arrive; however they are split, the events are the same.
Lines end in LF, CR or CRLF. Only `data` means something to the chat API; comments and other
fields are dropped. Time is linear in the bytes: the tail is kept in pieces and joined once.
"""

from __future__ import annotations

import re

DONE = b"[DONE]"

_LINE_END = re.compile(rb"\r\n|\n|\r")


def encode(data: bytes) -> bytes:
    """One event. `data` must be one line, as JSON is that orjson writes."""
    return b"data: " + data + b"\n\n"


class Decoder:
    """Gives the data of each complete event; an event without its blank line is not one yet."""

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        self._lines: list[bytes] = []
        self._begun = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            # The other half of a CRLF that was cut in two.
            self._after_cr = False
            chunk = chunk[1:] if chunk[:1] == b"\n" else chunk
        found: list[bytes] = []
        start = 0
        for end in _LINE_END.finditer(chunk):
            self._line(b"".join((*self._tail, chunk[start : end.start()])), found)
            self._tail.clear()
            start = end.end()
            self._after_cr = end.group() == b"\r" and start == len(chunk)
        if start < len(chunk):
            self._tail.append(chunk[start:])
        return found

    def _line(self, line: bytes, found: list[bytes]) -> None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._lines:
                found.append(b"\n".join(self._lines))
                self._lines.clear()
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._lines.append(value.removeprefix(b" "))
