"""The Containerfile, as its linter sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.images

FILE = Path(__file__).parents[2] / "deploy" / "docker" / "Containerfile"


def test_hadolint_has_nothing_to_say() -> None:
    """Nothing is ignored, either."""
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, str(FILE)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
    assert "hadolint ignore" not in FILE.read_text("utf-8")
