"""The process: what it says when it cannot start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def start(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "extproc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_missing_folder_is_said(tmp_path: Path) -> None:
    """One line, exit 2."""
    ended = start("--socket", tmp_path / "s", "--runtime", tmp_path / "none")
    assert ended.returncode == 2
    assert f"--runtime {tmp_path / 'none'} is no folder" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_socket_that_cannot_be_is_said(tmp_path: Path) -> None:
    """Names the socket, exit 2, no traceback."""
    socket = tmp_path / "no" / "folder" / "s"
    ended = start("--socket", socket, "--runtime", tmp_path)
    assert ended.returncode == 2
    assert f"extproc: cannot listen on {socket}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_tracing_is_not_imported_unasked() -> None:
    """OpenTelemetry's messages cost a process nothing that traces nothing."""
    asked = "import sys, extproc.__main__; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    assert done.stdout == b"False\n"
