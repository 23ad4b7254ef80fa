"""From a file to the gateway to be built: Document → Model → Gateway.

Whoever reads a config comes through `check`: lint, compile, diff, doctor, the supervisor with
its reloads, golden cases and property tests. So what `lint` says, what `compile` prints and
what Envoy is sent can never be three different readings of a file. The last stage, what Envoy
is told of the gateway, is `emit`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controlplane import lint, report
from controlplane.binding import bind
from controlplane.defaults import (
    ALLOW_OPEN,
    BIND,
    LOOPBACK,
    MODEL_SERVER_ADDRESS,
    STATS_PORT,
    Machine,
)
from controlplane.lint import environment, files
from controlplane.problem import Problem, for_compile, for_open, has_errors
from controlplane.reading.dialects import parse
from controlplane.reading.document import Document, decoded, read, read_text, variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from controlplane import ir, model
    from controlplane.problem import Located


@dataclass(frozen=True, slots=True)
class Checked:
    """What one file says, and everything that is wrong with it."""

    file: Path
    text: str | None = field(repr=False)
    """None when the file cannot be read."""
    document: Document | None
    """None when no sense can be made of the text."""
    model: model.Config | None
    """None when there is no document; as far as it could be read where there are problems."""
    problems: tuple[Problem, ...]

    def located(self, problems: Iterable[Problem] | None = None) -> list[Located]:
        """The problems with their places, in the order of the file."""
        chosen = self.problems if problems is None else problems
        return report.locate(self.file, self.text, self.document, chosen)


@dataclass(frozen=True, slots=True)
class Compiled(Checked):
    gateway: ir.Gateway | None
    """None when a problem is an error: nothing is built from a config that is not sound."""


def check(file: Path, env: Mapping[str, str]) -> Checked:
    return _checked(*read_text(file), file, env)


def check_bytes(raw: bytes, file: Path, env: Mapping[str, str]) -> Checked:
    """The same for what came otherwise than from a file; `file` is what it is called."""
    return _checked(*decoded(raw), file, env)


def _checked(
    text: str | None, problem: Problem | None, file: Path, env: Mapping[str, str]
) -> Checked:
    if text is None:
        return Checked(file, None, None, None, (problem,) if problem else ())
    return check_text(text, file, variables(file, env))


def check_text(text: str, file: Path, variables: Mapping[str, str]) -> Checked:
    """The same for a text that is already in memory, and the variables it may name."""
    document, problems = read(text, variables, file.parent)
    if document is None:
        return Checked(file, text, None, None, tuple(problems))
    written, parse_problems = parse(document)
    config = bind(written, variables)
    found: Iterable[Problem] = (
        *problems,
        *parse_problems,
        *lint.run(config),
        *files.problems(config, file.parent),
        *environment.problems(model_servers(variables)),
    )
    if variables.get(ALLOW_OPEN):
        found = for_open(found)
    return Checked(file, text, document, config, without_values(found, text, variables))


def without_values(
    problems: Iterable[Problem], text: str, variables: Mapping[str, str]
) -> tuple[Problem, ...]:
    """The problems without what the variables of the text hold."""
    hidden = _hidden(text, variables)
    return tuple(_masked(each, hidden) for each in problems)


_NAMED = re.compile(r"\$\{?(\w+)")
_SHORTEST = 6
"""Characters of what may be a key. A `$HOST` that is `db` would be found in many a word."""


_PARTS = re.compile(r"[\s/:@?#\[\]]+")


def _hidden(text: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Values that the text names by a variable, the longest first, and what is said for them.

    Of a value that is read as an address a message may name a part.
    """
    found: dict[str, str] = {}
    for name in _NAMED.findall(text):
        value = variables.get(name, "")
        for part in (value, *_PARTS.split(value)):
            if len(part) >= _SHORTEST:
                found.setdefault(part, f"${name}")
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _masked(problem: Problem, hidden: Mapping[str, str]) -> Problem:
    """The problem without the values of variables: one may be a key, in the wrong place."""

    def masked(text: str) -> str:
        for value, name in hidden.items():
            text = text.replace(value, name)
        return text

    hint = None if problem.hint is None else masked(problem.hint)
    edits = tuple(replace(edit, text=masked(edit.text)) for edit in problem.edits)
    return replace(problem, message=masked(problem.message), hint=hint, edits=edits)


def compile_file(file: Path, env: Mapping[str, str]) -> Compiled:
    checked = check(file, env)
    # What is built needs every address, though not yet a key.
    problems = tuple(for_compile(checked.problems))
    gateway = None
    if checked.model is not None and not has_errors(problems):
        from controlplane.lower import lower  # noqa: PLC0415  a fifth of lint's start

        gateway = lower(checked.model, machine(variables(file, env)))
    return Compiled(file, checked.text, checked.document, checked.model, problems, gateway)


STATS_VARIABLE = "ARCHGW_STATS_PORT"
"""The port that the supervisor has found free for the statistics of this gateway."""


def machine(env: Mapping[str, str]) -> Machine:
    """`MODEL_SERVER_PORT` is v0.1's way to move the model server."""
    port, stats = env.get("MODEL_SERVER_PORT", ""), env.get(STATS_VARIABLE, "")
    moved = (f"{LOOPBACK}:{port}",) if port.isdecimal() else ()
    return Machine(
        ca_bundle(env),
        model_servers(env) or moved,
        env.get("MODEL_SERVER_TOKEN") or None,
        int(stats) if stats.isdecimal() else STATS_PORT,
        env.get(BIND) or LOOPBACK,
    )


def model_servers(env: Mapping[str, str]) -> tuple[str, ...]:
    """What the environment names, with commas between them."""
    named = (each.strip() for each in env.get(MODEL_SERVER_ADDRESS, "").split(","))
    return tuple(each for each in named if each)


def ca_bundle(env: Mapping[str, str]) -> str:
    """The trust store for upstreams: the user's own by the usual variable, else certifi's."""
    if chosen := env.get("SSL_CERT_FILE"):
        return chosen
    import certifi  # noqa: PLC0415  lint does not need it

    return certifi.where()
