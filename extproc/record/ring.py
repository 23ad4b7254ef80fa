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
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def keep(self, request_id: str, record: bytes) -> None:
        self._drop(request_id)
        if len(record) > self._most_bytes:
            return
        self._kept[request_id] = record
        self._bytes += len(record)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def get(self, request_id: str) -> bytes | None:
        return self._kept.get(request_id)

    def newest(self, most: int) -> Iterator[bytes]:
        """From the newest on."""
        for _, record in zip(range(most), reversed(self._kept.values()), strict=False):
            yield record

    def _drop(self, request_id: str) -> None:
        gone = self._kept.pop(request_id, None)
        self._bytes -= len(gone) if gone is not None else 0
