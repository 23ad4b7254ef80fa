"""`archgw diff OLD NEW`: what would change, in words, and what becomes of running streams."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import show_problems
from controlplane.cli.terminal import paint

if TYPE_CHECKING:
    import argparse

    from controlplane import ir
    from controlplane.diff import Change

_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "diff",
        help="tell in words what a new config would change",
        description="Compare what two configs come to, not how they are written.",
    )
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")


def run(args: argparse.Namespace) -> int:
    from controlplane.diff import differences  # noqa: PLC0415  --help needs none of it

    old, new = _gateway(args.old), _gateway(args.new)
    if old is None or new is None:
        return 1
    changes = differences(old, new)
    if args.json:
        print(_as_json(changes))
    else:
        _show(changes)
    return 0


def _gateway(path: Path) -> ir.Gateway | None:
    from controlplane.compile import compile_file  # noqa: PLC0415
    from controlplane.problem import Severity, for_compile, has_errors  # noqa: PLC0415
    from controlplane.supervise.told import tell  # noqa: PLC0415

    compiled = compile_file(path, os.environ)
    problems = for_compile(compiled.problems)
    errors = [each for each in problems if each.severity is Severity.ERROR]
    show_problems(tell(path, compiled.document, errors))
    return None if has_errors(problems) else compiled.gateway


def _as_json(changes: tuple[Change, ...]) -> str:
    listed = [{**asdict(each), "cuts_streams": each.cuts_streams} for each in changes]
    return json.dumps(
        {"changes": listed, "cuts_streams": any(each.cuts_streams for each in changes)}
    )


def _show(changes: tuple[Change, ...]) -> None:
    if not changes:
        print("no difference")
        return
    for each in changes:
        print(f"{paint(_MARKS[each.kind], _COLOURS[each.kind])} {each.text}")
    cutting = [each for each in changes if each.cuts_streams]
    print(f"{len(cutting)} of these changes cut running streams" if cutting else _NO_CUTS)


_NO_CUTS = "no running stream is cut by any of this"
