"""YAML → Document: what is refused, where things stand, what a scalar is."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.problem import Position, Problem, Severity
from controlplane.reading.document import read, read_text, variables
from controlplane.reading.yaml_tree import MAX_DEPTH


def refused(text: str) -> Problem:
    document, problems = read(text, {})
    assert document is None
    assert problems[-1].severity is Severity.ERROR
    return problems[-1]


def value_of(text: str) -> object:
    document, _ = read(f"key: {text}\n", {})
    assert document is not None
    node = document.node(("key",))
    assert node is not None
    return node.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("10", 10),
        ("0.5", 0.5),
        ('"10"', "10"),
        ("!!str 10", "10"),
        ("~", None),
        ("[1, no]", [1, "no"]),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_scalars_keep_what_was_written(written: str, value: object) -> None:
    """Only what YAML 1.2 calls a number or a truth value becomes one."""
    assert value_of(written) == value
    assert type(value_of(written)) is type(value)


def test_positions_of_keys_and_values() -> None:
    """Each path knows where its key and its value stand, counting from one."""
    text = "a:\n  - b: 東 # comment\n    c: {d: [1, 22]}\n"
    document, problems = read(text, {})
    assert document is not None
    assert problems == []
    assert document.position(("a",), on_key=True) == Position(1, 1)
    assert document.position(("a", 0, "b")) == Position(2, 8)
    assert document.position(("a", 0, "c", "d", 1)) == Position(3, 16)
    assert document.position(("a", 0, "c", "d"), on_key=True) == Position(3, 9)


def test_position_of_what_is_missing() -> None:
    """A missing key is shown at the mapping where it belongs."""
    document, _ = read("a:\n  b:\n    c: 1\n", {})
    assert document is not None
    assert document.position(("a", "b", "zzz")) == Position(2, 3)


def test_span_ends_before_comments() -> None:
    """A block ends with its last value, not with the comments and blank lines after it."""
    text = "a:\n  b: 1\n\n# about c\nc: 2\n"
    document, _ = read(text, {})
    assert document is not None
    span = document.span(("a",))
    assert text[span.start : span.end] == "b: 1"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: [", "AG002", 2),
        ("a: 1\n b: 2", "AG002", 2),
        ("? [a]\n: b", "AG002", 1),
        ("*a : 1", "AG005", 1),
        ("a: \x07", "AG002", 1),
        ("[" * (MAX_DEPTH + 1), "AG003", 1),
        ("a: " * 1000, "AG002", 1),
        ("", "AG007", 1),
        ("# only a comment", "AG007", 1),
        ("- a", "AG007", 1),
        ("a", "AG007", 1),
        ("a: 1\n---\nb: 2", "AG007", 2),
    ],
)
def test_refused_with_position(text: str, code: str, line: int) -> None:
    """What is no config gives one problem with its code and line."""
    problem = refused(text)
    assert problem.code == code
    assert problem.position is not None
    assert problem.position.line == line


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_quick(opening: str) -> None:
    """A megabyte of openings is refused by its depth, a thousand deep at the latest.

    Which opening is pointed at is the YAML library's: some versions read ahead and see it first.
    """
    problem = refused(opening * (1_000_000 // len(opening)))
    assert problem.code == "AG003"
    assert str(MAX_DEPTH) in problem.message
    assert problem.position is not None
    assert MAX_DEPTH * len(opening) < problem.position.column <= 1001 * len(opening)


def test_tab_is_named() -> None:
    """A tab in the indentation is called by its name."""
    problem = refused("a:\n\tb: 1\n")
    assert "tab" in problem.message
    assert problem.position == Position(2, 1)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", "AG004", Position(3, 1)),
        ("a: &x 1\nb: *x\n", "AG005", Position(2, 4)),
        ("a: !!python/name:os.system ''\n", "AG006", Position(1, 4)),
        ("a: !custom [1]\n", "AG006", Position(1, 4)),
    ],
)
def test_reported_but_read_on(text: str, code: str, place: Position) -> None:
    """Duplicates, aliases and tags are errors, but the rest is still read."""
    document, problems = read(text, {})
    assert document is not None
    assert [(problem.code, problem.position) for problem in problems] == [(code, place)]


def test_duplicate_key_names_the_first_line() -> None:
    """Of two equal keys the first is read, and the problem tells its line."""
    document, problems = read("x: 0\na: 1\na: 2\n", {})
    assert document is not None
    assert document.root.value == {"x": 0, "a": 1}
    assert "line 2" in problems[0].message


def test_alias_bomb_does_not_unfold() -> None:
    """Nine levels of nine aliases give problems, not hundreds of millions of values."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    document, problems = read("\n".join(lines), {})
    assert document is not None
    assert {problem.code for problem in problems} == {"AG005"}


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and a directory are told as such, with the code for `could not run`."""
    for path in (tmp_path / "none.yaml", tmp_path):
        text, problem = read_text(path)
        assert text is None
        assert problem is not None
        assert problem.code == "AG001"


def test_file_that_is_too_large(tmp_path: Path) -> None:
    """More than a megabyte is no config."""
    path = tmp_path / "in.yaml"
    path.write_text("a: 1\n" + "#\n" * 600_000)
    text, problem = read_text(path)
    assert text is None
    assert problem is not None
    assert problem.code == "AG003"


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is pointed at."""
    path = tmp_path / "in.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    _, problem = read_text(path)
    assert problem is not None
    assert problem.position == Position(2, 7)


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    """Files as Windows editors write them are read, with the right positions."""
    path = tmp_path / "in.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n")
    text, _ = read_text(path)
    document, problems = read(text or "", {})
    assert problems == []
    assert document is not None
    assert document.position(("b", "c")) == Position(3, 6)


def test_dot_env_fills_what_the_environment_lacks(tmp_path: Path) -> None:
    """The environment wins; empty counts as missing; quotes and comments are understood."""
    (tmp_path / ".env").write_text(
        "ONE=from file\nexport TWO='2' # why\nTHREE=\"a # b\"\nFOUR=4\n\nnot an assignment\n"
        'FIVE="a\\"b"\nSIX="two\nlines"\nSEVEN=$ONE-${TWO}\n'
    )
    found = variables(tmp_path / "in.yaml", {"ONE": "from env", "FOUR": ""})
    assert found == {
        "ONE": "from env",
        "TWO": "2",
        "THREE": "a # b",
        "FOUR": "4",
        "FIVE": 'a"b',
        "SIX": "two\nlines",
        "SEVEN": "$ONE-${TWO}",
    }


def test_dot_env_of_any_bytes(tmp_path: Path) -> None:
    """A file that is no `.env` file gives no variables, and no traceback."""
    (tmp_path / ".env").write_bytes(b"\xff\x00=\n'\"\nA='open\n")
    assert "A" not in variables(tmp_path / "in.yaml", {})


def test_document_shows_no_variables() -> None:
    """The environment is never printed with a document."""
    document, _ = read("a: b", {"KEY": "canary-value"})
    assert "canary-value" not in repr(document)


def test_bare_braces_of_a_variable() -> None:
    """`${NAME}` inside a mapping on one line is the easiest mistake to make; the hint knows it."""
    problem = refused("llm_providers: [{name: a, access_key: ${K}}]\n")
    assert problem.code == "AG002"
    assert '"${NAME}"' in str(problem.hint)
