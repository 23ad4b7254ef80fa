"""`python -m controlplane.supervise`: the process behind `archgw up`. Not for typing by hand."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.home_paths import Layout
from controlplane.supervise.services import Service
from controlplane.supervise.supervisor import Request, Supervisor
from controlplane.supervise.told import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from controlplane.supervise.applying import Verdict


def main() -> int:
    # Nothing we or our children make is for other users: keys, sockets, logs.
    os.umask(0o077)
    arguments = _arguments()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    request = Request(
        config=arguments.config,
        layout=Layout(arguments.home, arguments.logs),
        service=arguments.service,
        env=_environment(arguments.env_fd),
    )
    report = _Report(arguments.report_fd)
    return asyncio.run(_run(request, report))


async def _run(request: Request, report: _Report) -> int:
    return await Supervisor(request, report.progress).run(report.ready)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controlplane.supervise")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--service", type=Service, default=Service.ALL)
    parser.add_argument("--env-fd", type=int, required=True)
    parser.add_argument("--report-fd", type=int, help="where to say how the start goes")
    return parser.parse_args()


def _environment(descriptor: int) -> dict[str, str]:
    with os.fdopen(descriptor, "rb") as file:
        content: dict[str, str] = json.load(file)
    return content


class _Report:
    """How the start goes: to `archgw up` in JSON lines, or to the terminal in words."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._write: Callable[[dict[str, Any]], None] = (
            self._print if descriptor is None else self._send
        )

    def progress(self, text: str) -> None:
        self._write({"progress": text})

    def ready(self, verdict: Verdict) -> None:
        self._write({"result": verdict.as_json()})
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _send(self, line: dict[str, Any]) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    def _print(self, line: dict[str, Any]) -> None:
        if "progress" in line:
            print(f"archgw: {line['progress']}", file=sys.stderr, flush=True)  # noqa: T201
            return
        result = line["result"]
        sys.stderr.write(as_text(result["problems"], colour=sys.stderr.isatty()))
        print(f"archgw: {result['summary']}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stderr.flush()
    # Nothing is left to clean up; Python would spend a second on freeing its modules.
    os._exit(status)
