"""Fill .race with the gateways of other makers that archgw is raced against: what `make race` runs first."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.registries import MISSING, fill_all, node_packages, python_environment

HERE = Path(__file__).parent
RACE = HERE.parents[1] / ".race"
LITELLM = RACE / "litellm"
PORTKEY = RACE / "portkey"


def why_missing(folder: Path) -> str:
    """Empty where it is there."""
    if not folder.exists():
        return "not installed: `make race` does"
    missing = folder / MISSING
    return missing.read_text("utf-8") if missing.exists() else ""


if __name__ == "__main__":
    litellm = (LITELLM, [HERE / "requirements.txt"], python_environment)
    portkey = (PORTKEY, [HERE / "package.json", HERE / "package-lock.json"], node_packages)
    sys.exit(fill_all([litellm, portkey]))
