"""Starts a real Envoy on what `archgw compile` would write, on free ports, for one test.

The gateway runs from the static bootstrap, which holds the same resources as the control
plane would send; what the control plane adds is tested in test_supervise.py.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.compile import compile_file
from controlplane.emit import emit
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVOY = Path(sys.executable).parent / "envoy"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Running:
    """A gateway that serves, and where it keeps its files."""

    port: int
    layout: Layout
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def admin(self, method: str, path: str) -> str:
        """A request to the admin socket, which only we can reach."""
        connection = http.client.HTTPConnection("admin")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.layout.admin_socket))
        with contextlib.closing(connection):
            connection.request(method, path)
            return connection.getresponse().read().decode()

    def log(self, name: str = "access_llm.log") -> str:
        """The access log once Envoy has flushed it."""
        time.sleep(0.3)
        return (self.layout.logs / name).read_text()


@contextlib.contextmanager
def gateway(folder: Path, config: str, env: Mapping[str, str]) -> Iterator[Running]:
    """`config` may hold `{port}` for the LLM listener's port."""
    port = free_port()
    file = folder / "arch_config.yaml"
    file.write_text(config.replace("{port}", str(port)))
    layout = _write(folder, file, env)
    process = _start(layout)
    try:
        wait_until_open(port, process)
        yield Running(port, layout, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _write(folder: Path, file: Path, env: Mapping[str, str]) -> Layout:
    layout = Layout(home=folder / "home", logs=folder / "logs")
    for directory in (layout.run, layout.secrets, layout.logs):
        directory.mkdir(parents=True, exist_ok=True)
    compiled = compile_file(file, env)
    if compiled.gateway is None:
        raise AssertionError([problem.message for problem in compiled.problems])
    resources = emit(compiled.gateway, layout)
    for secret in compiled.gateway.secrets:
        layout.key_file(secret.name).write_text(secret.value or "")
    for name, text in resources.secret_files:
        (layout.secrets / name).write_text(text)
    layout.bootstrap_file.write_text(to_json(static_bootstrap(layout, resources)))
    return layout


def _start(layout: Layout) -> subprocess.Popen[bytes]:
    command = [
        str(ENVOY if ENVOY.exists() else shutil.which("envoy")),
        "-c",
        str(layout.bootstrap_file),
        "--concurrency",
        "2",
        "--disable-hot-restart",
        "--drain-time-s",
        "900",
        "--file-flush-interval-msec",
        "100",
        "-l",
        "warning",
    ]
    with (layout.logs / "envoy.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": os.defpath})


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise AssertionError("Envoy did not start")
