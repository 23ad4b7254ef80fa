"""A real Redis for one test: of Debian's package, with TLS and a password, and nothing on disk."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.certificates import Authority

REDIS = shutil.which("redis-server")


@dataclass
class RedisServer:
    folder: Path
    port: int
    authority: Authority
    password: str
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.port}/0"

    def start(self) -> None:
        leaf = self.authority.leaf("localhost", name="redis")
        settings = self.folder / "redis.conf"
        settings.write_text(
            f"port 0\ntls-port {self.port}\nbind 127.0.0.1\nrequirepass {self.password}\n"
            f"tls-cert-file {leaf.chain_file}\ntls-key-file {leaf.key_file}\n"
            f"tls-ca-cert-file {self.authority.file}\ntls-auth-clients no\n"
            f'save ""\ndir {self.folder}\nloglevel warning\n'
        )
        with (self.folder / "redis.log").open("ab") as log:
            command = [REDIS or "redis-server", str(settings)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("PING") == "+PONG"
        return False

    def ask(self, command: str) -> str:
        """The first line of what it says, or all of a list."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        with (
            socket.create_connection(("localhost", self.port), 2) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(f"AUTH {self.password}\r\n{command}\r\nQUIT\r\n".encode())
            told = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return told.removeprefix("+OK\r\n").removesuffix("+OK\r\n").strip()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
