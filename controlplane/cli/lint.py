"""`archgw lint`: every problem of a config in one run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.problem import CLEAN, COULD_NOT_RUN, Problem, exit_code

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from controlplane.report import Located

FORMATS = ("text", "json", "sarif", "github")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "lint",
        help="check configs and tell every problem",
        description="Check configs and tell every problem, with its place and a hint. "
        "Exit code: 0 clean or warnings only, 1 errors, 2 could not run.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--json", action="store_const", const="json", dest="format")
    parser.add_argument("--fix", action="store_true", help="bring old spellings up to date")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("--explain", metavar="CODE", help="tell a rule's reason, with examples")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.explain:
        return _explain(args.explain)
    if not args.files:
        print("archgw lint: which file? Usage: archgw lint FILE…", file=sys.stderr)
        return COULD_NOT_RUN
    located: list[Located] = []
    worst = CLEAN
    for file in args.files:
        found, code = check(file, os.environ, fix=args.fix, strict=args.strict)
        located += found
        worst = max(worst, code)
    _print(located, args.format, len(args.files))
    return worst


def check(
    file: Path, env: Mapping[str, str], *, fix: bool = False, strict: bool = False
) -> tuple[list[Located], int]:
    """What one file has to say, and the exit code that follows from it."""
    from controlplane import lint, report  # noqa: PLC0415 - `--help` needs none of it
    from controlplane.reading.dialects import parse  # noqa: PLC0415
    from controlplane.reading.document import load, read_text  # noqa: PLC0415

    if fix:
        problem = _fix(file, env)
        if problem:
            return report.locate(file, None, None, [problem]), COULD_NOT_RUN
    document, problems = load(file, env)
    if document is not None:
        config, parse_problems = parse(document)
        problems = [*problems, *parse_problems, *lint.run(document, config)]
    text = document.text if document else read_text(file)[0]
    return report.locate(file, text, document, problems), exit_code(problems, strict=strict)


def _fix(file: Path, env: Mapping[str, str]) -> Problem | None:
    from controlplane.reading import fix  # noqa: PLC0415 - only `--fix` needs it
    from controlplane.reading.document import cannot, read_text, variables  # noqa: PLC0415

    text, problem = read_text(file)
    if text is None or problem is not None:
        return None  # `check` reports it
    mended = fix.fixed(text, str(file), variables(file, env))
    try:
        if mended != text:
            fix.write(file, mended)
    except OSError as error:
        return cannot("write", error)
    return None


def _print(located: list[Located], form: str, files: int) -> None:
    from controlplane import report  # noqa: PLC0415

    if form == "text":
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
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
        print(f"archgw lint: there is no code {code}; {hint}", file=sys.stderr)
        return COULD_NOT_RUN
    print(f"{manual.code} ({manual.severity}): {manual.text}")
    return CLEAN
