"""`python -m controlplane.supervise`: the process behind `archgw up`. Not for typing by hand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.home_paths import Home
from controlplane.report import as_text
from controlplane.supervise.drain_time import DrainTime
from controlplane.supervise.messages import progress_line, result_line
from controlplane.supervise.parts import Request
from controlplane.supervise.private import keep_memory_private
from controlplane.supervise.services import Service
from controlplane.supervise.supervisor import Supervisor

if TYPE_CHECKING:
    from controlplane.supervise.messages import Verdict


def main() -> int:
    # It is for later; until then it would end us.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    # Nothing we or our children make is for other users: keys, sockets, logs.
    os.umask(0o077)
    keep_memory_private()
    arguments = _arguments()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    request = Request(
        config=arguments.config,
        home=Home(arguments.home, arguments.logs),
        service=arguments.service,
        env=_environment(arguments.env_fd),
        drain_time=DrainTime(arguments.drain_min, arguments.drain_max),
        console=arguments.console,
    )
    descriptor = arguments.report_fd
    report = _ToTerminal() if descriptor is None else _ToCommand(descriptor)
    return asyncio.run(_run(request, report))


async def _run(request: Request, report: _ToCommand | _ToTerminal) -> int:
    return await Supervisor(request, report.progress).run(report.ready)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controlplane.supervise")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--service", type=Service, default=Service.ALL)
    parser.add_argument("--drain-min", type=float, default=DrainTime().least)
    parser.add_argument("--drain-max", type=float, default=DrainTime().most)
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--env-fd", type=int, required=True)
    parser.add_argument("--report-fd", type=int, help="where to say how the start goes")
    return parser.parse_args()


def _environment(descriptor: int) -> dict[str, str]:
    with os.fdopen(descriptor, "rb") as file:
        content: dict[str, str] = json.load(file)
    return content


class _ToCommand:
    """How the start goes, in JSON lines for `archgw up`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def progress(self, text: str) -> None:
        # The supervisor goes on saying how it goes when `up` has long heard the result.
        if self._descriptor is not None:
            os.write(self._descriptor, progress_line(text))

    def ready(self, verdict: Verdict) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, result_line(verdict.to_json()))
            os.close(self._descriptor)
            self._descriptor = None


class _ToTerminal:
    """How the start goes, in words."""

    def progress(self, text: str) -> None:
        print(f"archgw: {text}", file=sys.stderr, flush=True)  # noqa: T201

    def ready(self, verdict: Verdict) -> None:
        sys.stderr.write(as_text(verdict.problems, colour=sys.stderr.isatty()))
        self.progress(verdict.summary)


if __name__ == "__main__":
    status = main()
    with contextlib.suppress(OSError):  # with the disk full
        logging.shutdown()
        sys.stderr.flush()
    # Nothing is left to clean up; Python would spend a second on freeing its modules.
    os._exit(status)
