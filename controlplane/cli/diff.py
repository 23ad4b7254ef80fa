"""`archgw diff OLD NEW`: what would change, in words, and what becomes of running streams."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.deciding import CannotDecideError, decisions, gateway_of
from controlplane.cli.home import add_home, home_of, show_problems
from controlplane.cli.terminal import paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    import argparse

    from controlplane.compile import Compiled
    from controlplane.diff import Change

_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Compare what two configs come to, not how they are written."
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument(
        "--tests", type=Path, metavar="FILE",
        help="golden conversations (see `archgw test`): also tell which decisions change",
    )  # fmt: skip
    add_home(parser)
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")


def run(args: argparse.Namespace) -> int:
    from controlplane.compile import compile_file  # noqa: PLC0415
    from controlplane.diff import differences  # noqa: PLC0415  --help needs none of it

    old, new = compile_file(args.old, os.environ), compile_file(args.new, os.environ)
    if code := max(_show_errors(old), _show_errors(new)):
        return code
    assert old.gateway is not None and new.gateway is not None, "they have no errors"  # noqa: PT018
    changes = differences(old.gateway, new.gateway)
    try:
        flips = _flips(args) if args.tests else []
    except CannotDecideError:
        return COULD_NOT_RUN
    if args.json:
        body: dict[str, Any] = {"changes": [asdict(each) for each in changes]}
        print(json.dumps(body | ({"decisions": flips} if args.tests else {}), ensure_ascii=False))
        return DONE
    _show(changes)
    if args.tests:
        _show_flips(flips)
    return DONE


def _flips(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The conversations on which the two configs decide differently."""
    from controlplane.acceptance.cases import read_suite  # noqa: PLC0415
    from controlplane.acceptance.judging import flipped  # noqa: PLC0415
    from controlplane.report import locate  # noqa: PLC0415

    read = read_suite(args.tests)
    if read.suite is None:
        show_problems(locate(args.tests, read.text, read.document, read.problems))
        raise CannotDecideError(COULD_NOT_RUN)
    home, requests = home_of(args), read.suite.requests
    before, after = (
        decisions(gateway_of(config), home, requests) for config in (args.old, args.new)
    )
    found = zip(read.suite.cases, map(flipped, before, after), strict=True)
    return [
        {"id": case.id, "line": case.line, "prompt": case.last, "changes": list(changes)}
        for case, changes in found
        if changes
    ]


def _show_flips(flips: list[dict[str, Any]]) -> None:
    if not flips:
        print("every conversation is decided as before")
    for each in flips:
        print(f"{paint('~', 'yellow')} {each['id']}: “{each['prompt']}”")
        for change in each["changes"]:
            print(f"    {change}")


def _show_errors(compiled: Compiled) -> int:
    """The errors alone, and the exit code that follows from them."""
    from controlplane.problem import Severity, exit_code  # noqa: PLC0415

    errors = [each for each in compiled.problems if each.severity is Severity.ERROR]
    show_problems(compiled.located(errors))
    return exit_code(errors)


def _show(changes: tuple[Change, ...]) -> None:
    if not changes:
        print("no difference")
        return
    for each in changes:
        print(f"{paint(_MARKS[each.kind], _COLOURS[each.kind])} {each.text}")
    print("no running stream is cut by any of this")
