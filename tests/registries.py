"""Filling a folder with what some tests need out of a package registry.

Such folders have environments of their own, so that no tool's needs decide what the gateway runs
on. What is there of the same requirements stays. Where a registry cannot be reached the folder
says so: the tests find it, and are skipped with the reason.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

MISSING = "missing"
"""A file in a folder that could not be filled; it says why."""

# What pip and npm say when nobody answers; anything else that they say is a fault of ours.
_UNREACHABLE = re.compile(
    r"Retrying \(Retry\(|npm (error|ERR!) (network|code (ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT))"
)


class Missing(Exception):
    """Of no fault of ours: a registry that cannot be reached, no Node."""


def fill_all(fills: Iterable[tuple[Path, Sequence[Path], Callable[..., None]]]) -> int:
    """Each a folder, files it depends on, and what fills it by them; the exit status comes back."""
    try:
        for folder, needs, fill in fills:
            _fill(folder, needs, fill)
    except subprocess.CalledProcessError as failed:
        print(f"{failed}\n{failed.output}", file=sys.stderr)
        return 1
    return 0


def _fill(folder: Path, needs: Sequence[Path], fill: Callable[..., None]) -> None:
    wanted = hashlib.sha256(sys.version.encode())
    for need in needs:
        wanted.update(need.read_bytes())
    filled_with = folder / "filled_with"
    if filled_with.exists() and filled_with.read_text("utf-8") == wanted.hexdigest():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"filling {folder}", flush=True)
    try:
        fill(folder, *needs)
    except Missing as reason:
        (folder / MISSING).write_text(str(reason), "utf-8")
        print(f"left out: {reason}", file=sys.stderr)
    else:
        filled_with.write_text(wanted.hexdigest(), "utf-8")


def python_environment(folder: Path, requirements: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    pip += ["--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-compile"]
    _run([*pip, "--requirement", requirements], "PyPI")


def node_packages(folder: Path, package: Path, lock: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not installed (on Debian: apt-get install nodejs npm)")
    for file in (package, lock):
        shutil.copy(file, folder)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    _run(npm, "npm's registry")


def download(folder: Path, requirements: Path) -> None:
    """The packages as files, each with the hash that is written beside its name."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    pip += ["--no-deps", "--require-hashes", "--requirement", requirements, "--dest", folder]
    _run(pip, "PyPI")


def _run(command: list[Any], registry: str) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode and _UNREACHABLE.search(done.stdout):
        raise Missing(f"{registry} cannot be reached")
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
