"""Row 56: the file system of the logs is full."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest  # noqa: TC002  pytest reads what fixtures are annotated with

from controlplane.supervise.canary import ATTACK
from tests.e2e.archgw import until
from tests.faults.stage import staged
from tests.faults.surroundings import alone_in_the_world


@alone_in_the_world
def test_row_56_no_room_for_logs(
    request: pytest.FixtureRequest, tmp_path: Path, figure: Callable[[object], None]
) -> None:
    """Calls and prompts are answered, attacks refused; with room again lines are written again."""
    logs = tmp_path / "h" / "logs"
    logs.mkdir(parents=True, mode=0o700)
    (tmp_path / "h").chmod(0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "logs", logs], check=True)
    with staged(tmp_path) as stage:
        junk = logs / "junk"
        with junk.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        statuses = [stage.llm.chat().status for _ in range(20)]
        statuses += [stage.prompt.chat("hello").status for _ in range(10)]
        assert "I would rather not." in stage.prompt.chat(ATTACK).text
        until(lambda: stage.counter("filesystem.write_failed") > 0, 20)
        failed = stage.counter("filesystem.write_failed")
        assert stage.archgw.status()["state"] == "running"
        junk.unlink()
        written = (logs / "access_llm.log").stat().st_size
        assert stage.llm.chat().status == 200
        until(lambda: (logs / "access_llm.log").stat().st_size > written, 20)
    lost = sum(status != 200 for status in statuses)
    figure(f"{lost} of {len(statuses)} calls lost while {failed} writes failed")
    assert lost == 0
