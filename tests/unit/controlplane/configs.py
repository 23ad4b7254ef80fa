"""One way for the tests of the config's front end to read a text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.compile import check_text
from controlplane.reading import document
from controlplane.reading.dialects import parse

if TYPE_CHECKING:
    from controlplane.model import Config
    from controlplane.problem import Problem


def read(text: str, variables: Mapping[str, str] | None = None) -> tuple[Config, list[Problem]]:
    """The model and what reading it reports, without the rules."""
    found, problems = document.read(textwrap.dedent(text), variables or {"K": "a-key"})
    assert found is not None, problems
    config, more = parse(found)
    return config, [*problems, *more]


def places(text: str, variables: Mapping[str, str] | None = None) -> list[str]:
    """`line:column code` of everything reading and linting reports."""
    checked = check_text(textwrap.dedent(text), Path("in.yaml"), variables or {"K": "a-key"})
    assert checked.document is not None, checked.problems
    return sorted(
        f"{each.position.line}:{each.position.column} {each.problem.code}"
        for each in checked.located()
    )


def codes(text: str, variables: Mapping[str, str] | None = None) -> set[str]:
    return {place.partition(" ")[2] for place in places(text, variables)}
