"""`archgw diff OLD NEW`: what would change, in words, and what becomes of running streams."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import show_problems
from controlplane.cli.terminal import paint
from controlplane.exit_codes import DONE

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
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")


def run(args: argparse.Namespace) -> int:
    from controlplane.compile import compile_file  # noqa: PLC0415
    from controlplane.diff import differences  # noqa: PLC0415  --help needs none of it

    old, new = compile_file(args.old, os.environ), compile_file(args.new, os.environ)
    if code := max(_show_errors(old), _show_errors(new)):
        return code
    assert old.gateway is not None and new.gateway is not None, "they have no errors"  # noqa: PT018
    changes = differences(old.gateway, new.gateway)
    if args.json:
        print(json.dumps({"changes": [asdict(each) for each in changes]}))
    else:
        _show(changes)
    return DONE


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
