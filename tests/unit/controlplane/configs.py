"""One way for the tests of the config's front end to read a text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from controlplane import lint
from controlplane.reading.dialects import parse
from controlplane.reading.document import read as read_document

if TYPE_CHECKING:
    from controlplane.model import Config
    from controlplane.problem import Problem


def read(text: str, variables: Mapping[str, str] | None = None) -> tuple[Config, list[Problem]]:
    """The model and what reading it reports, without the rules."""
    document, problems = read_document(
        textwrap.dedent(text), "in.yaml", variables or {"K": "a-key"}
    )
    assert document is not None, problems
    config, more = parse(document)
    return config, [*problems, *more]


def places(text: str, variables: Mapping[str, str] | None = None) -> list[str]:
    """`line:column code` of everything reading and linting reports."""
    text = textwrap.dedent(text)
    document, problems = read_document(text, "in.yaml", variables or {"K": "a-key"})
    assert document is not None, problems
    config, more = parse(document)
    found = []
    for problem in [*problems, *more, *lint.run(document, config)]:
        place = problem.position or document.position(problem.path, on_key=problem.on_key)
        found.append(f"{place.line}:{place.column} {problem.code}")
    return sorted(found)


def codes(text: str, variables: Mapping[str, str] | None = None) -> set[str]:
    return {place.partition(" ")[2] for place in places(text, variables)}
