"""Rows 58 and 69: the date is put right by an hour, forward or back, while a gateway runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from controlplane.supervise.envoy.binary import find as envoy_binary
from tests.e2e.archgw import ROOT, Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.provider import FakeProvider

Figure = Callable[[object], None]
SOURCE = ROOT / "tests" / "fakes" / "date.c"
needs_compiler = pytest.mark.skipif(
    not shutil.which("cc"), reason="no C compiler here to build what moves Envoy's date alone"
)

CONFIG = """
listeners:
  egress_traffic:
    auth:
      api_keys:
        - {name: spender, key: spender-0123456789abcdef}
        - {name: other, key: other-0123456789abcdef}
llm_providers:
  - name: one
    timeout: {first_byte: 20s}
    rate_limits: {selector: {client: spender}, limit: {tokens: 60, unit: hour}}
"""
ENVOY = """\
#!/bin/sh
case "$*" in *--version*|*validate*) exec {envoy} "$@";; esac
export LD_PRELOAD={library} ARCHGW_TEST_DATE={file}
exec {envoy} "$@"
"""


@dataclass(frozen=True)
class Date:
    """What one Envoy takes for the date, by how many seconds it is off."""

    folder: Path

    def __post_init__(self) -> None:
        self.put(0)

    @property
    def file(self) -> Path:
        return self.folder / "date"

    def put(self, seconds: int) -> None:
        # In place: it is a page of that process's memory.
        mode = "r+b" if self.file.exists() else "wb"
        with self.file.open(mode) as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    def envoy(self) -> Path:
        library, wrapped = self.folder / "date.so", self.folder / "envoy"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        text = ENVOY.format(envoy=envoy_binary(), library=library, file=self.file)
        wrapped.write_text(text)
        wrapped.chmod(0o755)
        return wrapped


@needs_compiler
def test_row_69_the_date_is_put_right(tmp_path: Path, figure: Figure) -> None:
    """What is spent of a limit stays spent and comes in again in its time; no call is cut."""
    date, port = Date(tmp_path), free_port()
    archgw = Archgw(tmp_path, {"ARCHGW_ENVOY": str(date.envoy())})
    with FakeProvider("one") as provider:
        archgw.config.write_text(config(CONFIG, one_local(f"127.0.0.1:{provider.port}"), port=port))
        done = archgw.up()
        try:
            assert done.returncode == 0, done.stderr
            spender, other = (_client(port, name) for name in ("spender", "other"))
            until(lambda: spender.chat("word " * 20).status == 429)
            waits = [_wait(spender)]
            for off in (-3600, 3600):
                date.put(off)
                until(lambda: abs(_off(other) - off) < 60)  # noqa: B023
                waits.append(_wait(spender))
                assert other.chat().status == 200
        finally:
            archgw.run("down", "--timeout", "0")
    figure(f"an hour back and two forward: {waits} s to wait for what is spent of an hour's limit")
    assert all(1000 < wait <= 3600 for wait in waits)


def _client(port: int, name: str) -> Client:
    return Client(port, headers={"authorization": f"Bearer {name}-0123456789abcdef"})


def _wait(spender: Client) -> int:
    """How long a call for nearly all of it is told to wait."""
    answer = spender.chat("word " * 40)
    assert answer.status == 429
    return int(answer.headers["retry-after"])


def _off(client: Client) -> float:
    """What Envoy says the date is, by ours."""
    told = parsedate_to_datetime(client.ask("GET", "/healthz").headers["date"]).timestamp()
    return told - time.time()  # noqa: TID251  dates are what this is about
