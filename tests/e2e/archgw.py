"""`archgw` as a user runs it: the real command line, in a home and on ports of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.home_paths import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Archgw:
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "arch_config.yaml"

    @property
    def home(self) -> Home:
        # A socket's path may have 107 letters, and a test's folder is long already.
        return Home(self.folder / "h", self.folder / "h" / "logs")

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "controlplane.cli", command, *arguments]
        if command not in ("lint", "completion", "init"):
            argv += ["--home", str(self.home.folder)]
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.env}
        return subprocess.run(
            argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
        )

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", str(self.config), *arguments)

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json").stdout)

    def child(self, name: str = "envoy") -> dict[str, Any]:
        return next(each for each in self.status()["children"] if each["name"] == name)

    def processes(self) -> list[int]:
        """Everything that runs for this home, by what its command line names."""
        return [pid for pid, line in command_lines() if str(self.home.folder) in line]


def command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if line:
                yield int(entry.name), line


def replace(file: Path, text: str) -> None:
    """Renamed into place, so that who watches the file never sees half of it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def until(condition: Callable[[], Any], within: float = 10.0) -> Any:
    """The first true answer of `condition`; fails when the time is up."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still not so after {within} s"
        time.sleep(0.05)
    return answer
