"""Test files to cases, or every problem with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.acceptance.cases import Suite, read_suite
from controlplane.report import locate

WHOLE = """\
config: conf/arch.yaml
now: 2026-05-31T08:00:00
acceptance: {pass_rate: 0.5, tags: {safety: 1.0}}
tests:
  - id: days
    tags: [weather, safety]
    messages: [Weather, {assistant: How long?}, [3 days, for 3 days]]
    expect: {target: forecast, args: {days: 3}}
  - messages: [hi]
    client: web
    expect: {target: null, guard: pass}
"""


def _suite(tmp_path: Path, text: str, name: str = "t.yaml") -> Suite:
    (tmp_path / name).write_text(text, "utf-8")
    suite = read_suite(tmp_path / name).suite
    assert suite
    return suite


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Turns, variants, tags, the frozen day, what must pass."""
    suite = _suite(tmp_path, WHOLE)
    assert suite.config == tmp_path / "conf/arch.yaml"
    assert (suite.today, suite.pass_rate, suite.tag_rates) == ("2026-05-31", 0.5, {"safety": 1.0})
    first, second, third = suite.cases
    assert [each.id for each in suite.cases] == ["days[1]", "days[2]", "2"]
    assert [each["role"] for each in first.messages] == ["user", "assistant", "user"]
    assert (first.last, second.last, first.line) == ("3 days", "for 3 days", 5)
    assert (first.tags, first.expect) == (
        ("weather", "safety"), {"target": "forecast", "args": {"days": 3}},
    )  # fmt: skip
    assert third.expect == {"target": None, "guard": "pass"}
    assert [each["client"] for each in suite.requests] == [None, None, "web"]


WRONG = [
    ("tests: []", "expected `tests:` with a list", "1:8"),
    ("nothing: 1\ntests: [{messages: [a], expect: {target: b}}]", "unknown key `nothing`", "1:1"),
    ("now: soon\ntests: [{messages: [a], expect: {target: b}}]", "`now` is a day", "1:6"),
    ("tests:\n  - hi", "a test has `messages:`", "2:5"),
    ("tests:\n  - {messages: [a], expect: {targets: b}}", "unknown key `targets`", "2:30"),
    ("tests:\n  - {messages: [a], expect: {guard: maybe}}", "`guard` is pass or refuse", "2:37"),
    ("tests:\n  - {messages: [a], expect: {missing: city}}", "`missing` is the", "2:39"),
    ("tests:\n  - {messages: [a]}", "expected `expect:`", "2:5"),
    ("tests:\n  - {expect: {target: b}}", "expected `messages:`", "2:5"),
    ("tests:\n  - {messages: [{robot: a}], expect: {target: b}}", "a message is a text", "2:17"),
    (
        "acceptance: {pass_rate: 95}\ntests: [{messages: [a], expect: {target: b}}]",
        "expected a share from 0 to 1",
        "1:25",
    ),
    (
        "tests: [{id: x, messages: [a], expect: {target: b}},\n{id: x, messages: [a], expect: {guard: pass}}]",
        "the id 'x' is there twice",
        "2:6",
    ),
]


@pytest.mark.parametrize(("text", "message", "place"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, message: str, place: str
) -> None:
    """A typing error in a test must not make it pass."""
    file = tmp_path / "t.yaml"
    file.write_text(text)
    read = read_suite(file)
    assert read.suite is None
    told = [
        (each.problem.message, f"{each.position.line}:{each.position.column}")
        for each in locate(file, read.text, read.document, read.problems)
    ]
    assert any(message in said and at == place for said, at in told), told


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Nobody mends a file by running it ten times."""
    (tmp_path / "t.yaml").write_text("no: 1\nnow: x\ntests:\n  - hi\n  - {messages: [a]}\n")
    assert len(read_suite(tmp_path / "t.yaml").problems) == 4


def test_lines_of_openai_messages_are_read(tmp_path: Path) -> None:
    """The last message says what is expected: a call with its arguments, or none."""
    call = '{"type": "function", "function": {"name": "book", "arguments": "{\\"city\\": \\"Rome\\"}"}}'
    suite = _suite(
        tmp_path,
        '{"messages": [{"role": "user", "content": "book Rome"},'
        f' {{"role": "assistant", "content": null, "tool_calls": [{call}]}}]}}\n\n'
        '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hi"}]}\n',
        "t.jsonl",
    )
    assert [each.expect for each in suite.cases] == [
        {"target": "book", "args": {"city": "Rome"}}, {"target": None},
    ]  # fmt: skip
    assert [each.line for each in suite.cases] == [1, 3]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"messages": []}', '{"messages": [{"role": "user"}]}']
)
def test_a_line_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    """By its number."""
    (tmp_path / "t.jsonl").write_text(line + "\n")
    [problem] = read_suite(tmp_path / "t.jsonl").problems
    assert "line 1" in problem.message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Without a traceback."""
    [problem] = read_suite(tmp_path / "none.yaml").problems
    assert "cannot read the file" in problem.message
