"""`archgw test`: golden conversations, each decided and compared with what is expected of it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.deciding import (
    CONFIG,
    CannotDecideError,
    decisions,
    gateway_of,
    require_client,
    suite_of,
)
from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure, paint, progress
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from controlplane.acceptance.cases import Case, Suite
    from controlplane.acceptance.judging import Result
    from controlplane.home_paths import Home

_FORMATS = ("text", "json", "junit", "github")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Decide golden conversations by a config, without any effect, and tell what is not as"
        " expected. Ends with 0 where the files' `acceptance` is met: by default, all pass."
    )
    parser.add_argument(
        "file", nargs="+", type=Path, help="tests in YAML, or JSON lines of OpenAI's messages"
    )
    parser.add_argument(
        "-c", "--config", type=Path, help=f"default: the file's own `config`, else {CONFIG}"
    )
    parser.add_argument("-k", metavar="WORD", help="only tests with this word in id or tags")
    parser.add_argument(
        "--last-failed", action="store_true", help="only those that failed the last time"
    )
    parser.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--update",
        action="store_true",
        help="write what was decided into the files as what is expected; look at the change",
    )
    add_home(parser)


def run(args: argparse.Namespace) -> int:
    suites = _read(args)
    if suites is None:
        return COULD_NOT_RUN
    if not any(suite.cases for suite in suites):
        failure("no test is left to run")
        return COULD_NOT_RUN
    try:
        results = _decide(suites, home_of(args))
    except CannotDecideError:
        return COULD_NOT_RUN  # 1 is for tests that fail
    _remember(results)
    return _report(args, suites, results)


def _read(args: argparse.Namespace) -> list[Suite] | None:
    """The files with the cases that are wanted of them; None where one is wrong, told already."""
    failed = _failed_before() if args.last_failed else None
    suites = []
    for file in args.file:
        if suite := suite_of(file):
            cases = [each for each in suite.cases if _is_wanted(each, args.k, failed)]
            config = args.config or suite.config or CONFIG
            suites.append(replace(suite, config=config, cases=tuple(cases)))
    return suites if len(suites) == len(args.file) else None


def _is_wanted(case: Case, word: str | None, failed: set[str] | None) -> bool:
    named = word is None or word in case.id or word in case.tags
    return named and (failed is None or _key(case) in failed)


def _decide(suites: Sequence[Suite], home: Home) -> list[Result]:
    from controlplane.acceptance.judging import judged  # noqa: PLC0415

    results: list[Result] = []
    for suite in suites:
        if suite.cases and suite.config:
            gateway = gateway_of(suite.config)
            for client in {case.client for case in suite.cases}:
                require_client(gateway, client)
            decided = decisions(gateway, home, suite.requests)
            results += [judged(*each) for each in zip(suite.cases, decided, strict=True)]
    return results


def _report(args: argparse.Namespace, suites: Sequence[Suite], results: Sequence[Result]) -> int:
    from controlplane.acceptance.formats import FORMATS  # noqa: PLC0415
    from controlplane.acceptance.summary import summed  # noqa: PLC0415

    summary = summed([each for each in suites if each.cases], results)
    sys.stdout.write(FORMATS[args.format](summary))
    if args.update:
        _update(suites, results)
        return DONE
    if args.format == "text":
        verdict, colour = ("accepted", "green") if summary.accepted else ("not accepted", "red")
        print(paint(verdict, colour))
    return DONE if summary.accepted else FOUND


def _update(suites: Sequence[Suite], results: Sequence[Result]) -> None:
    from controlplane.acceptance.updating import updated  # noqa: PLC0415

    for suite in suites:
        text = updated(suite, [each for each in results if each.case.file == suite.file])
        if text is not None:
            suite.file.write_text(text, "utf-8")
            progress(f"{suite.file} is updated")


def _remember(results: Sequence[Result]) -> None:
    """Which failed, for `--last-failed`; of tests that did not run now it is kept."""
    ran = {_key(each.case) for each in results}
    failed = (_failed_before() - ran) | {_key(each.case) for each in results if not each.passed}
    path = _memory()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sorted(failed)), "utf-8")


def _failed_before() -> set[str]:
    try:
        return set(json.loads(_memory().read_text("utf-8")))
    except (OSError, ValueError):
        return set()


def _memory() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "archgw" / "last-failed.json"


def _key(case: Case) -> str:
    return f"{case.file.resolve()}::{case.id}"
