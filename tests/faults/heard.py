"""Inside pytest: each test's outcome, told by a line of JSON as soon as it has ended.

`python -m tests.faults` loads this as a plugin, and reads the lines from a pipe.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

PIPE = "ARCHGW_TEST_FAULTS_PIPE"
"""The variable with the number of the pipe that lines are written to."""


@dataclass
class Heard:
    """What became of one test, over its beginning, itself and its end."""

    test: str
    """Without what tells apart the cases of one test."""
    outcome: str = "passed"
    seconds: float = 0.0
    figures: list[str] = field(default_factory=list)
    words: str = ""
    """Why it failed or was skipped."""


_open: dict[str, Heard] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    heard = _open.setdefault(report.nodeid, Heard(_test(report.nodeid)))
    heard.seconds += report.duration
    if report.outcome != "passed" and heard.outcome != "failed":
        heard.outcome = report.outcome
        heard.words = _words(report)
    if report.when == "teardown":
        heard.figures = [text for name, text in report.user_properties if name == "figure"]
        _tell(_open.pop(report.nodeid))


def _test(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").partition("[")[0]


def _words(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return report.longreprtext


def _tell(heard: Heard) -> None:
    os.write(int(os.environ[PIPE]), json.dumps(asdict(heard)).encode() + b"\n")
