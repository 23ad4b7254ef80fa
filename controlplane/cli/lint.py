"""`archgw lint`: every problem of a config in one run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import add_allow_open, variables_of
from controlplane.cli.terminal import coloured, failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from controlplane.compile import Checked
    from controlplane.problem import Located, Problem
    from controlplane.reading.fix import Fixed

FORMATS = ("text", "json", "sarif", "github")
"""Those of `report.FORMATS`, which `--help` does without."""
_DASH, _STDIN = Path("-"), Path("<stdin>")
_ENDINGS = (".yaml", ".yml")
_OWN_KEYS = (b"llm_providers", b"model_providers", b"prompt_targets", b"prompt_guards", b"listener")
"""One of them begins a line of every config; other YAML lies in the same folders."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check configs and tell every problem, with its place and a hint. "
        "Exit code: 0 clean or warnings only, 1 errors, 2 could not run."
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="a config, a folder with some below it, a pattern such as 'conf/**/*.yaml', or - for"
        " standard input",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--json", action="store_const", const="json", dest="format")
    parser.add_argument("--fix", action="store_true", help="bring old spellings up to date")
    parser.add_argument(
        "--diff", action="store_true", help="print what --fix would change, and change nothing"
    )
    add_allow_open(parser)
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("--explain", metavar="CODE", help="tell a rule's reason, with examples")


def run(args: argparse.Namespace) -> int:
    if args.explain:
        return _explain(args.explain)
    if not args.files:
        failure("lint which file? Usage: archgw lint FILE…")
        return COULD_NOT_RUN
    if args.fix and not args.diff and _DASH in args.files:
        failure("--fix writes files; `--diff -` shows what it would change")
        return COULD_NOT_RUN
    files: list[Path] = []
    for given in args.files:
        found = list(_named(given))
        if not found:
            failure(f"there is no config at {given}")
            return COULD_NOT_RUN
        files += found
    return _diff(files) if args.diff else _lint(files, args)


def _named(given: Path) -> Iterator[Path]:
    """The files it stands for: itself, those of a folder, those of a pattern."""
    if given == _DASH:
        yield _STDIN
    elif given.is_dir():
        below = (each for each in given.rglob("*") if each.suffix in _ENDINGS and each.is_file())
        visible = (each for each in below if not _hidden(each.relative_to(given)))
        yield from sorted(each for each in visible if _is_config(each))
    elif not given.exists() and any(sign in str(given) for sign in "*?["):
        import glob  # noqa: PLC0415  the shell has done it as a rule

        yield from map(Path, sorted(glob.glob(str(given), recursive=True)))
    else:
        yield given


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_config(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return True  # `check` says why
    return any(line.startswith(_OWN_KEYS) for line in text.splitlines())


@dataclass(frozen=True, slots=True)
class _Source:
    file: Path
    raw: bytes | None
    """Of standard input, which can be read only once."""

    @classmethod
    def of(cls, file: Path) -> _Source:
        from controlplane.reading.document import MAX_BYTES  # noqa: PLC0415

        return cls(file, sys.stdin.buffer.read(MAX_BYTES + 1) if file == _STDIN else None)

    def check(self, env: Mapping[str, str]) -> Checked:
        from controlplane.compile import check, check_bytes  # noqa: PLC0415

        if self.raw is None:
            return check(self.file, env)
        return check_bytes(self.raw, self.file, env)


def _lint(files: Sequence[Path], args: argparse.Namespace) -> int:
    from controlplane.problem import exit_code  # noqa: PLC0415 - `--help` needs none of it

    located: list[Located] = []
    worst = DONE
    env = variables_of(args)
    for file in files:
        source = _Source.of(file)
        unwritten = _fix(source, args.format) if args.fix else None
        checked = source.check(env)
        problems = (unwritten,) if unwritten else checked.problems
        located += checked.located(problems)
        worst = max(worst, exit_code(problems, strict=args.strict))
    _print(located, args.format, len(files))
    return worst


def _fix(source: _Source, form: str) -> Problem | None:
    """Mend what can be mended; the problem is that the file cannot be written."""
    from controlplane.reading import fix  # noqa: PLC0415 - only `--fix` needs it
    from controlplane.reading.document import cannot  # noqa: PLC0415

    checked = source.check(os.environ)
    if checked.text is None:
        return None  # what is reported is why
    mended = fix.fixed(checked.text, _variables(source.file))
    try:
        if mended.text != checked.text:
            fix.write(source.file, mended.text)
    except OSError as error:
        return cannot("write", error)
    _tell(source.file, mended, checked.text, form)
    return None


def _tell(file: Path, mended: Fixed, text: str, form: str) -> None:
    from controlplane.compile import without_values  # noqa: PLC0415
    from controlplane.report import printable  # noqa: PLC0415

    # What a program is to read stays alone on the standard output.
    stream = sys.stdout if form == "text" else sys.stderr
    problems = without_values((problem for _, problem in mended.done), text, _variables(file))
    for (line, _), problem in zip(mended.done, problems, strict=True):
        says = printable(f"{file}:{line}: fixed {problem.code} {problem.message}")
        print(says, file=stream)


def _diff(files: Sequence[Path]) -> int:
    """What `--fix` would change. Like `diff`, it ends with 1 where there is something."""
    import difflib  # noqa: PLC0415

    from controlplane.reading import fix  # noqa: PLC0415
    from controlplane.report import printable  # noqa: PLC0415

    code = DONE
    for file in files:
        checked = _Source.of(file).check(os.environ)
        if checked.text is None:
            failure(f"{file}: {checked.problems[0].message}")
            return COULD_NOT_RUN
        new = fix.fixed(checked.text, _variables(file)).text
        before, after = checked.text.splitlines(), new.splitlines()
        for line in difflib.unified_diff(before, after, str(file), str(file), lineterm=""):
            # A patch is to the letter; a terminal would obey what it is shown.
            print(printable(line) if sys.stdout.isatty() else line)
            code = FOUND
    return code


def _variables(file: Path) -> Mapping[str, str]:
    from controlplane.reading.document import variables  # noqa: PLC0415

    return variables(file, os.environ)


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
