"""`archgw logs`: the ends of the log files, and with `--follow` what is added to them."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure, paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.2
_BLOCK = 256 * 1024

_Shown = tuple[int, int]
"""Which file it was, by its number in the file system, and how much of it is shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    import argparse  # noqa: PLC0415  for SUPPRESS alone

    parser.add_argument(
        "name", nargs="*", help="supervisor, envoy, access_llm, … (default: all of them)"
    )
    add_home(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="wait for more")
    parser.add_argument("-n", "--lines", type=int, default=20, help="of each (default: 20)")
    # v0.1's, to show everything; everything is the default here.
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    wanted = {name.removesuffix(".log") for name in args.name}
    files = _files(home.logs, wanted)
    if missing := wanted - {file.stem for file in files}:
        there = ", ".join(file.stem for file in _files(home.logs, set())) or "none"
        failure(f"no log named {', '.join(sorted(missing))} in {home.logs}; there: {there}")
        return COULD_NOT_RUN
    if not files:
        failure(f"no logs in {home.logs} yet")
        return COULD_NOT_RUN
    shown = {}
    for file in files:
        lines, shown[file] = _tail(file, args.lines)
        _show(file, lines, heading=len(files) > 1)
    if args.follow:
        sys.stdout.flush()  # into a pipe, too: what is there shall not wait for what comes
        _follow(home.logs, wanted, shown)
    return DONE


def _files(directory: Path, wanted: set[str]) -> list[Path]:
    found = sorted(directory.glob("*.log"))
    return [file for file in found if not wanted or file.stem in wanted]


def _tail(file: Path, count: int) -> tuple[list[str], _Shown]:
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - _BLOCK))
        lines = opened.read(min(size, _BLOCK)).decode("utf-8", "replace").splitlines()
        number = os.fstat(opened.fileno()).st_ino
    return lines[-count:] if count else [], (number, size)


def _show(file: Path, lines: list[str], *, heading: bool) -> None:
    if heading and lines:
        print(paint(f"==> {file.name} <==", "bold"))
    for line in lines:
        print(line)


def _follow(directory: Path, wanted: set[str], shown: dict[Path, _Shown]) -> None:
    last: Path | None = None
    while True:
        for file in _files(directory, wanted):
            with suppress(FileNotFoundError):  # a log rotation is about to make a new one
                for line in _added(file, shown):
                    if file != last and len(wanted) != 1:
                        print(paint(f"==> {file.name} <==", "bold"))
                    last = file
                    print(line, flush=True)
        time.sleep(_POLL)


def _added(file: Path, shown: dict[Path, _Shown]) -> Iterator[str]:
    """Whole lines, the rest of one when it is finished; one longer than a block comes in pieces."""
    with file.open("rb") as opened:
        now = os.fstat(opened.fileno())
        number, begin = shown.get(file, (now.st_ino, 0))
        if now.st_ino != number or now.st_size < begin:
            begin = 0  # replaced or cut short by a log rotation
        opened.seek(begin)
        block = opened.read(_BLOCK)
    whole, newline, _ = block.rpartition(b"\n")
    if not newline and len(block) == _BLOCK:
        whole = block
    shown[file] = now.st_ino, begin + len(whole) + len(newline)
    if whole or newline:
        yield from whole.decode("utf-8", "replace").split("\n")
