"""Each rule has a manual whose wrong example fires it and whose right one does not."""

from __future__ import annotations

import importlib
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

from controlplane import lint
from controlplane.compile import check_text
from controlplane.lint.reader_manual import MANUALS
from controlplane.lint.rule import Rule

VARIABLES = {"K": "key", "K2": "another-key", "M": "third-key", "OPENAI_API_KEY": "key"}
WITHOUT_EXAMPLES = {"AG001", "AG003", "AG508"}

CONCERNS = [module.name for module in pkgutil.iter_modules(lint.__path__)]

MANUAL_OF = {code: lint.manual(code) for code in lint.codes()}


def example(code: str, heading: str) -> str:
    manual = MANUAL_OF[code]
    assert manual is not None
    match = re.search(rf"^{heading}:\n((?:    .*\n?|\n)+)", manual.text, re.MULTILINE)
    assert match is not None, f"{code} has no example under {heading}:"
    return textwrap.dedent(match[1])


def codes_of(text: str) -> set[str]:
    problems = check_text(text, Path("in.yaml"), VARIABLES).problems
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


def test_every_rule_runs() -> None:
    """A rule that is written and not named in `RULES` would be silent for ever."""
    modules = (importlib.import_module(f"{lint.__name__}.{name}") for name in CONCERNS)
    written = [each for module in modules for each in vars(module).values()]
    rules = [each for each in written if isinstance(each, Rule)]
    assert {rule.code for rule in rules} == {rule.code for rule in lint.RULES}
    assert len(rules) == len(lint.RULES)
