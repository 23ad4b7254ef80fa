"""Fill .clients with the clients that tests/e2e/test_clients.py tries: what `make clients` runs.

They have an environment of their own, so that no client's needs decide what the gateway runs on.
What is there of the same requirements stays. Where a registry cannot be reached, or Node is
missing, that half is left empty: the tests find it so, and are skipped with the reason.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
PYTHON = CLIENTS / "python"
NODE = CLIENTS / "node"
MISSING = "missing"
"""A file in a half that could not be filled; it says why."""

# What pip and npm say when nobody answers; anything else that they say is a fault of ours.
UNREACHABLE = re.compile(
    r"Retrying \(Retry\(|npm (error|ERR!) (network|code (ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT))"
)


def main() -> int:
    try:
        _fill(PYTHON, ["requirements.txt"], _fill_python)
        _fill(NODE, ["package.json", "package-lock.json"], _fill_node)
    except subprocess.CalledProcessError as failed:
        print(f"{failed}\n{failed.output}", file=sys.stderr)
        return 1
    return 0


def _fill(half: Path, needs: list[str], fill: Callable[[], None]) -> None:
    wanted = hashlib.sha256(sys.version.encode())
    for need in needs:
        wanted.update((HERE / need).read_bytes())
    filled_with = half / "filled_with"
    if filled_with.exists() and filled_with.read_text("utf-8") == wanted.hexdigest():
        return
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    print(f"installing clients into {half}", flush=True)
    try:
        fill()
    except Missing as reason:
        (half / MISSING).write_text(str(reason), "utf-8")
        print(f"left out: {reason}", file=sys.stderr)
    else:
        filled_with.write_text(wanted.hexdigest(), "utf-8")


class Missing(Exception):
    """Of no fault of ours: a registry that cannot be reached, no Node."""


def _fill_python() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", PYTHON], check=True)
    pip = [sys.executable, "-m", "pip", "--python", PYTHON / "bin" / "python"]
    pip += ["--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-compile"]
    _run([*pip, "--requirement", HERE / "requirements.txt"], "PyPI")


def _fill_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not installed (on Debian: apt-get install nodejs npm)")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, NODE)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", NODE]
    _run(npm, "npm's registry")


def _run(command: list[Any], registry: str) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode and UNREACHABLE.search(done.stdout):
        raise Missing(f"{registry} cannot be reached")
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)


if __name__ == "__main__":
    sys.exit(main())
