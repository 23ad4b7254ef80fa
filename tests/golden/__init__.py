"""Golden cases: a folder each, with `in.yaml` and what must come of it.

A case is compared file by file: whichever of `RENDERINGS` lie in its folder must come out
just so. For a new case write `in.yaml`, `touch` the files you want, and run `make golden`;
then read what it wrote. In one line of `in.yaml`, `# env: NAME=value …` sets variables.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from controlplane import ir, report
from controlplane.compile import check, compile_file
from controlplane.dump import as_data
from controlplane.emit import Resources, emit
from controlplane.emit.render import to_yaml
from controlplane.home_paths import Layout
from controlplane.reading.document import read_text, variables
from controlplane.reading.fix import fixed

HERE = Path(__file__).parent
INPUTS = {"in.yaml", ".env"}


def cases() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/in.yaml"))


def compiling_cases() -> list[Path]:
    """Those that come to a gateway."""
    return [case for case in cases() if (case / "ir.yaml").exists()]


def environment(case: Path) -> dict[str, str]:
    text = (case / "in.yaml").read_text("utf-8", "replace")
    found = re.findall(r"^# env: (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in found for pair in line.split())


def problems(case: Path, env: Mapping[str, str]) -> str:
    """Every problem as `archgw lint` prints it."""
    checked = check(case / "in.yaml", env)
    return report.as_text(replace(checked, file=Path("in.yaml")).located())


def mended(case: Path, env: Mapping[str, str]) -> str:
    """What `archgw lint --fix` makes of the file."""
    path = case / "in.yaml"
    text = read_text(path)[0] or ""
    return fixed(text, variables(path, env))


HOME = Layout(Path("/home/archgw"), Path("/home/archgw/logs"))


def compiled(case: Path, env: Mapping[str, str], layout: Layout) -> tuple[ir.Gateway, Resources]:
    """The whole way of a case; the trust store is named alike on every machine."""
    result = compile_file(case / "in.yaml", {"SSL_CERT_FILE": "/etc/ssl/ca.pem", **env})
    assert result.gateway is not None, [problem.message for problem in result.problems]
    return result.gateway, emit(result.gateway, layout)


def gateway(case: Path, env: Mapping[str, str]) -> str:
    """The gateway to be built, every default in place."""
    return yaml.safe_dump(
        as_data(compiled(case, env, HOME)[0]), sort_keys=False, allow_unicode=True
    )


def resources_of(kind: str) -> Callable[[Path, Mapping[str, str]], str]:
    """Envoy's resources of one kind, without the text of the Lua files that never change."""

    def render(case: Path, env: Mapping[str, str]) -> str:
        _, resources = compiled(case, env, HOME)
        return to_yaml(_without_code(list(getattr(resources, kind))))

    return render


def _without_code(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_code(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_code(item) for item in value]
    if isinstance(value, str) and "function envoy_on_" in value:
        constants = itertools.takewhile(lambda line: line.startswith("local "), value.splitlines())
        return "\n".join([*constants, "-- and the code"])
    return value


def runtime(case: Path, env: Mapping[str, str]) -> str:
    """What prompts are decided by."""
    _, resources = compiled(case, env, HOME)
    assert resources.runtime is not None, "a case without prompts has no runtime config"
    return resources.runtime.text


RENDERINGS: dict[str, Callable[[Path, Mapping[str, str]], str]] = {
    "problems.txt": problems,
    "fixed.yaml": mended,
    "ir.yaml": gateway,
    "listeners.yaml": resources_of("listeners"),
    "routes.yaml": resources_of("routes"),
    "clusters.yaml": resources_of("clusters"),
    "runtime.json": runtime,
}


def expected_files(case: Path) -> list[str]:
    return [name for name in RENDERINGS if (case / name).exists()]


def orphans() -> list[Path]:
    """Files that no rendering makes any more."""
    known = INPUTS | set(RENDERINGS)
    return [path for case in cases() for path in case.iterdir() if path.name not in known]
