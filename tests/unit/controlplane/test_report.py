"""Problems as text, JSON, SARIF and GitHub annotations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controlplane import report
from controlplane.problem import Located, Position, Problem, Severity
from controlplane.reading.dialects import parse
from controlplane.reading.document import read
from controlplane.report import locate

FILE = Path("in.yaml")


def located(text: str) -> list[Located]:
    document, problems = read(text, {})
    if document is not None:
        problems = [*problems, *parse(document)[1]]
    return locate(FILE, text, document, problems)


def test_text_shows_line_caret_and_hint() -> None:
    """A problem is told with its place, its line, a caret under it, and a hint."""
    assert report.as_text(located("version: v0.1\nlistner: {port: 1}\n")) == (
        "in.yaml:2:1: error AG101 unknown key `listner` in the config\n"
        "    2 | listner: {port: 1}\n"
        "      | ^^^^^^^\n"
        "      = did you mean `listener`?\n"
        "1 error, 0 warnings\n"
    )


def test_clean_is_silent() -> None:
    """Without problems there is nothing to print."""
    assert report.as_text([]) == ""


def test_colour_only_when_asked() -> None:
    """Escape sequences appear on a terminal, nowhere else."""
    found = located("listner: 1")
    assert "\x1b[" in report.as_text(found, colour=True)
    assert "\x1b" not in report.as_text(found)


def test_json_has_the_promised_keys() -> None:
    """Each problem has code, severity, message, hint, file, line and column."""
    problems = json.loads(report.as_json(located("listener:\n  prot: 1\n")))["problems"]
    assert problems == [
        {
            "code": "AG101",
            "severity": "error",
            "message": "unknown key `prot` in `listener`",
            "hint": "did you mean `port`?",
            "file": "in.yaml",
            "line": 2,
            "column": 3,
        }
    ]
    assert json.loads(report.as_json([])) == {"problems": []}


def test_sarif_names_rule_and_region() -> None:
    """SARIF carries the rule's manual and the region of the problem."""
    log = json.loads(report.as_sarif(located("listener:\n  prot: 1\n")))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][0]["id"] == "AG101"
    assert run["tool"]["driver"]["rules"][0]["help"]["text"]
    result = run["results"][0]
    assert (result["ruleId"], result["level"]) == ("AG101", "error")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 3, "endColumn": 7}


def test_github_escapes_what_it_must() -> None:
    """An annotation is one line, whatever file and message hold."""
    problem = Problem("AG101", Severity.WARNING, (), "50% of\nit", "a, b")
    each = Located(problem, "dir,a:b.yaml", Position(3, 4), "", 1)
    assert report.as_github([each]) == (
        "::warning file=dir%2Ca%3Ab.yaml,line=3,col=4,title=AG101::50%25 of\\nit (a, b)\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "    access_key: canary-value",
        '    access-key: "canary-value"',
        "  - {name: x, access_key: canary-value, model: y}",
        "    api_key: 'canary-value'",
        "    acces_key: canary-value",
        "    base_url: https://canary-value@host/v1",
        "    name: sk-canary-value-of-a-key",
        "password: canary-value",
    ],
)
def test_keys_are_masked(line: str) -> None:
    """A line is shown without the keys in it, in its length."""
    shown = report.masked(line)
    assert "canary" not in shown
    assert len(shown) == len(line)


@pytest.mark.parametrize(
    "line", ["access_key: $OPENAI_API_KEY", "selector: {key: x-user}", "tokens: 100", "a: b"]
)
def test_other_lines_are_shown_as_they_are(line: str) -> None:
    """References and plain values are not masked."""
    assert report.masked(line) == line


def test_syntax_error_beside_a_key() -> None:
    """A key shows in no rendering, even when the file cannot be read at all."""
    text = "llm_providers:\n  - access_key: canary-value [\n     x: ]\n"
    for form in report.FORMATS.values():
        assert "canary" not in form(located(text))


def test_control_characters_are_escaped() -> None:
    """A file cannot make a terminal do anything."""
    text = report.as_text(located('"\\e]0;title\\a": 1\n"\\u202e": 2\n'))
    assert text.isprintable() or all(char.isprintable() or char == "\n" for char in text)


def test_caret_below_wide_characters() -> None:
    """Wide characters take two columns, so the caret moves with them."""
    text = report.as_text(located("llm_providers: [{name: 東京, modle: m}]"))
    line, caret = text.splitlines()[1:3]
    assert caret.index("^") == line.index("modle") + 2


def test_long_lines_are_cut() -> None:
    """Of a long line the part around the problem is shown."""
    text = "llm_providers: [{name: " + "a" * 300 + ", modle: m}]"
    line, caret = report.as_text(located(text)).splitlines()[1:3]
    assert len(line) < 140
    assert line[caret.index("^") :].startswith("modle")
