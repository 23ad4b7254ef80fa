"""A config file in, a `Document` out: its tree of values, their places, its variables.

`$NAME` and `${NAME}` are not resolved here but kept as written, so that a problem can show
what the user wrote; `reading.values` resolves them where a value may hold one.
"""

from __future__ import annotations

import bisect
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from controlplane.problem import UNREADABLE, Position, Problem
from controlplane.reading.yaml_tree import NoTreeError, Span, fatal, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.model import Path
    from controlplane.reading.yaml_tree import Node

MAX_BYTES = 1024 * 1024
VARIABLES = "ARCHGW_VARIABLES"
"""The variable that names a folder of variables: a file each, of its name, as Kubernetes mounts
a secret. A value there can change while the gateway runs, and no environment shows it."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    text: str = field(repr=False)
    root: Node = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    """The environment, filled up from `.env`. Never shown: keys are among them."""
    folder: FilePath
    """Where the config lies, and what it names by a relative path."""

    def node(self, path: Path) -> Node | None:
        """The value at `path`, or None where the file has none."""
        node: Node | None = self.root
        for step in path:
            node = node.child(step) if node else None
        return node

    def position(self, path: Path, *, on_key: bool = False) -> Position:
        """Where `path` stands; for what is missing, where it would belong."""
        return self.position_at(self.span(path, on_key=on_key).start)

    def span(self, path: Path, *, on_key: bool = False) -> Span:
        node = self.root
        for step in path:
            child = node.child(step)
            if child is None:
                # In a mapping the key is missing; elsewhere one value stands for the whole.
                return node.key if node.key and node.kind == "map" else node.span
            node = child
        return node.key if on_key and node.key else node.span

    def position_at(self, offset: int) -> Position:
        line = bisect.bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]


def lines(text: str) -> list[str]:
    """Split where YAML begins a new line, so that numbers agree with its marks."""
    return _LINE_BREAK.split(text)


def variables(path: FilePath, env: Mapping[str, str]) -> dict[str, str]:
    """The environment, filled up from a folder of variables, and that from `.env` beside the config."""
    return {**dot_env(path.parent / ".env"), **_in_folder(env), **_filled(env)}


def variable_files(env: Mapping[str, str]) -> tuple[FilePath, ...]:
    """The folder of variables and the files in it; what cannot be read has none."""
    if not env.get(VARIABLES):
        return ()
    folder = FilePath(env[VARIABLES]).absolute()
    try:
        files = sorted(each for each in folder.iterdir() if _VARIABLE.fullmatch(each.name))
    except OSError:
        files = []
    return folder, *files


def _in_folder(env: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for file in variable_files(env)[1:]:
        with suppress(OSError, UnicodeDecodeError):
            found[file.name] = file.read_text("utf-8").rstrip("\r\n")
    return found


def cannot(do: str, error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return fatal(UNREADABLE, f"cannot {do} the file: {reason}")


def read(
    text: str, variables: Mapping[str, str], folder: FilePath | None = None
) -> tuple[Document | None, list[Problem]]:
    """No document comes back when no sense can be made of the text."""
    try:
        root, problems = tree(text)
    except NoTreeError as error:
        return None, [error.problem]
    if root is None or root.is_null:
        hint = "`archgw init` writes a config to start from"
        return None, [*problems, fatal("AG007", "the file is empty", hint=hint)]
    if root.kind != "map":
        message = "a config is a mapping of keys, such as `llm_providers:`"
        return None, [*problems, fatal("AG007", message)]
    return Document(text, root, variables, folder or FilePath()), problems


def read_text(path: FilePath) -> tuple[str | None, Problem | None]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, cannot("read", error)
    return decoded(raw)


def decoded(raw: bytes) -> tuple[str | None, Problem | None]:
    if len(raw) > MAX_BYTES:
        hint = "is this the config you meant?"
        return None, fatal("AG003", "the file is larger than 1 MiB", hint=hint)
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        return None, fatal(
            "AG002", "not UTF-8 from here on", Position(line, column), "save as UTF-8"
        )


def dot_env(path: FilePath) -> dict[str, str]:
    """The assignments of a `.env` file; a file that is not there has none.

    python-dotenv reads it: a reader of our own got escaped quotes and values of several lines
    wrong, and cut such a key short without a word. It may not look into values: a dollar sign in
    a key is that.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415  most configs have no such file

    found = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


def _filled(env: Mapping[str, str]) -> dict[str, str]:
    # Compose files pass on unset variables as empty ones; those are for `.env` to fill.
    return {name: value for name, value in env.items() if value}
