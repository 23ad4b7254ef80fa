"""The report says what was measured, and of what did not hold why."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.soak import report
from tests.soak.processes import living
from tests.soak.verdicts import Line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LINES = [
    Line("kill -9 of Envoy", "≤ 20 fail", "3 failed", held=True),
    Line("SIGTERM of Envoy", "none fails", "9 |\nfailed", held=False, why="alone it has no twin"),
]


def test_each_part_keeps_what_the_other_has_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soak and chaos run apart; the page has both, with command, machine and note."""
    for name, path in (("FOLDER", "."), ("PAGE", "soak.md"), ("PLOT", "soak.svg")):
        monkeypatch.setattr(report, name, tmp_path / path)
    about = {"load_average": "1.0 1.0 1.0", "lines": [asdict(line) for line in LINES]}
    report.keep("chaos", {**about, "command": "make chaos", "rate": 40.0, "note": "All was well."})
    samples = [(2.0 * number, 50.0) for number in range(20)]
    report.keep(
        "soak",
        {
            **about,
            "options": {"seconds": 600.0, "rate": 50.0},
            "asked": {"LLM, JSON": 7},
            "p50_ms": {"LLM, JSON": 3},
            "p99_ms": {"LLM, JSON": 9},
            "fitted_from": 8.0,
            "memory": {"envoy": samples},
        },
    )
    page = (tmp_path / "soak.md").read_text()
    assert page.index("## Soak") < page.index("## Chaos")
    assert page.count("| kill -9 of Envoy | ≤ 20 fail | 3 failed | held |") == 2
    assert "9 / failed. alone it has no twin | **not held** |" in page
    assert "make soak SECONDS=600 RATE=50" in page
    assert "All was well." in page
    assert "load average at the end 1.0 1.0 1.0" in page
    assert "envoy: +0.0 MB" in (tmp_path / "soak.svg").read_text()


def test_memory_of_what_has_ended_is_no_memory() -> None:
    """A process that was replaced meanwhile is left out, not a crash of the measurement."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert living({"gone": gone.pid, "self": os.getpid()}).keys() == {"self"}
