"""One gateway per home, whatever became of the one before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.supervise.lock import HeldError, Lock, holder, is_held

_HOLD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from controlplane.supervise.lock import Lock
    lock = Lock(Path(sys.argv[1]))
    lock.take("/etc/arch.yaml")
    print("taken", flush=True)
    time.sleep(60)
""")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_taker_is_told_who_holds_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    """The message names the pid and config of the running gateway and what to do about it."""
    with pytest.raises(HeldError) as caught:
        Lock(tmp_path / "lock").take("/other.yaml")
    message = str(caught.value)
    assert f"pid {other.pid}" in message
    assert "/etc/arch.yaml" in message
    assert "archgw reload" in message
    assert holder(tmp_path / "lock").identity.pid == other.pid


def test_kill_frees_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    """A holder killed with -9 leaves a file but no lock."""
    assert is_held(tmp_path / "lock")
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert not is_held(tmp_path / "lock")
    lock = Lock(tmp_path / "lock")
    lock.take("mine")
    assert holder(tmp_path / "lock").identity.pid == os.getpid()
    lock.release()


def test_release_leaves_no_file(tmp_path: Path) -> None:
    """After release the file is gone and the lock can be taken anew."""
    lock = Lock(tmp_path / "lock")
    lock.take("a")
    lock.release()
    assert not (tmp_path / "lock").exists()
    assert not is_held(tmp_path / "lock")
    Lock(tmp_path / "lock").take("b")


def test_lock_on_a_removed_file_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened the file just before it was removed does not end up with a lock on nothing."""
    path = tmp_path / "lock"
    first = Lock(path)
    first.take("first")
    opened = os.open
    removed = []

    def open_then_lose(name: Path, *args: Any, **kwargs: Any) -> int:
        descriptor = opened(name, *args, **kwargs)
        if name == path and not removed:
            removed.append(True)
            first.release()
        return descriptor

    monkeypatch.setattr(os, "open", open_then_lose)
    Lock(path).take("second")
    assert path.exists()
    assert is_held(path)


def test_lock_file_is_private_and_not_inherited(tmp_path: Path) -> None:
    """Its mode is 0600, and a child does not keep the lock alive."""
    lock = Lock(tmp_path / "lock")
    lock.take("a")
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        lock.release()
        Lock(tmp_path / "lock").take("b")
    finally:
        child.kill()
        child.wait()


def test_half_written_file_names_nobody(tmp_path: Path) -> None:
    """A lock file without content is not an error."""
    (tmp_path / "lock").write_text("")
    assert holder(tmp_path / "lock") is None
    (tmp_path / "lock").write_text('{"pid": 1}')
    assert holder(tmp_path / "lock") is None
