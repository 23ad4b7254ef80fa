"""Golden cases: a folder each, with `in.yaml` and what must come of it.

A case is compared file by file: whichever of `RENDERINGS` lie in its folder must come out
just so. For a new case write `in.yaml`, `touch` the files you want, and run `make golden`;
then read what it wrote. In one line of `in.yaml`, `# env: NAME=value …` sets variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from controlplane import lint, report, source
from controlplane.fix import fixed
from controlplane.parse import parse

HERE = Path(__file__).parent
INPUTS = {"in.yaml", ".env"}


def cases() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/in.yaml"))


def environment(case: Path) -> dict[str, str]:
    text = (case / "in.yaml").read_text("utf-8", "replace")
    found = re.findall(r"^# env: (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in found for pair in line.split())


def problems(case: Path, env: Mapping[str, str]) -> str:
    """Every problem as `archgw lint` prints it."""
    path = case / "in.yaml"
    document, found = source.load(path, env)
    if document is not None:
        config, more = parse(document)
        found = [*found, *more, *lint.run(document, config)]
    text = source.read_text(path)[0]
    return report.as_text(report.locate(Path("in.yaml"), text, document, found))


def mended(case: Path, env: Mapping[str, str]) -> str:
    """What `archgw lint --fix` makes of the file."""
    path = case / "in.yaml"
    text = source.read_text(path)[0] or ""
    return fixed(text, "in.yaml", source.variables(path, env))


RENDERINGS: dict[str, Callable[[Path, Mapping[str, str]], str]] = {
    "problems.txt": problems,
    "fixed.yaml": mended,
}


def expected_files(case: Path) -> list[str]:
    return [name for name in RENDERINGS if (case / name).exists()]


def orphans() -> list[Path]:
    """Files that no rendering makes any more."""
    known = INPUTS | set(RENDERINGS)
    return [path for case in cases() for path in case.iterdir() if path.name not in known]
