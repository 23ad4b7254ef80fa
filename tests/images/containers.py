"""Images as they are started where they serve: read-only, as nobody, without a capability.

No Docker is needed and no daemon. Health checks are made by systemd, which is not everywhere: here a
test makes them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "deploy" / "docker" / "build.py"
TOOLS = ("mmdebstrap", "buildah", "podman", "runc", "catatonit")
PODMAN = ("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs")
LIMITS = ("--no-healthcheck", "--ulimit", "nofile=20000:20000", "--ulimit", "nproc=4096:4096")
"""podman's own are more than a machine may let it set."""
HARDENED = (
    *("--network", "host", "--read-only", "--tmpfs", "/tmp"),
    *("--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "900m"),
    *LIMITS,
)


def missing() -> str:
    """Why no image can be made here; empty if one can."""
    if lacking := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"{', '.join(lacking)} not installed: apt-get install {' '.join(TOOLS)}"
    return "" if os.geteuid() == 0 else "images are built and run by root here"


def built(*arguments: str) -> dict[str, str]:
    """Each target's image, made if it is not there."""
    done = subprocess.run(
        [sys.executable, str(BUILD), "--debian", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = [line.split(": ")[0] for line in done.stderr.splitlines() if ": sha256:" in line]
    return {name.partition("archgw-")[2].partition(":")[0]: name for name in names}


def inspected(image: str) -> dict[str, Any]:
    shown = subprocess.run(["podman", "image", "inspect", image], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(shown.stdout)[0]
    return found


@dataclass(frozen=True)
class Container:
    name: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """In the container that runs."""
        return _podman("exec", self.name, *command)

    def signal(self, name: str) -> None:
        assert _podman("kill", "--signal", name, self.name).returncode == 0

    @property
    def logs(self) -> str:
        done = _podman("logs", self.name)
        return done.stdout + done.stderr

    @property
    def running(self) -> bool:
        return _podman("inspect", "--format", "{{.State.Running}}", self.name).stdout == "true\n"

    def ended(self, within: float = 60.0) -> int:
        """Its exit status."""
        deadline = time.monotonic() + within
        while self.running:
            assert time.monotonic() < deadline, f"{self.name} still runs:\n{self.logs}"
            time.sleep(0.1)
        shown = _podman("inspect", "--format", "{{.State.ExitCode}}", self.name)
        return int(shown.stdout)

    def changes(self) -> str:
        """What it wrote beside its temporary file system."""
        return _podman("diff", self.name).stdout


@contextlib.contextmanager
def container(
    image: str,
    *command: str,
    variables: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Iterator[Container]:
    """The image as it runs with these arguments, or its own; gone afterwards."""
    given = dict(variables or {})
    # By name alone: what a container is given can be seen in no list of processes.
    flags = [part for name in given for part in ("--env", name)]
    if config:
        flags += ["--volume", f"{config}:/etc/archgw:ro"]
    done = subprocess.run(
        [*PODMAN, "run", "--detach", *HARDENED, *flags, image, *command],
        env={**os.environ, **given}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    started = Container(done.stdout.strip())
    try:
        yield started
    finally:
        _podman("rm", "--force", "--time", "0", started.name)


def _podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PODMAN, *arguments], capture_output=True, text=True, check=False)
