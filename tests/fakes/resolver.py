"""A name server for tests: A records of a table, or silence. It needs port 53, and so a network of its own."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Self

_A = 1
_NO_SUCH_NAME = 3


class Resolver:
    """Answers from `names`, each with a life of a second; `silent`: it answers nothing at all."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.silent = False
        self.asked = 0
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._socket.bind(("127.0.0.1", 53))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, sender = self._socket.recvfrom(2048)
            except OSError:
                return
            self.asked += 1
            if not self.silent:
                self._socket.sendto(self._answer(query), sender)

    def _answer(self, query: bytes) -> bytes:
        name, end = _name(query)
        kind = struct.unpack("!H", query[end : end + 2])[0]
        address = self.names.get(name)
        found = [address] if address and kind == _A else []
        flags = 0x8180 | (0 if address else _NO_SUCH_NAME)
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0)
        records = [
            struct.pack("!HHHLH", 0xC00C, _A, 1, 1, 4) + socket.inet_aton(each) for each in found
        ]
        return head + query[12 : end + 4] + b"".join(records)


def _name(query: bytes) -> tuple[str, int]:
    """What is asked for, and where it ends."""
    labels, place = [], 12
    while length := query[place]:
        labels.append(query[place + 1 : place + 1 + length].decode().lower())
        place += 1 + length
    return ".".join(labels), place + 1
