"""A changed file is noticed however it was changed."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from controlplane.xds.watch import FileWatch

if TYPE_CHECKING:
    from pathlib import Path


def test_every_way_of_changing_is_seen_once(tmp_path: Path) -> None:
    """Written in place, renamed into place, removed, and put back."""
    file = tmp_path / "arch.yaml"
    file.write_text("one")
    watch = FileWatch((file,))
    assert not watch.changed()
    file.write_text("three")
    assert watch.changed()
    assert not watch.changed()
    (tmp_path / "new").write_text("three")
    os.replace(tmp_path / "new", file)
    assert watch.changed()
    file.unlink()
    assert watch.changed()
    file.write_text("three")
    assert watch.changed()


def test_directory_swapped_behind_a_link_is_seen(tmp_path: Path) -> None:
    """Kubernetes updates a ConfigMap by turning a link to another directory."""
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "arch.yaml").write_text("same")
    (tmp_path / "data").symlink_to("v1")
    watch = FileWatch((tmp_path / "data" / "arch.yaml",))
    (tmp_path / "tmp").symlink_to("v2")
    os.replace(tmp_path / "tmp", tmp_path / "data")
    assert watch.changed()


def test_env_file_that_appears_is_seen(tmp_path: Path) -> None:
    """A `.env` written after the start counts as a change."""
    watch = FileWatch((tmp_path / ".env",))
    (tmp_path / ".env").write_text("A=1")
    assert watch.changed()


async def test_wait_lets_a_writer_finish(tmp_path: Path) -> None:
    """A file written piece by piece is reported once, when it is whole."""
    file = tmp_path / "arch.yaml"
    file.write_text("")
    watch = FileWatch((file,), interval=0.01)
    waiting = asyncio.create_task(watch.wait())
    for piece in range(5):
        file.write_text("x" * (piece + 1))
        await asyncio.sleep(0.04)
        assert not waiting.done()
    async with asyncio.timeout(2):
        await waiting
    assert not watch.changed()
