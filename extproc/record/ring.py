"""The newest records, in memory: so many at most, and so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 1000
_MOST_BYTES: Final = 4 << 20


class Ring:
    """Encoded records by request id. A client that sends one id twice has the newer one kept."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0
        self.last = 0
        """The number of the newest: they are counted from one on."""

    def keep(self, request_id: str, record: bytes) -> None:
        self._drop(request_id)
        if len(record) > self._most_bytes:
            return
        self.last += 1
        self._kept[request_id] = (self.last, record)
        self._bytes += len(record)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def get(self, request_id: str) -> bytes | None:
        found = self._kept.get(request_id)
        return found[1] if found else None

    def newest(self, most: int) -> Iterator[bytes]:
        """From the newest on."""
        for _, (_, record) in zip(range(most), reversed(self._kept.values()), strict=False):
            yield record

    def after(self, number: int) -> Iterator[bytes]:
        """What came after the record of this number and is still there, from the newest on."""
        for its_number, record in reversed(self._kept.values()):
            if its_number <= number:
                return
            yield record

    def _drop(self, request_id: str) -> None:
        gone = self._kept.pop(request_id, None)
        self._bytes -= len(gone[1]) if gone is not None else 0
