"""Fill .clients with the clients that tests/e2e/test_clients.py tries: what `make clients` runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.registries import Missing, fill_all, python_environment, run

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
PYTHON = CLIENTS / "python"
NODE = CLIENTS / "node"
_REQUIREMENTS = HERE / "requirements.txt"
_PACKAGES = (HERE / "package.json", HERE / "package-lock.json")


def _fill_python(folder: Path) -> None:
    python_environment(folder, _REQUIREMENTS)


def _fill_node(folder: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not installed (on Debian: apt-get install nodejs npm)")
    for package in _PACKAGES:
        shutil.copy(package, folder)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    run(npm, "npm's registry")


if __name__ == "__main__":
    python = (PYTHON, [_REQUIREMENTS], _fill_python)
    sys.exit(fill_all([python, (NODE, _PACKAGES, _fill_node)]))
