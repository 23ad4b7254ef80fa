"""The change of a config that `archgw calibrate` writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from controlplane.cli.calibrate import patch

KEY = "prompt_target_intent_matching_threshold"
FORMS = [
    ("version: v0.1", f"version: v0.1\noverrides:\n  {KEY}: 0.62\n"),
    ("a: 1\n", f"a: 1\noverrides:\n  {KEY}: 0.62\n"),
    (f"overrides:\n  {KEY}: 0.5  # why\nb: 1\n", f"overrides:\n  {KEY}: 0.62  # why\nb: 1\n"),
    ("overrides: {max_calls: 2}\n", f"overrides: {{{KEY}: 0.62, max_calls: 2}}\n"),
    (
        "overrides:\n    max_calls: 2\nb: 1\n",
        f"overrides:\n    {KEY}: 0.62\n    max_calls: 2\nb: 1\n",
    ),
]


@pytest.mark.parametrize(("old", "new"), FORMS)
def test_the_patch_changes_that_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    """Applied by git, the config has the threshold, and every other letter is as it was."""
    monkeypatch.chdir(tmp_path)
    config = Path("arch_config.yaml")
    config.write_text(old)
    subprocess.run(["git", "apply", "-p0"], input=patch(config, 0.62), text=True, check=True)
    assert config.read_text() == new
