"""`archgw logs`: the ends of the log files, and with `--follow` what is added to them.

By request, by errors or by slowness all of them are shown as one, in the order of time.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from zlib import crc32

from controlplane.cli.home import add_home, home_of
from controlplane.cli.log_lines import Wanted, merged, read
from controlplane.cli.terminal import failure, paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.2
_BLOCK = 256 * 1024
_EVERY = 1_000_000
_COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan")
"""Lines of one request have one of these."""

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
    parser.add_argument("--merged", action="store_true", help="all of them in the order of time")
    parser.add_argument("--request", metavar="ID", help="only of this x-request-id; merged")
    parser.add_argument(
        "--errors",
        action="store_true",
        help="only warnings, errors and answers from 400 on; merged",
    )
    parser.add_argument(
        "--slow", type=_duration, metavar="TIME", help="only what took as long: 1s, 250ms; merged"
    )
    # v0.1's, to show everything; everything is the default here.
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


def _duration(text: str) -> float:
    import argparse  # noqa: PLC0415

    number, unit = (text[:-2], 0.001) if text.endswith("ms") else (text.removesuffix("s"), 1.0)
    try:
        return float(number) * unit
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time such as 1s or 250ms") from None


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
    if args.merged or args.errors or args.request or args.slow is not None:
        _show_merged(files, args)
        return DONE
    shown = {}
    for file in files:
        lines, shown[file] = _tail(file, args.lines)
        _show(file, lines, heading=len(files) > 1)
    if args.follow:
        sys.stdout.flush()  # into a pipe, too: what is there shall not wait for what comes
        _follow(home.logs, wanted, shown)
    return DONE


def _show_merged(files: list[Path], args: argparse.Namespace) -> None:
    """Of filtered lines all that the ends of the files hold; else so many of each."""
    wanted = Wanted(args.request, args.errors, args.slow)
    most = args.lines if wanted == Wanted() else _EVERY
    lines = [line for file in files for line in read(file.stem, _tail(file, most)[0])]
    wide = max(len(file.stem) for file in files)
    for line in merged(lines, wanted):
        colour = _COLOURS[crc32(line.request.encode()) % len(_COLOURS)] if line.request else "dim"
        print(f"{paint(line.log.ljust(wide), colour)}  {line.text}")


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
