"""Each rule has a manual whose wrong example fires it and whose right one does not."""

from __future__ import annotations

import re
import textwrap

import pytest

from controlplane import lint
from controlplane.lint.reader_manual import MANUALS
from controlplane.reading.dialects import parse
from controlplane.reading.document import read

VARIABLES = {"K": "key", "K2": "another-key", "M": "third-key", "OPENAI_API_KEY": "key"}
WITHOUT_EXAMPLES = {"AG001", "AG003"}

MANUAL_OF = {code: lint.manual(code) for code in lint.codes()}


def example(code: str, heading: str) -> str:
    manual = MANUAL_OF[code]
    assert manual is not None
    match = re.search(rf"^{heading}:\n((?:    .*\n?|\n)+)", manual.text, re.MULTILINE)
    assert match is not None, f"{code} has no example under {heading}:"
    return textwrap.dedent(match[1])


def codes_of(text: str) -> set[str]:
    document, problems = read(text, "in.yaml", VARIABLES)
    if document is None:
        return {problem.code for problem in problems}
    config, parse_problems = parse(document)
    problems = [*problems, *parse_problems, *lint.run(document, config)]
    return {problem.code for problem in problems}


@pytest.mark.parametrize("code", [code for code in lint.codes() if code not in WITHOUT_EXAMPLES])
def test_wrong_example_fires(code: str) -> None:
    """The wrong example of each manual is found by the rule it belongs to."""
    assert code in codes_of(example(code, "Wrong"))


@pytest.mark.parametrize("code", [code for code in lint.codes() if code not in WITHOUT_EXAMPLES])
def test_right_example_is_silent(code: str) -> None:
    """The right example of each manual is not found by the rule it belongs to."""
    assert code not in codes_of(example(code, "Right"))


@pytest.mark.parametrize("code", lint.codes())
def test_manual_tells_the_reason(code: str) -> None:
    """Each manual opens with one sentence and says more than its title."""
    manual = MANUAL_OF[code]
    assert manual is not None
    title, _, rest = manual.text.partition("\n\n")
    assert title.endswith((".", ":"))
    assert "\n" not in title
    assert len(rest) > 40


def test_codes_are_unique() -> None:
    """No two rules share a code, so a code always means one thing."""
    codes = [*(manual.code for manual in MANUALS), *(rule.code for rule in lint.RULES)]
    assert len(codes) == len(set(codes))


def test_there_are_rules_enough() -> None:
    """The linter knows at least thirty rules beside what reading a file reports."""
    assert len(lint.RULES) >= 30
