"""`archgw doctor`: is this machine fit to run a gateway? Exit status 1 when it is not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import paint
from controlplane.exit_codes import DONE, FOUND

if TYPE_CHECKING:
    import argparse

    from controlplane.cli.machine_checks import Finding

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check what a gateway needs of this machine. With a config, check its ports and"
        " certificates, and try every host that it names: the name, TCP, TLS."
    )
    parser.add_argument("config", nargs="?", type=Path)
    add_home(parser)
    parser.add_argument(
        "--call",
        action="store_true",
        help="also make one request to each: a provider's list of models, with its key, and an"
        " API's health check",
    )
    parser.add_argument(
        "--leaks",
        action="store_true",
        help="instead, look for the keys of the gateway in its home everywhere but there: files,"
        " logs, what Envoy tells, its processes, core files",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def _findings(args: argparse.Namespace) -> list[Finding]:
    if args.leaks:
        from controlplane.cli.leaks import look_for_leaks  # noqa: PLC0415

        return look_for_leaks(home_of(args))
    from controlplane.cli.machine_checks import examine  # noqa: PLC0415

    return examine(args.config, home_of(args), os.environ, call=args.call)


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict  # noqa: PLC0415  --help needs none of it

    findings = _findings(args)
    if args.json:
        print(json.dumps({"findings": [asdict(each) for each in findings]}))
    else:
        for each in findings:
            mark, colour = _MARKS[each.state]
            print(f"{paint(mark, colour)} {each.name:14} {each.text}")
            if each.hint and each.state != "ok":
                print(f"  {'':14} {paint(each.hint, 'dim')}")
    return FOUND if any(each.state == "error" for each in findings) else DONE
