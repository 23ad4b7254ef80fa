"""Test files to cases; whatever is wrong with a file is told at once, with its place.

    config: arch_config.yaml            # relative to this file
    now: 2026-05-31                     # the day "tomorrow" is counted from
    acceptance: {pass_rate: 0.95, tags: {safety: 1.0}}
    tests:
      - id: forecast
        tags: [weather]
        client: web                     # who asks, where `auth` knows several
        messages: [Weather in Berlin, {assistant: For how many days?}, [next 3 days, 3 days please]]
        expect: {target: get_forecast, args: {city: Berlin, days: 3}}

A string is what the user says; a list of strings is one message in variants, a test for each. An
expectation is partial unless it says `exact: true`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from controlplane.problem import Problem, Severity
from controlplane.reading.document import Document, read, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from controlplane import model
    from controlplane.reading.yaml_tree import Node

_MOST: Final = 10_000
_ROLES: Final = ("user", "assistant", "system", "tool")
CODE: Final = "AT001"
"""Of every problem of a test file."""


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation, and what is expected of the decision on its last message."""

    id: str
    file: Path
    line: int
    tags: tuple[str, ...]
    messages: tuple[Mapping[str, str], ...]
    expect: Mapping[str, Any]
    """Of the keys in `EXPECTED`, those that were written."""
    place: model.Path = ()
    """Of the expectation in its file."""
    client: str | None = None
    """Who says it, as `auth` calls it."""

    @property
    def last(self) -> str:
        return self.messages[-1]["content"]


@dataclass(frozen=True, slots=True)
class Suite:
    file: Path
    config: Path | None
    today: str | None
    pass_rate: float
    """The share of cases that must pass."""
    tag_rates: Mapping[str, float]
    cases: tuple[Case, ...]
    document: Document | None = field(default=None, repr=False)
    """None for JSON lines."""

    @property
    def requests(self) -> list[dict[str, Any]]:
        """As `extproc.explain` takes them."""
        return [
            {"body": {"messages": [*each.messages]}, "today": self.today, "client": each.client}
            for each in self.cases
        ]


@dataclass(frozen=True, slots=True)
class ReadSuite:
    """`suite` is None where there are problems."""

    text: str | None
    document: Document | None
    suite: Suite | None
    problems: Sequence[Problem]


def read_suite(file: Path) -> ReadSuite:
    text, problem = read_text(file)
    if text is None:
        return ReadSuite(None, None, None, [problem] if problem else [])
    if file.suffix == ".jsonl":
        return _read_lines(file, text)
    document, problems = read(text, {})
    if document is None:
        return ReadSuite(text, None, None, problems)
    reader = _Reader(file, document)
    suite = reader.suite()
    return ReadSuite(text, document, None if reader.problems else suite, reader.problems)


class _Reader:
    def __init__(self, file: Path, document: Document) -> None:
        self._file = file
        self._document = document
        self.problems: list[Problem] = []

    def suite(self) -> Suite:
        root = self._document.root
        self._know(root, ("config", "now", "acceptance", "tests"))
        config, tests = root.child("config"), root.child("tests")
        if tests is None or tests.kind != "list" or not tests.items:
            self._wrong(tests or root, "expected `tests:` with a list of tests")
        accepted = root.child("acceptance")
        if accepted is not None:
            self._know(accepted, ("pass_rate", "tags"))
        rates = accepted.child("tags") if accepted else None
        return Suite(
            file=self._file,
            config=self._file.parent / config.text if config else None,
            today=self._today(root.child("now")),
            pass_rate=self._share(accepted.child("pass_rate") if accepted else None),
            tag_rates={
                tag: self._share(node) for tag, node in (rates.entries if rates else {}).items()
            },
            cases=tuple(self._cases(tests)) if tests else (),
            document=self._document,
        )

    def _cases(self, tests: Node) -> Iterator[Case]:
        seen: set[str] = set()
        for number, node in enumerate(tests.items, 1):
            if node.kind != "map":
                self._wrong(node, "a test has `messages:` and `expect:`")
                continue
            self._know(node, ("id", "tags", "client", "messages", "expect"))
            named = node.child("id")
            name = named.text if named else str(number)
            if name in seen:
                self._wrong(named or node, f"the id {name!r} is there twice")
            seen.add(name)
            yield from self._variants(node, name)

    def _variants(self, node: Node, name: str) -> Iterator[Case]:
        """A case for each choice of variants."""
        said, expect, tags, client = map(node.child, ("messages", "expect", "tags", "client"))
        turns = [self._turn(each) for each in said.items] if said and said.kind == "list" else []
        if not turns or not all(turns):
            self._wrong(said or node, "expected `messages:` with a list of what was said")
            return
        if expect is None or expect.kind != "map" or not expect.entries:
            self._wrong(expect or node, f"expected `expect:` with some of {', '.join(EXPECTED)}")
            return
        self._know(expect, tuple(EXPECTED))
        for key, value in expect.entries.items():
            if key in EXPECTED and not EXPECTED[key].fits(value.value):
                self._wrong(value, f"`{key}` is {EXPECTED[key].is_what}")
        variants = list(itertools.islice(itertools.product(*turns), _MOST))
        for number, messages in enumerate(variants, 1):
            yield Case(
                id=name if len(variants) == 1 else f"{name}[{number}]",
                file=self._file,
                line=self._document.position(node.path).line,
                tags=tuple(each.text for each in tags.items) if tags else (),
                messages=messages,
                expect={key: value.value for key, value in expect.entries.items()},
                place=expect.path,
                client=client.text if client else None,
            )

    def _turn(self, node: Node) -> list[Mapping[str, str]]:
        """The message, in each of its variants."""
        if node.kind == "scalar":
            return [{"role": "user", "content": node.text}]
        if node.kind == "list":
            return [message for each in node.items for message in self._turn(each)]
        if len(node.entries) == 1 and (role := next(iter(node.entries))) in _ROLES:
            return [{"role": role, "content": node.entries[role].text}]
        self._wrong(node, "a message is a text, or `assistant: text`")
        return []

    def _today(self, node: Node | None) -> str | None:
        if node is None:
            return None
        try:
            return dt.datetime.fromisoformat(node.text).date().isoformat()
        except ValueError:
            self._wrong(node, "`now` is a day such as 2026-05-31")
            return None

    def _share(self, node: Node | None) -> float:
        if node is None:
            return 1.0
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        self._wrong(node, "expected a share from 0 to 1")
        return 1.0

    def _know(self, node: Node, keys: tuple[str, ...]) -> None:
        for key, value in node.entries.items():
            if key not in keys:
                self._wrong(value, f"unknown key `{key}`; known: {', '.join(keys)}", on_key=True)

    def _wrong(self, node: Node, message: str, *, on_key: bool = False) -> None:
        self.problems.append(Problem(CODE, Severity.ERROR, node.path, message, on_key=on_key))


@dataclass(frozen=True, slots=True)
class _Key:
    is_what: str
    fits: Callable[[Any], bool]


def _is_calls(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and len(each) == 1 and isinstance(next(iter(each.values())), dict)
        for each in value
    )


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


EXPECTED: Final[Mapping[str, _Key]] = {
    "guard": _Key("pass or refuse", lambda value: value in ("pass", "refuse")),
    "target": _Key("a target's name, or null for none", lambda v: v is None or isinstance(v, str)),
    "args": _Key("the values of its parameters, by name", lambda value: isinstance(value, dict)),
    "calls": _Key("all calls in their order, each as `name: {its values}`", _is_calls),
    "missing": _Key("the parameters that are asked for", _is_names),
    "ask": _Key("words of the question", lambda value: isinstance(value, str)),
    "confirm": _Key("whether it is asked back", lambda value: isinstance(value, bool)),
    "exact": _Key("true or false", lambda value: isinstance(value, bool)),
}
"""What may be expected of a decision."""


def _read_lines(file: Path, text: str) -> ReadSuite:
    """OpenAI's messages: a last one with tool calls says what is expected; one without, no call."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            cases.append(_of_line(file, number, json.loads(line)))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            message = f"line {number}: expected an object with OpenAI's messages ({error})"
            problems.append(Problem(CODE, Severity.ERROR, (), message))
    suite = Suite(file, None, None, 1.0, {}, tuple(cases))
    return ReadSuite(text, None, None if problems else suite, problems)


def _of_line(file: Path, number: int, line: Mapping[str, Any]) -> Case:
    *said, last = line["messages"]
    if last["role"] != "assistant":
        raise ValueError("the last message is not the assistant's")
    messages = tuple({"role": str(each["role"]), "content": str(each["content"])} for each in said)
    if not messages:
        raise ValueError("nobody says anything")
    calls = [each["function"] for each in last.get("tool_calls") or ()]
    expect: dict[str, Any] = {"target": calls[0]["name"] if calls else None}
    if calls:
        given = calls[0]["arguments"]
        expect["args"] = json.loads(given) if isinstance(given, str) else given
    return Case(f"line {number}", file, number, (), messages, expect)
