"""`python -m controlplane.console`: the console as a child of the supervisor. Not for typing by hand."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.console.app import serve
from controlplane.console.place import ports_from
from controlplane.defaults import LOOPBACK
from controlplane.home_paths import Home
from controlplane.supervise.private import keep_memory_private

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    options = _options()
    try:
        # The address has the token in it, and standard output is a log.
        run(Home(options.home, options.logs), LOOPBACK, ports_from(None), lambda _: None)
    except OSError as error:
        print(f"console: {error}", file=sys.stderr)  # noqa: T201  into its log
        return 2
    return 0


def run(home: Home, address: str, ports: range, say: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT."""
    os.umask(0o077)
    keep_memory_private()
    asyncio.run(_run(home, address, ports, say))


async def _run(home: Home, address: str, ports: range, say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(home, address, ports, say, stop)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controlplane.console")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
