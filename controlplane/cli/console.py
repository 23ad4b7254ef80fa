"""`archgw console`: shows where the console of a gateway is, or is it until Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from controlplane.cli.home import add_home, console_url, home_of, not_running
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
    from controlplane.supervise.lock import is_held  # noqa: PLC0415  --help needs none

    home = home_of(args)
    if not is_held(home.lock_file):
        failure(f"{not_running(home)}; `archgw up --console` starts one with a console")
        return FOUND
    url = console_url(home)
    if url and asyncio.run(_answers(url)):
        _show(url)
        return DONE
    from controlplane.console.__main__ import run as serve  # noqa: PLC0415
    from controlplane.console.place import free_place  # noqa: PLC0415

    try:
        serve(home, free_place(args.address, args.port), _show)
    except OSError as error:
        failure(str(error))
        return COULD_NOT_RUN
    return DONE


async def _answers(url: str) -> bool:
    """Whether it is still there: one that was killed leaves its file."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    from controlplane.supervise.health import http_ok  # noqa: PLC0415
    from controlplane.supervise.http import Place  # noqa: PLC0415

    parts = urlsplit(url)
    place = Place(host=parts.hostname or "", port=parts.port or 0)
    return await http_ok(place, "/healthz")


def _show(url: str) -> None:
    print(f"  console  {paint(url, 'bold')}")
    sys.stdout.flush()
