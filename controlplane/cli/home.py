"""What several commands share: `--home`, and showing problems and verdicts of what runs there."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from controlplane.cli.terminal import coloured, failure, paint
from controlplane.defaults import ALLOW_OPEN
from controlplane.home_paths import Home, locate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from controlplane.compile import Compiled
    from controlplane.problem import Located
    from controlplane.supervise.messages import Verdict


def add_home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home",
        metavar="DIR",
        help="where the gateway keeps its files (default: $ARCHGW_HOME, else ~/.archgw);"
        " each home is a gateway of its own",
    )


def add_drain(parser: argparse.ArgumentParser, least: str, most: str, *more: str) -> None:
    """`least`, `most`: what counts without a word; `more`: other names of `--drain-max`."""
    parser.add_argument(
        "--drain-min",
        type=_seconds,
        metavar="SECONDS",
        help="at the end, go on taking calls for so long, though not ready any more: as long as"
        f" a balancer may send some (default: {least})",
    )
    parser.add_argument(
        "--drain-max",
        *more,
        type=_seconds,
        metavar="SECONDS",
        help=f"cut what is still open so long after the word to end (default: {most})",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError(text)
    return value


def home_of(args: argparse.Namespace) -> Home:
    return locate(args.home, os.environ)


def not_running(home: Home) -> str:
    """Says so, and why if the last gateway ended by itself."""
    text = f"no gateway runs in {home.folder}"
    try:
        reason = home.failure_file.read_text("utf-8").strip()
    except OSError:
        return text
    return f"{text}; the last one ended because {reason}"


def show_problems(located: Sequence[Located]) -> None:
    from controlplane import report  # noqa: PLC0415  usually there are none

    sys.stderr.write(report.as_text(located, colour=coloured(sys.stderr, os.environ)))


def show_errors(compiled: Compiled) -> int:
    """The errors alone, and the exit code that follows from them."""
    from controlplane.problem import Severity, exit_code  # noqa: PLC0415  --help needs none

    errors = [each for each in compiled.problems if each.severity is Severity.ERROR]
    show_problems(compiled.located(errors))
    return exit_code(errors)


def show_verdict(verdict: Verdict) -> None:
    """A refused config goes to stderr with its problems; an accepted one says what changed."""
    if verdict.problems:
        show_problems(verdict.problems)
    if not verdict.ok:
        failure(verdict.summary)
        return
    version = f" (version {verdict.version})" if verdict.version else ""
    print(f"{paint(verdict.summary, 'green')}{version}")
    for change in verdict.changes:
        print(f"  {change}")


def add_allow_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-open",
        action="store_true",
        help="listeners that anybody may call are meant: a warning, not an error",
    )


def variables_of(args: argparse.Namespace) -> dict[str, str]:
    """The environment, and what a flag says in its place."""
    return {**os.environ, ALLOW_OPEN: "1"} if args.allow_open else dict(os.environ)
