"""Row 65: certificate and key are renewed one after the other, so that for a while they do not fit."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.e2e.archgw import until
from tests.e2e.configs import config, one_local
from tests.e2e.harness import Running, gateway
from tests.fakes.certificates import Authority, Leaf
from tests.fakes.provider import FakeProvider

CONFIG = """
listeners:
  egress_traffic:
    tls: {tls_certificates: [{certificate_chain: {filename: {chain}}, private_key: {filename: {key}}}]}
"""


class Door:
    """Makes handshakes again and again, and counts which certificate was shown."""

    def __init__(self, port: int, authority: Authority) -> None:
        self.shown: Counter[str] = Counter()
        self._port = port
        self._context = ssl.create_default_context(cafile=str(authority.file))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def serial(self) -> str:
        with (
            socket.create_connection(("127.0.0.1", self._port), 10) as plain,
            self._context.wrap_socket(plain, server_hostname="door.test") as wrapped,
        ):
            return str((wrapped.getpeercert() or {})["serialNumber"])

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.shown[self.serial()] += 1
            except (OSError, ssl.SSLError) as error:
                self.shown[f"{type(error).__name__}: {error}"] += 1
            time.sleep(0.02)


def test_row_65_certificate_and_key_one_after_the_other(
    tmp_path: Path, figure: Callable[[object], None]
) -> None:
    """While they do not fit the old pair is shown, then the new one; no handshake fails."""
    authority = Authority(tmp_path / "authority")
    old, new = (authority.leaf("door.test", name=name) for name in ("old", "new"))
    live = Leaf(tmp_path / "live.pem", tmp_path / "live.key")
    _put(old.chain_file, live.chain_file)
    _put(old.key_file, live.key_file)
    with FakeProvider("one") as one:
        pair = {"chain": live.chain_file, "key": live.key_file}
        text = config(CONFIG, one_local(one.address), **pair)
        with gateway(tmp_path, text, {}) as running, Door(running.port, authority) as door:
            before = door.serial()
            _put(new.chain_file, live.chain_file)
            until(lambda: _refused(running) > 0, 10)
            assert door.serial() == before
            _put(new.key_file, live.key_file)
            began = time.monotonic()
            until(lambda: door.serial() != before, 10)
            took = time.monotonic() - began
            until(lambda: door.shown.total() > 10, 20)
    figure(f"{door.shown.total()} handshakes, none failed; the new pair after {took:.1f} s")
    assert len(door.shown) == 2, door.shown


def _put(source: Path, target: Path) -> None:
    """By a rename, as who renews certificates does it."""
    fresh = target.with_suffix(".fresh")
    shutil.copy(source, fresh)
    os.replace(fresh, target)


def _refused(running: Running) -> int:
    found = running.admin("GET", "/stats?filter=key_rotation_failed")
    return sum(int(line.rpartition(": ")[2]) for line in found.splitlines())
