"""`archgw lint`: every problem of a config in one run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.terminal import coloured, failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from controlplane.problem import Located, Problem

FORMATS = ("text", "json", "sarif", "github")
"""Those of `report.FORMATS`, which `--help` does without."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check configs and tell every problem, with its place and a hint. "
        "Exit code: 0 clean or warnings only, 1 errors, 2 could not run."
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--json", action="store_const", const="json", dest="format")
    parser.add_argument("--fix", action="store_true", help="bring old spellings up to date")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("--explain", metavar="CODE", help="tell a rule's reason, with examples")


def run(args: argparse.Namespace) -> int:
    if args.explain:
        return _explain(args.explain)
    if not args.files:
        failure("lint which file? Usage: archgw lint FILE…")
        return COULD_NOT_RUN
    from controlplane.compile import check  # noqa: PLC0415 - `--help` needs none of it
    from controlplane.problem import exit_code  # noqa: PLC0415

    located: list[Located] = []
    worst = DONE
    for file in args.files:
        unwritten = _fix(file, os.environ) if args.fix else None
        checked = check(file, os.environ)
        problems = (unwritten,) if unwritten else checked.problems
        located += checked.located(problems)
        worst = max(worst, exit_code(problems, strict=args.strict))
    _print(located, args.format, len(args.files))
    return worst


def _fix(file: Path, env: Mapping[str, str]) -> Problem | None:
    """Mend what can be mended; the problem is that the file cannot be written."""
    from controlplane.reading import fix  # noqa: PLC0415 - only `--fix` needs it
    from controlplane.reading.document import cannot, read_text, variables  # noqa: PLC0415

    text, _ = read_text(file)
    if text is None:
        return None  # `check` reports why
    mended = fix.fixed(text, variables(file, env))
    try:
        if mended != text:
            fix.write(file, mended)
    except OSError as error:
        return cannot("write", error)
    return None


def _print(located: list[Located], form: str, files: int) -> None:
    from controlplane import report  # noqa: PLC0415

    if form == "text":
        colour = coloured(sys.stdout, os.environ)
        sys.stdout.write(report.as_text(located, colour=colour))
        if not located:
            print(f"no problems in {files} file{'' if files == 1 else 's'}")
        return
    sys.stdout.write(report.FORMATS[form](located))


def _explain(code: str) -> int:
    from controlplane import lint  # noqa: PLC0415 - `--help` does not need the rules
    from controlplane.reading.values import did_you_mean  # noqa: PLC0415

    manual = lint.manual(code)
    if manual is None:
        hint = did_you_mean(code.upper(), lint.codes())
        failure(f"there is no code {code}; {hint}")
        return COULD_NOT_RUN
    print(f"{manual.code} ({manual.severity}): {manual.text}")
    return DONE
