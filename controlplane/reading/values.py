"""Shapes of values: what a key may hold, how it is read, how a JSON Schema says it.

`reading.keys` builds the one table of known keys from these. Reading a node by a shape
gives a typed value; where it does not fit, None or an empty tuple, after the problem has been
reported. Reading never stops at the first problem and never raises. Mappings with known keys are
in `reading.mappings`.

A shape forgives spelling where only one thing can be meant (`"10000"` for a port, `post` for
POST, a lone item for a list), and says so where the reader of the file could be misled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from controlplane.model import Secret
from controlplane.problem import MISSING_SECRET, MISSING_VARIABLE, Edit, Problem, Severity
from controlplane.reading.yaml_tree import MOST_PROBLEMS
from controlplane.sizes import SIZES, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from controlplane.model import Path
    from controlplane.reading.document import Document
    from controlplane.reading.yaml_tree import Node, Span

JsonSchema = dict[str, Any]

MOST_SUGGESTIONS = 100
MOST_COMPARED = 500

_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_BARE_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*_(KEY|TOKEN|SECRET)")
_YES = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
_SMART_QUOTES = {"“": "”", "„": "“”", "‘": "’", "«": "»"}  # noqa: RUF001
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(ms|s|m|h|us)?")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = timedelta(days=30)
_SIZE = re.compile(r"([0-9]*\.?[0-9]+)\s*([kKmM]i?)?[bB]?")
_INTEGER = re.compile(r"[-+]?[0-9][0-9_]{0,18}(\.0+)?")


@dataclass(slots=True)
class Reading:
    """One pass over one document, and every problem met on the way."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    guessing: bool = False
    """Only to see whether something fits: what does not needs no hint."""
    key_files: list[str] = field(default_factory=list)
    """Every file and folder that was looked into for keys, there or not."""

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def suggestion(self, word: str, known: Sequence[str]) -> tuple[str | None, str | None]:
        """The word that was meant, if any is near, and a hint that says so."""
        # Looking for the nearest word is slow, and nobody mends a hundred at once.
        if self.guessing or len(self.problems) >= MOST_SUGGESTIONS:
            return None, None
        meant = nearest(word, known)
        return meant, f"did you mean `{meant}`?" if meant else f"known here: {', '.join(known)}"

    def error(self, code: str, path: Path, message: str, hint: str | None = None) -> None:
        self.add(Problem(code, Severity.ERROR, path, message, hint))

    def warn(
        self, code: str, path: Path, message: str, hint: str | None = None, *edits: Edit
    ) -> None:
        self.add(Problem(code, Severity.WARNING, path, message, hint, edits=edits))

    def wrong_type(self, node: Node, wanted: str, *, show: bool = False) -> None:
        """With `show`, the value is told too: never where a key might stand by mistake."""
        found = f"`{node.text}`" if show and node.text.strip() else _found(node)
        self.error("AG102", node.path, f"{label(node.path)} must be {wanted}, but is {found}")


class Shape(Protocol):
    def read(self, node: Node, reading: Reading) -> Any: ...

    def schema(self) -> JsonSchema: ...


def label(path: Path) -> str:
    """The path as people write it: `llm_providers[0].model`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return f"`{text}`" if text else "the config"


def folded(word: str) -> str:
    return word.replace("-", "_").casefold()


def nearest(word: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed when something is wrong

    by_fold = {folded(each): each for each in islice(known, MOST_COMPARED)}
    found = get_close_matches(folded(word), by_fold, n=1, cutoff=least)
    return by_fold[found[0]] if found else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    meant = nearest(word, known)
    return f"did you mean `{meant}`?" if meant else f"known here: {', '.join(known)}"


def replaced(span: Span, text: str) -> Edit:
    return Edit(span.start, span.end, text)


@dataclass(frozen=True, slots=True)
class Text:
    """A string. With `env`, `$NAME` and `${NAME}` in it are resolved."""

    env: bool = False
    choices: tuple[str, ...] = ()
    advice: Mapping[str, str] = field(default_factory=dict)
    """What is none of the choices, but has something to be said of it."""

    def read(self, node: Node, reading: Reading) -> str | None:
        text = _text(node, reading, "a string")
        if text is None:
            return None
        if self.env:
            text, missing = _resolved(text, node.path, reading)
            if "$" in text and not missing:
                reading.error("AG114", node.path, f"{label(node.path)} holds a dollar sign")
                return None
        if not self.choices:
            return text
        chosen = next((each for each in self.choices if folded(each) == folded(text)), None)
        if chosen is None:
            message = f"{label(node.path)} cannot be `{text}`"
            hint = self.advice.get(folded(text)) or reading.suggestion(text, self.choices)[1]
            reading.error("AG104", node.path, message, hint)
        return chosen

    def schema(self) -> JsonSchema:
        # An unquoted `0.1` is a number to an editor, and a version to us.
        return {"enum": list(self.choices)} if self.choices else {"type": ["string", "number"]}


@dataclass(frozen=True, slots=True)
class SecretText:
    """A credential, `$NAME` as a rule: its value never shows in a problem."""

    blanks: bool = False
    """Whether it may hold some, as `Bearer …` does."""

    def read(self, node: Node, reading: Reading) -> Secret | None:
        if node.kind != "scalar":
            reading.wrong_type(node, "a variable such as $OPENAI_API_KEY")
            return None
        text = _text(node, reading, "a variable such as $OPENAI_API_KEY")
        if not text or not text.strip():
            return None
        if _BARE_NAME.fullmatch(text):
            message = f"{label(node.path)} is the name of a variable without its dollar sign"
            reading.warn(
                "AG115", node.path, message, f"write `${text}`", replaced(node.span, f"${text}")
            )
            text = f"${text}"
        value, names, missing = _resolve(text, reading.document.variables)
        _report_missing(missing, node.path, reading, MISSING_SECRET)
        value = value.strip()  # files that keys are read from end with a new line
        check_key(value, node.path, reading, blanks=self.blanks)
        return Secret(None if missing else value, names[0] if names else None)

    def schema(self) -> JsonSchema:
        return {"type": ["string", "number"]}


def check_key(value: str, path: Path, reading: Reading, *, blanks: bool = False) -> None:
    least = " " if blanks else "!"
    if not all(least <= char <= "~" for char in value):
        message = f"{label(path)} holds a blank, a line break or another odd character"
        reading.error("AG117", path, message, "a key travels in a header: check its value")


@dataclass(frozen=True, slots=True)
class Flag:
    def read(self, node: Node, reading: Reading) -> bool | None:
        if node.kind != "scalar":
            reading.wrong_type(node, "true or false", show=True)
            return None
        word = node.text.strip().lower()
        if word in ("true", "false"):
            return word == "true"
        if word in _YES:
            meant = "true" if _YES[word] else "false"
            message = f"{label(node.path)} is `{node.text}`, which is read as {meant}"
            hint = f"write `{meant}`: not every YAML reader takes `{node.text}` for it"
            reading.warn("AG008", node.path, message, hint, replaced(node.span, meant))
            return _YES[word]
        reading.wrong_type(node, "true or false", show=True)
        return None

    def schema(self) -> JsonSchema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `least` to `most`; with `whole`, without a fraction."""

    least: float = 0
    most: float = 1e15
    whole: bool = False

    def read(self, node: Node, reading: Reading) -> float | int | None:
        wanted = "a whole number" if self.whole else "a number"
        if node.kind != "scalar":
            reading.wrong_type(node, wanted)
            return None
        text, missing = _resolved(node.text.strip(), node.path, reading)
        if missing:
            return None
        number = _number(text, whole=self.whole)
        if number is None:
            reading.wrong_type(node, wanted, show=True)
            return None
        if not self.least <= number <= self.most:
            message = f"{label(node.path)} is {text}, outside {self.least:g} to {self.most:g}"
            reading.error("AG105", node.path, message)
            return None
        if node.plain and re.match(r"[-+]?0[0-9]", text):
            message = f"{label(node.path)} is `{text}`, which is read as {number:g}"
            hint = "leave the zero in front out: some YAML readers take such a number as octal"
            reading.warn("AG008", node.path, message, hint, replaced(node.span, f"{number:g}"))
        return number

    def schema(self) -> JsonSchema:
        number = {"type": "integer" if self.whole else "number", "minimum": self.least}
        return {"anyOf": [{**number, "maximum": self.most}, {"type": "string"}]}


@dataclass(frozen=True, slots=True)
class Duration:
    """`5s`, `250ms`, `1m`; a bare number counts seconds."""

    def read(self, node: Node, reading: Reading) -> timedelta | None:
        wanted = "a duration such as 5s or 250ms"
        if node.kind != "scalar":
            reading.wrong_type(node, wanted)
            return None
        text, missing = _resolved(node.text.strip(), node.path, reading)
        match = _DURATION.fullmatch(text) if len(text) < 32 else None
        if missing or match is None:
            if not missing:
                reading.wrong_type(node, wanted, show=True)
            return None
        seconds = float(match[1]) * _UNITS[match[2] or "s"]
        if seconds > _LONGEST.total_seconds():
            message = f"{label(node.path)} is {text}, longer than {_LONGEST.days} days"
            reading.error("AG105", node.path, message)
            return None
        if match[2] is None and seconds:
            message = f"{label(node.path)} has no unit and is read as {text}s"
            hint = f"write `{text}s`"
            reading.warn("AG108", node.path, message, hint, replaced(node.span, f"{text}s"))
        return timedelta(seconds=seconds)

    def schema(self) -> JsonSchema:
        return {"type": ["string", "number"]}


@dataclass(frozen=True, slots=True)
class Size:
    """`10MiB`, `512 KiB`, `2MB`; a bare number counts bytes."""

    least: int
    most: int

    def read(self, node: Node, reading: Reading) -> int | None:
        wanted = "a size such as 10MiB, or a number of bytes"
        if node.kind != "scalar":
            reading.wrong_type(node, wanted)
            return None
        text, missing = _resolved(node.text.strip(), node.path, reading)
        match = _SIZE.fullmatch(text) if len(text) < 32 else None
        if missing or match is None:
            if not missing:
                reading.wrong_type(node, wanted, show=True)
            return None
        size = int(float(match[1]) * SIZES[(match[2] or "").lower()])
        if not self.least <= size <= self.most:
            bounds = f"{size_text(self.least)} to {size_text(self.most)}"
            reading.error("AG105", node.path, f"{label(node.path)} is {text}, outside {bounds}")
            return None
        return size

    def schema(self) -> JsonSchema:
        return {"type": ["string", "integer"]}


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value; what it means depends on a key beside it, so the node itself is given."""

    def read(self, node: Node, reading: Reading) -> Node:  # noqa: ARG002 - as every shape
        return node

    def schema(self) -> JsonSchema:
        return {}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What means something to another version of archgw, and nothing here."""

    version: str
    instead: str
    """What to do about it, in a line."""
    harmless: bool = False
    """The gateway does as the config says without it."""

    @property
    def says(self) -> str:
        return f"archgw {self.version} has it, this version does not: {self.instead}"

    def read(self, node: Node, reading: Reading) -> None:
        message = f"{label(node.path)} is of archgw {self.version}; this version does not have it"
        code, severity = ("AG119", Severity.WARNING) if self.harmless else ("AG118", Severity.ERROR)
        reading.add(Problem(code, severity, node.path, message, self.instead, on_key=True))

    def schema(self) -> JsonSchema:
        return {}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; with `lone`, a single item may stand without the list."""

    item: Shape
    lone: bool = False

    def read(self, node: Node, reading: Reading) -> tuple[Any, ...]:
        if node.kind == "list":
            values = (self.item.read(item, reading) for item in node.items)
        elif self.lone:
            values = (self.item.read(node, reading) for _ in range(1))
        else:
            reading.wrong_type(node, "a list")
            return ()
        return tuple(value for value in values if value is not None)

    def schema(self) -> JsonSchema:
        listing: JsonSchema = {"type": "array", "items": self.item.schema()}
        return {"anyOf": [listing, self.item.schema()]} if self.lone else listing


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping whose keys are the user's own names."""

    item: Shape

    def read(self, node: Node, reading: Reading) -> tuple[tuple[str, Any], ...]:
        if node.kind != "map":
            reading.wrong_type(node, "a mapping of names")
            return ()
        values = ((name, self.item.read(entry, reading)) for name, entry in node.entries.items())
        return tuple((name, value) for name, value in values if value is not None)

    def schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self.item.schema()}


def _found(node: Node) -> str:
    if node.kind == "list":
        return "a list"
    if node.kind == "map":
        return "a mapping"
    if node.is_null:
        return "empty"
    kinds = {bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(node.value), "a string")


def _text(node: Node, reading: Reading, wanted: str) -> str | None:
    if node.kind != "scalar" or node.is_null:
        reading.wrong_type(node, wanted)
        return None
    text = node.text
    ends = _SMART_QUOTES.get(text[:1])
    if not (node.plain and ends and len(text) > 1 and text[-1] in ends):
        return text
    inner = text[1:-1]
    message = f"{label(node.path)} stands in typographic quotes, which YAML does not know"
    quoted = '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"'
    reading.warn(
        "AG009", node.path, message, "write plain quotes, or none", replaced(node.span, quoted)
    )
    return inner


def _resolved(text: str, path: Path, reading: Reading) -> tuple[str, tuple[str, ...]]:
    value, _, missing = _resolve(text, reading.document.variables)
    _report_missing(missing, path, reading, MISSING_VARIABLE)
    return value, missing


def _resolve(
    text: str, variables: Mapping[str, str]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text with its variables filled in, their names, and those that are missing."""
    names: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        names.append(match[2] or match[3])
        return variables.get(names[-1]) or match[0]

    resolved = _VARIABLE.sub(value, text)
    missing = (name for name in dict.fromkeys(names) if not variables.get(name))
    return resolved, tuple(names), tuple(missing)


def _report_missing(missing: Iterable[str], path: Path, reading: Reading, code: str) -> None:
    for name in missing:
        message = f"the variable {name} is not set"
        hint = f"export {name}=…, or write {name}=… into a `.env` file beside the config"
        reading.warn(code, path, message, hint)


def _number(text: str, *, whole: bool) -> float | int | None:
    if _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        number = float(text) if len(text) < 32 and not whole else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 1e18 else None
