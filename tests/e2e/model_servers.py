"""A model server as a process of its own, at a port and with a token, to be killed, stopped and counted."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from tests.e2e.demo_stages import wait_until_loaded
from tests.e2e.harness import free_port, wait_until_open

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef" * 4


@dataclass
class Server:
    """One model server, with the models that archgw ships."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)

    def launch(self) -> None:
        token = self.folder / "token"
        token.write_text(TOKEN)
        settings = self.folder / "settings.yaml"
        settings.write_text("runtime: {guard_workers: 1, targets_workers: 1}\n")
        command = [sys.executable, "-m", "modelserver", "--port", str(self.port)]
        command += ["--token-file", str(token), "--config", str(settings), "--drain-min", "2"]
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def log(self) -> Path:
        return self.folder / f"models-{self.port}.log"

    def wait(self) -> None:
        wait_until_open(self.port, self.process)
        wait_until_loaded(self.log, self.process)

    def end(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait(20)

    def answered(self) -> int:
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=5).text
        found = re.findall(
            r'^archgw_modelserver_requests_total\{.*"200".*\} (\S+)', text, re.MULTILINE
        )
        return int(sum(map(float, found)))
