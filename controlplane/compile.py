"""The four stages in a row: Document → Model → Gateway → Resources.

The command line and the config watcher both come through here, so that what `lint` says,
what `compile` prints and what Envoy is sent can never be three different readings of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane import lint
from controlplane.defaults import Site
from controlplane.lower import lower
from controlplane.problem import Problem, for_compile, has_errors
from controlplane.reading.dialects import parse
from controlplane.reading.document import Document, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from controlplane import ir, model


@dataclass(frozen=True, slots=True)
class Compiled:
    document: Document | None
    model: model.Config | None
    gateway: ir.Gateway | None
    """None when a problem is an error: nothing is built from a config that is not sound."""
    problems: tuple[Problem, ...]


def compile_file(path: Path, env: Mapping[str, str]) -> Compiled:
    document, problems = load(path, env)
    if document is None:
        return Compiled(None, None, None, tuple(problems))
    config, parse_problems = parse(document)
    # What is built needs every address, though not yet a key.
    problems = for_compile([*problems, *parse_problems, *lint.run(document, config)])
    if has_errors(problems):
        return Compiled(document, config, None, tuple(problems))
    gateway, lower_problems = lower(config, site(env))
    problems += lower_problems
    return Compiled(document, config, None if lower_problems else gateway, tuple(problems))


def site(env: Mapping[str, str]) -> Site:
    """`MODEL_SERVER_PORT` is v0.1's way to move the model server."""
    port = env.get("MODEL_SERVER_PORT", "")
    if not port.isdecimal():
        return Site(ca_bundle(env))
    return Site(ca_bundle(env), f"127.0.0.1:{port}")


def ca_bundle(env: Mapping[str, str]) -> str:
    """The trust store for upstreams: the user's own by the usual variable, else certifi's."""
    if chosen := env.get("SSL_CERT_FILE"):
        return chosen
    import certifi  # noqa: PLC0415  lint does not need it

    return certifi.where()
