"""Core files are found by what they are, wherever the kernel was told to leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.cli.cores import core_files, taker

CORE = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x04\x00memory"


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("core", "work/core"),
        ("core.%p", "work/renamed"),
        ("cores/%e/core.%p", "work/cores/envoy/core.7"),
        ("{}/elsewhere/core-%e", "elsewhere/core-envoy"),
        ("{}/of/%e/%p", "of/envoy/7"),
        ("|/usr/bin/taker %p", "work/core.7"),
    ],
)
def test_found_where_the_kernel_leaves_them(tmp_path: Path, pattern: str, place: str) -> None:
    """Whatever their names; a name without a / is in the folder of the process."""
    work = tmp_path / "work"
    work.mkdir()
    core = tmp_path / place
    core.parent.mkdir(parents=True, exist_ok=True)
    core.write_bytes(CORE)
    assert list(core_files([work], pattern.format(tmp_path))) == [core]


def test_what_is_called_so_and_is_none(tmp_path: Path) -> None:
    """A text, a program, a folder, a short file and a link that leads nowhere are passed by."""
    (tmp_path / "core").write_text("of the matter")
    (tmp_path / "core.1").write_bytes(CORE[:16] + b"\x02\x00")
    (tmp_path / "core.2").mkdir()
    (tmp_path / "core.3").write_bytes(CORE[:10])
    (tmp_path / "core.4").symlink_to(tmp_path / "nowhere")
    assert list(core_files([tmp_path, tmp_path / "gone"], "core")) == []


def test_a_program_that_takes_them() -> None:
    """The kernel writes no file then."""
    assert taker("|/usr/lib/systemd/systemd-coredump %P %u") == "/usr/lib/systemd/systemd-coredump"
    assert taker("/var/cores/core.%p") == ""
