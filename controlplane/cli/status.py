"""`archgw status`: what runs, and how it is. Exit status 1 when not all is well, 2 without an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from controlplane.cli.home import add_home, layout_of, not_running
from controlplane.cli.terminal import failure, paint, progress
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.supervise.control_client import UnreachableError, ask
from controlplane.supervise.lock import is_held

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

_COLOURS = {"running": "green", "degraded": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Exit status 0: running and healthy; 1: not running, or not well."
    add_home(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    layout = layout_of(args)
    try:
        status = ask(layout.control_socket, {"command": "status"}, progress, timeout=10)
    except UnreachableError:
        if is_held(layout.lock_file):
            failure(f"the gateway in {layout.home} does not answer; `archgw down` ends it")
            return COULD_NOT_RUN
        text = not_running(layout)
        print(json.dumps({"state": "stopped", "reason": text}) if args.json else text)
        return FOUND
    print(json.dumps(status) if args.json else "\n".join(_lines(status)))
    return DONE if status["state"] == "running" else FOUND


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    state = paint(status["state"], _COLOURS.get(status["state"], "red"))
    yield f"{state}, pid {status['pid']}, for {_duration(status['uptime_s'])}"
    yield f"  config       {status['config'] or 'none'}"
    if status["version"]:
        yield f"  version      {status['version']}, Envoy {status['envoy_version']}"
    for each in status["listeners"]:
        health = paint("healthy", "green") if each["healthy"] else paint("not healthy", "red")
        yield f"  {each['name']:12} {each['address']}:{each['port']} {health}"
    for each in status["children"]:
        pid = f"pid {each['pid']}, " if each["pid"] else ""
        restarts = f", restarted {each['restarts']} time(s)" if each["restarts"] else ""
        yield f"  {each['name']:12} {pid}{each['state']} for {_duration(each['uptime_s'])}{restarts}"
    if last := status["last_reload"]:
        outcome = last["summary"] if last["ok"] else paint(last["summary"], "red")
        yield f"  reload       {_duration(last['ago_s'])} ago: {outcome}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
