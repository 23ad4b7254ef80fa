"""Where the console listens and what opens it, told in a file for this user alone."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controlplane.defaults import CONSOLE_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN_BYTES = 32
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Place:
    address: str
    port: int
    token: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES))

    @property
    def origin(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"

    @property
    def url(self) -> str:
        """The token stands behind the #, which no browser sends to anybody."""
        return f"{self.origin}/#{self.token}"


def ports_from(port: int | None) -> range:
    """The one that is asked for; else the usual one and those behind it."""
    return range(port, port + 1) if port is not None else range(CONSOLE_PORT, CONSOLE_PORT + _TRIES)


@contextlib.contextmanager
def told_in(file: Path, place: Place) -> Iterator[None]:
    """For `archgw up` and `archgw console` to show; gone when the console is."""
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.touch(0o600)
    fresh.write_text(json.dumps({"pid": os.getpid(), "url": place.url}), "utf-8")
    fresh.replace(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            # Another one may have come meanwhile.
            if json.loads(file.read_text("utf-8"))["pid"] == os.getpid():
                file.unlink()
