"""`archgw diff OLD NEW`: what would change, in words, and what becomes of running streams."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.deciding import CannotDecideError, decisions, suite_of, taking_prompts
from controlplane.cli.home import add_home, home_of, show_errors
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
    if code := max(show_errors(old), show_errors(new)):
        return code
    assert old.gateway is not None and new.gateway is not None, "they have no errors"  # noqa: PT018
    changes = differences(old.gateway, new.gateway)
    try:
        flips = _flips(args, old, new) if args.tests else []
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


def _flips(args: argparse.Namespace, old: Compiled, new: Compiled) -> list[dict[str, Any]]:
    """The conversations on which the two configs decide differently."""
    from controlplane.acceptance.judging import flipped  # noqa: PLC0415

    suite = suite_of(args.tests)
    if suite is None:
        raise CannotDecideError(COULD_NOT_RUN)
    home = home_of(args)
    before, after = (decisions(taking_prompts(each), home, suite.requests) for each in (old, new))
    found = zip(suite.cases, map(flipped, before, after), strict=True)
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


def _show(changes: tuple[Change, ...]) -> None:
    if not changes:
        print("no difference")
        return
    for each in changes:
        print(f"{paint(_MARKS[each.kind], _COLOURS[each.kind])} {each.text}")
    print("no running stream is cut by any of this")
