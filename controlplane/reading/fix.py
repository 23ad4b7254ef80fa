"""`archgw lint --fix`: old spellings brought up to date in the text itself.

Edits are made by position, so comments, order and spacing stay. ruamel.yaml was weighed for it:
read and written with nothing changed, 24 of our 27 configs came back laid out anew, and the other
three, with errors, not at all. A fix may not change what a config means: the text before and after
is parsed, and edits after which the model is another are not made.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.problem import Edit, Problem, has_errors
from controlplane.reading.dialects import parse
from controlplane.reading.document import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controlplane.model import Config
    from controlplane.reading.document import Document

_MOST_ROUNDS = 5
"""One edit can make room for another, such as a form inside an old form."""


@dataclass(frozen=True, slots=True)
class Fixed:
    text: str
    done: tuple[tuple[int, Problem], ...]
    """What was mended, each with its line at that time."""


def fixed(text: str, variables: Mapping[str, str]) -> Fixed:
    """The text with its old spellings mended, as far as that is safe."""
    now = Fixed(text, ())
    for _ in range(_MOST_ROUNDS):
        before = _read(now.text, variables)
        if before is None:
            return now
        document, config, problems = before
        new, mended = applied(now.text, problems)
        after = _read(new, variables) if new != now.text else None
        if after is None or _meaning(after[1]) != _meaning(config):
            return now
        if has_errors(after[2]) and not has_errors(problems):
            return now
        lines = ((document.position_at(each.edits[0].start).line, each) for each in mended)
        now = Fixed(new, (*now.done, *lines))
    return now


def applied(text: str, problems: Iterable[Problem]) -> tuple[str, list[Problem]]:
    """All edits that do not touch one another; those of a problem together or not at all."""
    newline = "\r\n" if "\r\n" in text else "\n"
    accepted: list[Edit] = []
    mended: list[Problem] = []
    for problem in problems:
        if not any(_touch(edit, other) for edit in problem.edits for other in accepted):
            accepted += problem.edits
            mended += [problem] if problem.edits else []
    for edit in sorted(accepted, key=lambda each: each.start, reverse=True):
        new = edit.text.replace("\n", newline)
        text = text[: edit.start] + new + text[edit.end :]
    return text, mended


def write(path: Path, text: str) -> None:
    """Replace the file in one step, with its mode; a link stays a link."""
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, target.stat().st_mode & 0o7777)
        os.replace(name, target)
    except OSError:
        os.unlink(name)
        raise


def _touch(one: Edit, other: Edit) -> bool:
    return one.start <= other.end and other.start <= one.end


def _read(text: str, variables: Mapping[str, str]) -> tuple[Document, Config, list[Problem]] | None:
    document, problems = read(text, variables)
    if document is None:
        return None
    config, parse_problems = parse(document)
    return document, config, [*problems, *parse_problems]


def _meaning(value: Any) -> Any:
    """The model without the places where things stand."""
    if dataclasses.is_dataclass(value):
        parts = (each.name for each in dataclasses.fields(value) if each.name != "path")
        return {name: _meaning(getattr(value, name)) for name in parts}
    if isinstance(value, tuple | list):
        return [_meaning(item) for item in value]
    return value
