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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.compile import compile_file
from controlplane.emit import emit
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.home_paths import Layout

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
    prompt_port: int
    extprocs: tuple[Extproc, ...]

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
    """`{port}` and `{prompt_port}` in `config` become free ports.

    A config with prompts gets its two extproc processes, too.
    """
    port, prompt_port = free_port(), free_port()
    file = folder / "arch_config.yaml"
    ports = {"{port}": str(port), "{prompt_port}": str(prompt_port)}
    for name, value in ports.items():
        config = config.replace(name, value)
    file.write_text(config)
    layout = write(folder, file, env)
    with contextlib.ExitStack() as stack:
        extprocs = [
            Extproc(path, layout) for path in layout.extproc_sockets if _has_prompts(layout)
        ]
        for extproc in extprocs:
            stack.callback(extproc.stop)
            extproc.start()
        process = _start(layout)
        stack.callback(_end, process)
        wait_until_open(port, process)
        yield Running(port, layout, process, prompt_port, tuple(extprocs))


def _has_prompts(layout: Layout) -> bool:
    return any(layout.runtime.glob("*.json"))


@dataclass
class Extproc:
    """One extproc process, on the socket where Envoy looks for it."""

    socket: Path
    layout: Layout
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def log(self) -> Path:
        return self.layout.logs / f"{self.socket.stem}.log"

    def start(self) -> None:
        begun = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "extproc", "--socket", str(self.socket)]
        command += ["--runtime", str(self.layout.runtime)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while b'"serving"' not in self.log.read_bytes()[begun:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log.read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        _end(self.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def write(folder: Path, file: Path, env: Mapping[str, str]) -> Layout:
    layout = Layout(home=folder / "home", logs=folder / "logs")
    for directory in (layout.run, layout.secrets, layout.logs, layout.runtime):
        directory.mkdir(parents=True, exist_ok=True)
    compiled = compile_file(file, env)
    if compiled.gateway is None:
        raise AssertionError([problem.message for problem in compiled.problems])
    resources = emit(compiled.gateway, layout)
    for secret in compiled.gateway.secrets:
        layout.key_file(secret.name).write_text(secret.value or "")
    for name, text in resources.secret_files:
        (layout.secrets / name).write_text(text)
    if resources.runtime:
        file = layout.runtime / f"{resources.runtime.generation}.json"
        file.write_text(resources.runtime.text)
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
