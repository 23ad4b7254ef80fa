"""Starts a real Envoy on what `archgw compile` would write, on free ports, for one test.

The gateway runs from the static bootstrap, which holds the same resources as the control
plane would send; what the control plane adds is tested in test_supervise.py.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.compile import compile_file
from controlplane.emit import emit
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.home_paths import Home
from controlplane.supervise.plan import key_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ENVOY = Path(sys.executable).parent / "envoy"


def free_port() -> int:
    """Below the ports that the kernel gives to connections, which could take it before we do."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


def admin(home: Home, method: str, path: str) -> str:
    """A request to Envoy's admin socket, which only we can reach."""
    connection = http.client.HTTPConnection("admin", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(home.admin_socket))
    with contextlib.closing(connection):
        connection.request(method, path)
        return connection.getresponse().read().decode()


@dataclass(frozen=True)
class Running:
    """A gateway that serves, and where it keeps its files."""

    port: int
    home: Home
    process: subprocess.Popen[bytes]
    prompt_port: int
    extprocs: tuple[Extproc, ...]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def admin(self, method: str, path: str) -> str:
        return admin(self.home, method, path)

    def wait_until_extprocs_are_well(self, within: float = 10) -> None:
        """Envoy asks only those that have passed its health check."""
        well = [f"{each.socket}::health_flags::healthy" for each in self.extprocs]
        deadline = time.monotonic() + within
        while not all(line in self.admin("GET", "/clusters") for line in well):
            assert time.monotonic() < deadline, self.admin("GET", "/clusters")
            time.sleep(0.02)

    def log(self, name: str = "access_llm.log") -> str:
        """The access log once Envoy has flushed it."""
        time.sleep(0.3)
        return (self.home.logs / name).read_text()


@contextlib.contextmanager
def gateway(
    folder: Path,
    config: str,
    env: Mapping[str, str],
    change: Callable[[Any], None] | None = None,
) -> Iterator[Running]:
    """`{port}` and `{prompt_port}` in `config` become free ports.

    A config with prompts gets its two extproc processes, too. `change`: what a test does to the
    bootstrap that no config would.
    """
    port, prompt_port = free_port(), free_port()
    file = folder / "arch_config.yaml"
    ports = {"{port}": str(port), "{prompt_port}": str(prompt_port)}
    for name, value in ports.items():
        config = config.replace(name, value)
    file.write_text(config)
    home = write(folder, file, env)
    if change:
        bootstrap = json.loads(home.bootstrap_file.read_text())
        change(bootstrap)
        home.bootstrap_file.write_text(json.dumps(bootstrap))
    with contextlib.ExitStack() as stack:
        extprocs = [
            Extproc(path, home.runtime, home.logs / f"{path.stem}.log")
            for path in home.extproc_sockets
            if _has_prompts(home)
        ]
        stack.enter_context(serving(extprocs))
        process = _start(home)
        stack.callback(_end, process)
        wait_until_open(port, process)
        running = Running(port, home, process, prompt_port, tuple(extprocs))
        if extprocs:
            running.wait_until_extprocs_are_well()
        yield running


def _has_prompts(home: Home) -> bool:
    return any(home.runtime.glob("*.json"))


@dataclass
class Extproc:
    """One extproc process, on a socket and with a log of its own."""

    socket: Path
    runtime: Path
    log: Path
    log_level: str = "info"
    process: subprocess.Popen[bytes] = field(init=False)
    _logged_before: int = field(default=0, init=False)

    def start(self) -> None:
        self.launch()
        self.wait_until_it_serves()

    def launch(self) -> None:
        self._logged_before = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "extproc", "--socket", str(self.socket)]
        command += ["--runtime", str(self.runtime), "--metrics", f"{self.socket}.metrics"]
        command += ["--log-level", self.log_level]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def wait_until_it_serves(self) -> None:
        deadline = time.monotonic() + 60
        while b'"serving"' not in self.log.read_bytes()[self._logged_before :]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log.read_text())
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM, wait: float = 20) -> int:
        """Its exit status; that of the first time, if it has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def metrics(self) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self.socket}.metrics")
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@contextlib.contextmanager
def serving(extprocs: Sequence[Extproc]) -> Iterator[None]:
    """All of them, started side by side; killed at the end, when none has work any more."""
    with contextlib.ExitStack() as stack:
        for each in extprocs:
            each.launch()
            stack.callback(each.stop, signal.SIGKILL)
        for each in extprocs:
            each.wait_until_it_serves()
        yield


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


def write(folder: Path, file: Path, env: Mapping[str, str]) -> Home:
    home = Home(folder=folder / "home", logs=folder / "logs")
    for directory in (home.run, home.secrets, home.logs, home.runtime):
        directory.mkdir(parents=True, exist_ok=True)
    compiled = compile_file(file, env)
    if compiled.gateway is None:
        raise AssertionError([problem.message for problem in compiled.problems])
    resources = emit(compiled.gateway, home)
    for name, text in (*key_files(compiled.gateway, home).items(), *resources.secret_files):
        (home.secrets / name).write_text(text)
    if resources.runtime:
        file = home.runtime / f"{resources.runtime.generation}.json"
        file.write_text(resources.runtime.text)
    home.bootstrap_file.write_text(to_json(static_bootstrap(home, resources)))
    return home


def _start(home: Home) -> subprocess.Popen[bytes]:
    command = [
        str(ENVOY if ENVOY.exists() else shutil.which("envoy")),
        "-c",
        str(home.bootstrap_file),
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
    with (home.logs / "envoy.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": os.defpath})


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise AssertionError(f"{process.args} did not open port {port}")
