"""`archgw import`: the config of another gateway, written anew as an Arch config."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import show_problems
from controlplane.cli.terminal import failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse

    from controlplane.importing import Imported
    from controlplane.problem import Problem

_GATEWAYS = ("litellm", "portkey")
"""Those of `importing.GATEWAYS`, which `--help` does without."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write the config of another gateway as an Arch config, and tell line by line what is left"
        " out, assumed and still to do. Keys become variables; no value of one is shown."
        " Exit code: 0 written, 1 problems in the file, 2 could not run."
    )
    parser.add_argument("gateway", choices=_GATEWAYS, help="whose config it is")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="LiteLLM's config.yaml, or a config of Portkey's"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="left out: the standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(args: argparse.Namespace) -> int:
    from controlplane.importing import imported  # noqa: PLC0415  --help needs none of it
    from controlplane.reading.document import read_text  # noqa: PLC0415

    if args.output and args.output.exists() and not args.force:
        failure(f"{args.output} is there already; --force replaces it")
        return COULD_NOT_RUN
    text, problem = read_text(args.file)
    if text is None:
        return _refused(args.file, None, problem)
    found = imported(args.gateway, text, args.file)
    _tell(args.file, found)
    if found.problems:
        return _refused(args.file, text, *found.problems)
    if found.text is None:
        failure(f"nothing of {args.file} could be kept: no provider is left")
        return FOUND
    if args.output:
        args.output.write_text(found.text, "utf-8")
        print(f"wrote {args.output}; next: archgw lint {args.output}")
    else:
        sys.stdout.write(found.text)
    return _checked(found.text, args.output or Path("<stdout>"))


def _refused(file: Path, text: str | None, *problems: Problem | None) -> int:
    from controlplane.problem import exit_code  # noqa: PLC0415
    from controlplane.report import locate  # noqa: PLC0415

    told = [problem for problem in problems if problem]
    show_problems(locate(file, text, None, told))
    return exit_code(told)


def _tell(file: Path, found: Imported) -> None:
    from controlplane.report import printable  # noqa: PLC0415

    if found.document is None:
        return
    for note in found.notes:
        sys.stderr.write(printable(note.line(str(file), found.document)) + "\n")


def _checked(text: str, file: Path) -> int:
    """What was wrong in the other gateway's config, too, such as a key sent in clear."""
    from controlplane.compile import check_text  # noqa: PLC0415
    from controlplane.problem import Severity  # noqa: PLC0415

    checked = check_text(text, file, {})
    errors = [each for each in checked.problems if each.severity is Severity.ERROR]
    if errors:
        show_problems(checked.located(errors))
        return FOUND
    return DONE
