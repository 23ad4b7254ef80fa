"""`archgw up`: ends with 0 only when all it started serves, and Envoy took the whole config."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import (
    add_allow_open,
    add_drain,
    add_home,
    home_of,
    show_verdict,
    variables_of,
)
from controlplane.cli.terminal import Patience, paint
from controlplane.supervise import control_client
from controlplane.supervise.control_client import UnreachableError
from controlplane.supervise.drain_time import DrainTime
from controlplane.supervise.launch import Launch, in_background, in_foreground
from controlplane.supervise.lock import HeldError, holder, is_held
from controlplane.supervise.messages import NoResultError, Verdict, could_not_run, read_result
from controlplane.supervise.private import UnsafeError

if TYPE_CHECKING:
    import argparse

    from controlplane.home_paths import Home

_NAMES = ("arch_config.yaml", "arch_config.yml")
_SERVICES = {
    "all": "all",
    "gateway": "gateway",
    "archgw": "gateway",
    "model_server": "model_server",
}
_LAST_MOMENTS = 15.0
"""For a supervisor that could not start, to be gone when `up` returns."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Start a gateway and return once it serves. Exit status 1: the config is"
        " wrong; 2: it could not be started."
    )
    parser.add_argument(
        "config",
        nargs="?",
        type=Path,
        help=f"a file, or a folder with {' or '.join(_NAMES)}; default: the folder of --path",
    )
    parser.add_argument("--path", default=".", metavar="DIR", help="where to look for the config")
    add_home(parser)
    parser.add_argument(
        "--service",
        choices=_SERVICES,
        default="all",
        metavar="{all,gateway,model_server}",
        help="what to start (default: all that the config needs)",
    )
    add_allow_open(parser)
    default = DrainTime()
    add_drain(parser, f"{default.least:g}", f"{default.most:g}")
    parser.add_argument(
        "--console", action="store_true", help="with the console beside it, in a process of its own"
    )
    parser.add_argument("--foreground", action="store_true", help="stay, and log to the terminal")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    verdict = _verdict(args, home)
    if args.json:
        print(json.dumps(verdict.to_json()))
        return verdict.code
    if verdict.ok:
        verdict = replace(verdict, summary=f"archgw is up in {home.folder}")
    show_verdict(verdict)
    if verdict.ok:
        _show_addresses(home)
    return verdict.code


def _verdict(args: argparse.Namespace, home: Home) -> Verdict:
    service = _SERVICES[args.service]
    folder = args.config if args.config and args.config.is_dir() else Path(args.path)
    config = find_config(None if folder == args.config else args.config, folder)
    if config is None and service != "model_server":
        given = args.config if args.config and folder != args.config else None
        looked = given or " or ".join(str(folder / name) for name in _NAMES)
        return could_not_run(f"no config at {looked}; `archgw init` writes one to start from")
    if is_held(home.lock_file):
        # The supervisor would find the same, only later.
        return could_not_run(str(HeldError(home.folder, holder(home.lock_file))))
    drain_time = _drain_time(args)
    if reason := drain_time.reason_against():
        return could_not_run(reason)
    launch = Launch(config, home, service, variables_of(args), drain_time, args.console)
    if args.foreground:
        in_foreground(launch)
    try:
        return _start(launch)
    except (UnsafeError, OSError) as error:
        return could_not_run(str(error))


def _drain_time(args: argparse.Namespace) -> DrainTime:
    said = {"least": args.drain_min, "most": args.drain_max}
    return DrainTime(**{name: value for name, value in said.items() if value is not None})


def find_config(given: Path | None, folder: Path) -> Path | None:
    candidates = [given] if given else [folder / name for name in _NAMES]
    return next((path.absolute() for path in candidates if path.is_file()), None)


def _start(launch: Launch) -> Verdict:
    process, reading = in_background(launch)
    try:
        with os.fdopen(reading, encoding="utf-8") as lines, Patience("starting") as patience:
            verdict = Verdict.from_json(read_result(lines, patience.say))
        if not verdict.ok:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_MOMENTS)
        return verdict
    except NoResultError:
        return _died(process, launch.home)
    except KeyboardInterrupt:
        _stop(process)
        raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()


def _died(process: subprocess.Popen[bytes], home: Home) -> Verdict:
    code = process.wait()
    log = home.logs / "supervisor.log"
    tail = log.read_text("utf-8", "replace").splitlines()[-8:]
    says = f"the supervisor ended with exit status {code}; its last lines:"
    return could_not_run("\n".join([says, *tail]))


def _show_addresses(home: Home) -> None:
    try:
        status = control_client.status(home.control_socket)
    except UnreachableError:
        return
    for each in status.listeners:
        print(f"  {each.name:8} {paint(_url(each.address, each.port), 'bold')}")
    if home.console_file.exists():
        from controlplane.supervise.health import console_url  # noqa: PLC0415  slow, and rare

        print(f"  {'console':8} {paint(console_url(home) or '', 'bold')}")
    print(f"  {'logs':8} {home.logs}")


def _url(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}"
