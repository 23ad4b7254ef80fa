"""YAML text → a tree of nodes that know their path, their place and their spelling.

The text is read as a flat run of YAML events, never by recursion and never into Python
objects, so a hostile file can neither exhaust the stack nor build anything. What a config
has no need of is refused with its position: aliases (306 bytes of them unfold to three
million nodes), tags, duplicate keys (YAML libraries quietly keep the last one), a second
document, and more depth than a person writes.

Scalars keep their spelling. YAML 1.1 would read `no` as false, `12:30` as 750 and `010` as
8; here a value becomes a number or a truth value only where one is expected, so a name
spelt `no` stays a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml

from controlplane.problem import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.model import Path
    from extproc.contract import Json

MAX_DEPTH = 32
_TOO_DEEP = f"lists and mappings are nested more than {MAX_DEPTH} deep"
MOST_PROBLEMS = 1000
"""Nobody mends more at once."""

_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_QUOTED = ("'", '"', "|", ">")
_LONGEST_NUMBER = 64
"""Python reads a number of n digits in n² steps, and no key here wants so many."""
_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
_SYNTAX_HINTS = (
    (
        "mapping values are not allowed",
        "put quotes around a value that holds `: `, or check the indentation of this line",
    ),
    ("could not find expected ':'", "every key is followed by a colon and a space"),
    (
        "did not find expected key",
        "check that this line is indented like its neighbours, and that quotes are closed",
    ),
    ("did not find expected '-' indicator", "items of a list begin with `- ` in one column"),
    ("cannot start any token", "put quotes around a value that begins with this character"),
    ("unexpected end of stream", "a quote is opened and never closed"),
)


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file, where it stands, and how it was spelt."""

    path: Path
    span: Span
    key: Span | None
    """Of the key that names it; None for items of a list and for the whole."""
    kind: Literal["scalar", "list", "map"]
    text: str = field(default="", repr=False)
    plain: bool = False
    """A scalar without quotes: `value` takes only these for numbers, truth values or nothing."""
    flow: bool = False
    """A list or mapping in brackets."""
    items: tuple[Node, ...] = ()
    entries: Mapping[str, Node] = field(default_factory=dict)

    @property
    def key_start(self) -> int:
        return self.key.start if self.key else self.span.start

    @property
    def is_null(self) -> bool:
        return self.kind == "scalar" and self.plain and self.text in _NULLS

    @property
    def value(self) -> Json:
        """As YAML 1.2 types it: no sexagesimals, no octals, and `no` is a word."""
        if self.kind == "list":
            return [item.value for item in self.items]
        if self.kind == "map":
            return {key: node.value for key, node in self.entries.items()}
        return _typed(self.text) if self.plain else self.text

    def child(self, step: str | int) -> Node | None:
        if isinstance(step, str):
            return self.entries.get(step)
        return self.items[step] if 0 <= step < len(self.items) else None


class NoTreeError(Exception):
    """The text has no tree; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def tree(text: str) -> tuple[Node | None, list[Problem]]:
    """The root of the tree, None for an empty text, and what is odd but readable."""
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.feed(event)
    except yaml.YAMLError as error:
        raise NoTreeError(_syntax_problem(error, text)) from None
    return builder.root, builder.problems


def fatal(
    code: str, message: str, position: Position | None = None, hint: str | None = None
) -> Problem:
    return Problem(code, Severity.ERROR, (), message, hint, position=position or Position(1, 1))


def _typed(text: str) -> Json:
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    path: Path
    start: int
    key: Span | None
    kind: Literal["list", "map"]
    flow: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    first_line: dict[str, int] = field(default_factory=dict)
    name: str | None = None
    """The key that waits for its value."""
    name_span: Span | None = None
    repeated: bool = False
    """That key was there before: its value is read and dropped."""
    end: int = 0


class _Builder:
    """Folds YAML events into nodes, with a stack of its own in place of recursion."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._stack: list[_Open] = []
        self._documents = 0

    def _report(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def feed(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._open(event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                message = "a second document begins here, but a config is one document"
                raise NoTreeError(_problem("AG007", event, message, "remove the `---`"))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._at_key():
            self._key(event)
            return
        self._check_tag(event)
        plain = event.style not in _QUOTED and not (event.tag or "").endswith(":str")
        path, key = self._place()
        self._add(Node(path, _span(event), key, "scalar", text=event.value, plain=plain))

    def _alias(self, event: yaml.AliasEvent) -> None:
        message = f"the alias `*{event.anchor}` is not read in a config"
        problem = _problem("AG005", event, message, "write the value out in each place")
        if self._at_key():
            raise NoTreeError(problem)
        self._report(problem)
        path, key = self._place()
        self._add(Node(path, _span(event), key, "scalar", plain=True))

    def _key(self, event: yaml.ScalarEvent) -> None:
        parent = self._stack[-1]
        parent.name, parent.name_span = event.value, _span(event)
        first = parent.first_line.setdefault(event.value, _position(event).line)
        parent.repeated = event.value in parent.entries
        if parent.repeated:
            message = f"the key `{event.value}` stands here twice; the first is on line {first}"
            self._report(_problem("AG004", event, message, "keep one of the two"))

    def _open(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if self._at_key():
            hint = "put quotes around a value that begins with `{` or `[`"
            message = "a list or a mapping cannot be a key"
            raise NoTreeError(_problem("AG002", event, message, hint))
        self._check_tag(event)
        if len(self._stack) >= MAX_DEPTH:
            raise NoTreeError(_problem("AG003", event, _TOO_DEEP))
        path, key = self._place()
        kind: Literal["list", "map"] = "map"
        if isinstance(event, yaml.SequenceStartEvent):
            kind = "list"
        start = _span(event).start
        self._stack.append(_Open(path, start, key, kind, bool(event.flow_style), end=start))

    def _close(self, event: yaml.Event) -> None:
        done = self._stack.pop()
        # The end mark of a block stands behind the blank lines and comments that follow
        # it, so the end of its last value is taken.
        end = _span(event).end if done.flow else done.end
        node = Node(
            done.path,
            Span(done.start, end),
            done.key,
            done.kind,
            flow=done.flow,
            items=tuple(done.items),
            entries=done.entries,
        )
        self._add(node)

    def _at_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].kind == "map" and self._stack[-1].name is None

    def _place(self) -> tuple[Path, Span | None]:
        """The path and key of the value that comes next."""
        if not self._stack:
            return (), None
        parent = self._stack[-1]
        if parent.kind == "list":
            return (*parent.path, len(parent.items)), None
        return (*parent.path, parent.name or ""), parent.name_span

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        parent.end = max(parent.end, node.span.end, node.key.end if node.key else 0)
        if parent.kind == "list":
            parent.items.append(node)
            return
        if not parent.repeated and parent.name is not None:
            parent.entries[parent.name] = node
        parent.name = None

    def _check_tag(
        self, event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent
    ) -> None:
        if event.tag and event.tag != "!" and event.tag not in _CORE_TAGS:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"the tag `{shown}` is not read in a config"
            self._report(_problem("AG006", event, message, "remove the tag"))


def _span(event: yaml.Event) -> Span:
    start: Any = event.start_mark
    end: Any = event.end_mark
    return Span(start.index, end.index)


def _position(event: yaml.Event) -> Position:
    mark: Any = event.start_mark
    return Position(mark.line + 1, mark.column + 1)


def _problem(code: str, event: yaml.Event, message: str, hint: str | None = None) -> Problem:
    return fatal(code, message, _position(event), hint)


_BARE_BRACES = re.compile(r"[:,\[]\s*\$\{\w+\}")
"""`key: ${NAME}` without quotes, which is no YAML inside `{…}` or `[…]`."""


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = Position(mark.line + 1, mark.column + 1) if mark else None
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    if "nesting depth" in reason:
        # Looking for a colon, libyaml reads ahead; newer ones stop at a depth of a thousand.
        return fatal("AG003", _TOO_DEEP, position)
    hint = next((hint for part, hint in _SYNTAX_HINTS if part in reason), None)
    if mark and text[mark.index : mark.index + 1] == "\t":
        reason = "a tab where YAML takes only spaces"
        hint = "replace the tab by spaces"
    elif mark and any(map(_BARE_BRACES.search, text.splitlines()[mark.line : mark.line + 1])):
        hint = 'write "${NAME}" in quotes: bare braces end a list or mapping on one line'
    return fatal("AG002", f"not valid YAML: {reason.splitlines()[0]}", position, hint)
