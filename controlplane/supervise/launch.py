"""From the command line to a supervisor, with the keys in memory and nowhere else.

The supervisor needs the caller's environment to resolve `$NAME`, but a process's environment
can be read in /proc for as long as it lives. So it starts with a clean one, and gets the
caller's through a memory file that is gone once it is read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import controlplane
from controlplane.supervise.drain_time import DrainTime
from controlplane.supervise.private import SOLE_USER, appending, private_home
from controlplane.supervise.processes.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.home_paths import Home


@dataclass(frozen=True, slots=True)
class Launch:
    config: Path | None
    home: Home
    service: str
    env: Mapping[str, str]
    drain_time: DrainTime = field(default_factory=DrainTime)
    console: bool = False

    def argv(self, *more: str) -> list[str]:
        where = ["--home", str(self.home.folder), "--logs", str(self.home.logs)]
        config = ["--config", str(self.config)] if self.config else []
        module = [sys.executable, "-m", "controlplane.supervise"]
        drain = [
            "--drain-min",
            str(self.drain_time.least),
            "--drain-max",
            str(self.drain_time.most),
        ]
        console = ["--console"] if self.console else []
        return [*module, *where, *config, "--service", self.service, *drain, *console, *more]

    @property
    def directory(self) -> Path:
        """Paths in the config, of a certificate say, are relative to the config."""
        return self.config.parent if self.config else Path("/")

    def process_env(self) -> dict[str, str]:
        kept = {name: self.env[name] for name in _OWN if name in self.env}
        root = str(Path(controlplane.__file__).resolve().parent.parent)
        return {**clean_environment(self.env), **kept, "PYTHONPATH": root}


_OWN = ("ARCHGW_ENVOY", SOLE_USER, "COVERAGE_PROCESS_START")


def in_background(launch: Launch) -> tuple[subprocess.Popen[bytes], int]:
    """The supervisor, and the end of a pipe on which it says how its start goes."""
    private_home(launch.home)
    env_fd = memory_file(json.dumps(dict(launch.env)).encode())
    reading, writing = os.pipe()
    try:
        with appending(launch.home.logs / "supervisor.log") as log:
            process = subprocess.Popen(
                launch.argv("--env-fd", str(env_fd), "--report-fd", str(writing)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=launch.process_env(),
                pass_fds=(env_fd, writing),
                cwd=launch.directory,
                start_new_session=True,
            )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(env_fd)
        os.close(writing)
    return process, reading


def in_foreground(launch: Launch) -> None:
    """Becomes the supervisor: same pid, so that signals and service managers fit."""
    env_fd = memory_file(json.dumps(dict(launch.env)).encode())
    os.set_inheritable(env_fd, True)
    argv = launch.argv("--env-fd", str(env_fd))
    os.chdir(launch.directory)
    os.execve(sys.executable, argv, launch.process_env())  # noqa: S606  no shell is the point


def memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("archgw-environment", os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
