"""A process is told from another one that got its pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from controlplane.supervise.processes import leash
from controlplane.supervise.processes.leftovers import end_leftovers
from controlplane.supervise.processes.process import Identity, identity, own


def test_reused_pid_is_spared() -> None:
    """A signal for a process that is gone does not hit its pid's next owner."""
    process = subprocess.Popen(["sleep", "30"])
    try:
        real = identity(process.pid)
        assert real is not None
        Identity(real.pid, real.started - 1).send(signal.SIGKILL)
        time.sleep(0.05)
        assert process.poll() is None
        real.send(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    finally:
        process.kill()


def test_dead_but_not_reaped_is_dead() -> None:
    """A zombie is not alive: nobody needs to wait for it."""
    process = subprocess.Popen(["true"])
    deadline = time.monotonic() + 5
    while identity(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert identity(process.pid) is None
    process.wait()


def test_own_identity_is_stable() -> None:
    """Asked twice, the same answer; it is alive."""
    assert own() == own() == identity(os.getpid())
    assert own().alive


def test_name_with_parentheses_and_spaces_is_read_right(tmp_path: Path) -> None:
    """The command name in /proc/PID/stat cannot shift the fields behind it."""
    odd = tmp_path / "a) S 1 (b"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(odd), "30"])
    try:
        deadline = time.monotonic() + 5
        while b") S 1 (" not in Path(f"/proc/{process.pid}/stat").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        found = identity(process.pid)
        assert found is not None
        assert found.started >= own().started
    finally:
        process.kill()
        process.wait()


def test_leash_ends_the_child_with_its_parent(tmp_path: Path) -> None:
    """Kill -9 of the parent kills the child, which ignores everything else."""
    script = (
        "import os, subprocess, sys, time\n"
        f"argv = [sys.executable, '-I', '-S', {leash.__file__!r}, str(os.getpid()),"
        " '/bin/sh', '-c', 'trap \"\" TERM HUP INT; echo ready; sleep 30 & wait']\n"
        "child = subprocess.Popen(argv, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(30)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = identity(int(parent.stdout.readline()))
    assert child is not None
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 3
    while child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.alive


def test_leash_without_its_parent_runs_nothing(tmp_path: Path) -> None:
    """A parent that died before the leash was on leaves no child behind."""
    marker = tmp_path / "ran"
    argv = [sys.executable, "-I", "-S", leash.__file__, "1", "/usr/bin/touch", str(marker)]
    assert subprocess.run(argv, check=False).returncode == 1
    assert not marker.exists()


def test_leftovers_are_ended_and_strangers_spared(tmp_path: Path) -> None:
    """Of the recorded children those that are still the same process are killed."""
    record = tmp_path / "children.json"
    left, stranger = subprocess.Popen(["sleep", "30"]), subprocess.Popen(["sleep", "30"])
    try:
        mine, other = identity(left.pid), identity(stranger.pid)
        assert mine is not None
        assert other is not None
        record.write_text(
            f'{{"envoy": [{mine.pid}, {mine.started}],'
            f' "modelserver": [{other.pid}, {other.started - 5}]}}'
        )
        assert end_leftovers(record) == ["envoy"]
        assert left.wait(5) == -signal.SIGKILL
        assert stranger.poll() is None
        assert not record.exists()
    finally:
        left.kill()
        stranger.kill()
        left.wait()
        stranger.wait()


def test_broken_record_names_nobody(tmp_path: Path) -> None:
    """A record cut short by a crash does not stop the next start."""
    for text in ("", "{", "[]", '{"envoy": 3}'):
        (tmp_path / "children.json").write_text(text)
        assert end_leftovers(tmp_path / "children.json") == []
