"""`archgw console`: shows where the console of a gateway is, or is it until Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, home_of, not_running
from controlplane.cli.terminal import failure, paint
from controlplane.defaults import CONSOLE_PORT, LOOPBACK
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show what a gateway does, in a browser: chat with it, see each decision and why, traffic,"
        " the config. Prints a link with a token and serves until Ctrl-C; where `archgw up --console`"
        " has started one already, prints its link."
    )
    add_home(parser)
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help=f"default: {CONSOLE_PORT}, or the next one that is free",
    )
    parser.add_argument(
        "--address",
        default=LOOPBACK,
        help="default: %(default)s. Beyond this machine the token travels unencrypted: a tunnel"
        " (`ssh -L 19980:127.0.0.1:19980 HOST`) needs no other address",
    )


def run(args: argparse.Namespace) -> int:
    from controlplane.console.__main__ import run as serve  # noqa: PLC0415  --help needs none of it
    from controlplane.console.place import ports_from  # noqa: PLC0415
    from controlplane.supervise.health import console_answers, console_url  # noqa: PLC0415
    from controlplane.supervise.lock import is_held  # noqa: PLC0415

    home = home_of(args)
    if not is_held(home.lock_file):
        failure(f"{not_running(home)}; `archgw up --console` starts one with a console")
        return FOUND
    # One that was killed leaves its file.
    if asyncio.run(console_answers(home)) and (url := console_url(home)):
        _show(url)
        return DONE
    try:
        serve(home, args.address, ports_from(args.port), _show)
    except OSError as error:
        failure(str(error))
        return COULD_NOT_RUN
    return DONE


def _show(url: str) -> None:
    print(f"  console  {paint(url, 'bold')}")
    sys.stdout.flush()
