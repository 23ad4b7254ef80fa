"""Fill .clients with the clients that tests/e2e/test_clients.py tries: what `make clients` runs."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.registries import fill_all, node_packages, python_environment

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
PYTHON = CLIENTS / "python"
NODE = CLIENTS / "node"

if __name__ == "__main__":
    python = (PYTHON, [HERE / "requirements.txt"], python_environment)
    node = (NODE, [HERE / "package.json", HERE / "package-lock.json"], node_packages)
    sys.exit(fill_all([python, node]))
