"""`archgw logs`: the ends of the log files, and with `--follow` what is added to them."""

from __future__ import annotations

import os
import sys
import time
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
    offsets = {}
    for file in files:
        lines, offsets[file] = _tail(file, args.lines)
        _show(file, lines, heading=len(files) > 1)
    if args.follow:
        sys.stdout.flush()  # into a pipe, too: what is there shall not wait for what comes
        _follow(home.logs, wanted, offsets)
    return DONE


def _files(directory: Path, wanted: set[str]) -> list[Path]:
    found = sorted(directory.glob("*.log"))
    return [file for file in found if not wanted or file.stem in wanted]


def _tail(file: Path, count: int) -> tuple[list[str], int]:
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - _BLOCK))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return lines[-count:] if count else [], size


def _show(file: Path, lines: list[str], *, heading: bool) -> None:
    if heading and lines:
        print(paint(f"==> {file.name} <==", "bold"))
    for line in lines:
        print(line)


def _follow(directory: Path, wanted: set[str], offsets: dict[Path, int]) -> None:
    shown: Path | None = None
    while True:
        for file in _files(directory, wanted):
            for line in _added(file, offsets):
                if file != shown and len(wanted) != 1:
                    print(paint(f"==> {file.name} <==", "bold"))
                shown = file
                print(line, flush=True)
        time.sleep(_POLL)


def _added(file: Path, offsets: dict[Path, int]) -> Iterator[str]:
    """Whole lines only; the rest of a line comes when it is finished."""
    begin = offsets.get(file, 0)
    size = file.stat().st_size
    if size < begin:
        begin = 0  # cut short or replaced by a log rotation
    with file.open("rb") as opened:
        opened.seek(begin)
        whole, newline, _ = opened.read(_BLOCK).rpartition(b"\n")
    offsets[file] = begin + len(whole) + len(newline)
    if newline:
        yield from whole.decode("utf-8", "replace").split("\n")
