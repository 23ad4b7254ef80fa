"""`archgw status`: what runs, and how it is. Exit status 1 when not all is well, 2 without an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, home_of, not_running
from controlplane.cli.terminal import failure, paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.supervise import control_client
from controlplane.supervise.control_client import UnreachableError
from controlplane.supervise.lock import is_held

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from controlplane.home_paths import Home
    from controlplane.supervise.messages import Status

_COLOURS = {"running": "green", "degraded": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Exit status 0: running and healthy; 1: not running, or not well."
    add_home(parser)
    parser.add_argument(
        "--ready",
        action="store_true",
        help="ask the listeners alone, as a balancer does, and nothing that is called: 0 or 1",
    )
    parser.add_argument(
        "--all",
        nargs="+",
        metavar="URL",
        help="gateways elsewhere, each at the port of its statistics: who serves by which config,"
        " and is ready. A name stands for all of its addresses",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="with --all: a bearer token to send"
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="with --all: whom to trust for https, in PEM"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    if args.all:
        from controlplane.cli import status_all  # noqa: PLC0415  seldom asked for

        return status_all.run(
            args.all, token_file=args.token_file, ca_file=args.ca_file, as_json=args.json
        )
    home = home_of(args)
    if args.ready:
        return _ready(home)
    try:
        status = control_client.status(home.control_socket)
    except UnreachableError:
        if is_held(home.lock_file):
            failure(f"the gateway in {home.folder} does not answer; `archgw down` ends it")
            return COULD_NOT_RUN
        text = not_running(home)
        print(json.dumps({"state": "stopped", "reason": text}) if args.json else text)
        return FOUND
    print(json.dumps(status.to_json()) if args.json else "\n".join(_lines(status)))
    return DONE if status.state == "running" else FOUND


def _ready(home: Home) -> int:
    try:
        ready = control_client.ready(home.control_socket)
    except UnreachableError:
        ready = False
    print("ready" if ready else "not ready")
    return DONE if ready else FOUND


def _lines(status: Status) -> Iterator[str]:
    state = paint(status.state, _COLOURS.get(status.state, "red"))
    yield f"{state}, pid {status.pid}, for {_duration(status.uptime_s)}"
    yield f"  config       {status.config or 'none'}"
    if status.version:
        yield f"  version      {status.version}, Envoy {status.envoy_version}"
    for each in status.listeners:
        health = paint("healthy", "green") if each.healthy else paint("not healthy", "red")
        yield f"  {each.name:12} {each.address}:{each.port} {health}"
    if status.stats_port:
        host = status.stats_address
        place = f"[{host}]" if ":" in host else host
        yield f"  {'statistics':12} http://{place}:{status.stats_port}/stats/prometheus"
    for child in status.children:
        pid = f"pid {child.pid}, " if child.pid else ""
        restarts = f", restarted {child.restarts} time(s)" if child.restarts else ""
        yield f"  {child.name:12} {pid}{child.state} for {_duration(child.uptime_s)}{restarts}"
    for up in status.upstreams:
        cannot = paint(f"cannot be reached ({up.cause}): {up.detail}", "red")
        yield f"  {up.name:12} {up.address} {cannot if up.cause else paint('reachable', 'green')}"
    if last := status.last_reload:
        summary = last.verdict.summary
        outcome = summary if last.verdict.ok else paint(summary, "red")
        yield f"  reload       {_duration(last.ago_s)} ago: {outcome}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
