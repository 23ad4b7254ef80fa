"""Fill .race with the gateways of other makers that archgw is raced against: what `make race` runs first."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.registries import MISSING, Missing, fill_all, python_environment, run

HERE = Path(__file__).parent
RACE = HERE.parents[1] / ".race"
LITELLM = RACE / "litellm"
PORTKEY = RACE / "portkey"
_REQUIREMENTS = HERE / "requirements.txt"
_PACKAGES = (HERE / "package.json", HERE / "package-lock.json")


def why_missing(folder: Path) -> str:
    """Empty where it is there."""
    if not folder.exists():
        return "not installed: `make race` does"
    missing = folder / MISSING
    return missing.read_text("utf-8") if missing.exists() else ""


def _fill_litellm(folder: Path) -> None:
    python_environment(folder, _REQUIREMENTS)


def _fill_portkey(folder: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not installed (on Debian: apt-get install nodejs npm)")
    for package in _PACKAGES:
        shutil.copy(package, folder)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    run(npm, "npm's registry")


if __name__ == "__main__":
    litellm = (LITELLM, [_REQUIREMENTS], _fill_litellm)
    sys.exit(fill_all([litellm, (PORTKEY, _PACKAGES, _fill_portkey)]))
