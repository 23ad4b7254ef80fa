"""Golden cases: a folder each, with `in.yaml` and what must come of it.

A case is compared file by file: whichever of `RENDERINGS` lie in its folder must come out
just so. For a new case write `in.yaml`, `touch` the files you want, and run `make golden`;
then read what it wrote. In one line of `in.yaml`, `# env: NAME=value …` sets variables.

What a single subject means to Envoy is small, and the rest of a gateway is not. So such a case
says `# against: plain`, and its `envoy.diff` is all in which it differs from that other case.
"""

from __future__ import annotations

import difflib
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
from controlplane.emit import Resources, emit, shared_limits
from controlplane.emit.bootstrap import xds_bootstrap
from controlplane.emit.render import to_yaml
from controlplane.home_paths import Home
from controlplane.reading.document import read_text, variables
from controlplane.reading.fix import fixed

HERE = Path(__file__).parent
INPUTS = {"in.yaml", ".env"}


def cases() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/in.yaml"))


def compiling_cases() -> list[Path]:
    """Those that come to a gateway."""
    return [case for case in cases() if ENVOYS & set(expected_files(case))]


def environment(case: Path) -> dict[str, str]:
    text = (case / "in.yaml").read_text("utf-8", "replace")
    found = re.findall(r"^# env: (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in found for pair in line.split())


def other_case(case: Path) -> Path:
    """The one that this one is held against."""
    found = re.search(r"^# against: (.*)$", (case / "in.yaml").read_text("utf-8"), re.MULTILINE)
    assert found, f"{case.name}/in.yaml says `# against: …` nowhere"
    return HERE / found[1]


def problems(case: Path, env: Mapping[str, str]) -> str:
    """Every problem as `archgw lint` prints it."""
    checked = check(case / "in.yaml", env)
    return report.as_text(replace(checked, file=Path("in.yaml")).located())


def mended(case: Path, env: Mapping[str, str]) -> str:
    """What `archgw lint --fix` makes of the file."""
    path = case / "in.yaml"
    text = read_text(path)[0] or ""
    return fixed(text, variables(path, env)).text


HOME = Home(Path("/home/archgw"), Path("/home/archgw/logs"))


def compiled(case: Path, env: Mapping[str, str], home: Home) -> tuple[ir.Gateway, Resources]:
    """The whole way of a case; the trust store is named alike on every machine."""
    result = compile_file(case / "in.yaml", {"SSL_CERT_FILE": "/etc/ssl/ca.pem", **env})
    assert result.gateway is not None, [problem.message for problem in result.problems]
    return result.gateway, emit(result.gateway, home)


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


def bootstrap(_case: Path, _env: Mapping[str, str]) -> str:
    """What Envoy is started with, whatever the config."""
    return to_yaml(xds_bootstrap(HOME))


def differences(case: Path, env: Mapping[str, str]) -> str:
    """In which Envoy's resources are not those of the other case."""
    other = other_case(case)
    before = compiled(other, environment(other), HOME)[1]
    after = compiled(case, env, HOME)[1]
    lines: list[str] = []
    for kind in ("listeners", "routes", "clusters"):
        old, new = ({each["name"]: each for each in getattr(of, kind)} for of in (before, after))
        for name in dict.fromkeys([*old, *new]):
            like = name if name in old else _like(name)
            title = f"{kind}: {name}" + (f", not as {like}" if like in old and like != name else "")
            lines += _difference(title, _lines(old.get(like)), _lines(new.get(name)))
    old_files, new_files = dict(before.secret_files), dict(after.secret_files)
    for name in dict.fromkeys([*old_files, *new_files]):
        texts = (old_files.get(name, ""), new_files.get(name, ""))
        lines += _difference(f"secrets: {name}", *(text.splitlines() for text in texts))
    return "".join(f"{line}\n" for line in lines)


def _like(name: str) -> str:
    """Where the other case has no such resource, the one of its own that is most like it."""
    return {"prompt": "llm"}.get(name, "llm-main" if name.startswith("llm-") else "")


def _lines(resource: Any) -> list[str]:
    return to_yaml(_without_code(resource)).splitlines() if resource else []


def _difference(title: str, old: list[str], new: list[str]) -> list[str]:
    """As `diff -u`, but that the title says where it is: line numbers change too easily."""
    lines: list[str] = []
    # difflib's own unified_diff takes frequent lines for junk, and YAML has many of them.
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(2):
        lines.append(f"@@ {title} @@")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [f" {line}" for line in old[old_from:old_to]]
            else:
                lines += [f"-{line}" for line in old[old_from:old_to]]
                lines += [f"+{line}" for line in new[new_from:new_to]]
    return lines


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


def ratelimit(case: Path, env: Mapping[str, str]) -> str:
    """What envoyproxy/ratelimit is told of limits that gateways share."""
    config = shared_limits.service_config(compiled(case, env, HOME)[0])
    assert config is not None, "the case shares no limits"
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


RENDERINGS: dict[str, Callable[[Path, Mapping[str, str]], str]] = {
    "problems.txt": problems,
    "fixed.yaml": mended,
    "ir.yaml": gateway,
    "listeners.yaml": resources_of("listeners"),
    "routes.yaml": resources_of("routes"),
    "clusters.yaml": resources_of("clusters"),
    "bootstrap.yaml": bootstrap,
    "envoy.diff": differences,
    "runtime.json": runtime,
    "ratelimit.yaml": ratelimit,
}

ENVOYS = {"ir.yaml", "listeners.yaml", "routes.yaml", "clusters.yaml", "envoy.diff"}
"""With one of these, a case comes to a gateway."""


def expected_files(case: Path) -> list[str]:
    return [name for name in RENDERINGS if (case / name).exists()]


def orphans() -> list[Path]:
    """Files that nothing makes any more, or that have no `in.yaml` beside them."""
    owned = {case / name for case in cases() for name in INPUTS | set(RENDERINGS)}
    files = (path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path for path in files if path.parent != HERE and path not in owned)
