"""`archgw reload`: apply the changed config now, and say what came of it.

The file is watched anyway; this is for scripts, which want the verdict. The caller's
environment travels along, so a new key in it is taken up as well.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, home_of, not_running, show_verdict
from controlplane.supervise import control_client
from controlplane.supervise.control_client import UnreachableError
from controlplane.supervise.messages import could_not_run

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Exit status 1: the new config is wrong and the old one keeps serving;"
        " 2: it could not be tried."
    )
    add_home(parser)
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    try:
        verdict = control_client.reload(home.control_socket, os.environ)
    except UnreachableError:
        verdict = could_not_run(not_running(home))
    if args.json:
        print(json.dumps(verdict.to_json()))
    else:
        show_verdict(verdict)
    return verdict.code
