"""What a command costs: processor time, held against that of loading Envoy's types.

Both grow alike on a slower machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
SEED = ROOT / "tests/golden/seed_v0_1/in.yaml"
TYPES = "import envoy_data_plane.envoy.config.bootstrap.v3"


def processor_seconds(*arguments: str) -> float:
    """Of Python with these arguments; the least of three, the others being others' noise."""
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
        after = os.times()
        spent.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return min(spent)


def test_compile_costs_little_more_than_loading_envoys_types() -> None:
    """The whole bootstrap of the seed config in 1.5 times what loading Envoy's types takes."""
    types = processor_seconds("-c", TYPES)
    assert processor_seconds("-m", "controlplane.cli", "compile", str(SEED)) < 1.5 * types
