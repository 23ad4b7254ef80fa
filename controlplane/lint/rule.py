"""What a rule is: a code, a severity, and a function whose docstring is its manual.

A docstring opens with one line that says what is wrong, then the reason, then an example
under `Wrong:` and the same mended under `Right:`. `archgw lint --explain CODE` prints it, and
the tests run both examples: the wrong one must fire this code, the right one must not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.problem import Problem, Severity

if TYPE_CHECKING:
    from controlplane.model import Config, Path


@dataclass(frozen=True, slots=True)
class Finding:
    path: Path
    message: str
    hint: str | None = None
    on_key: bool = False


Check = Callable[["Config"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Manual:
    """What `--explain` tells of a code."""

    code: str
    severity: Severity
    text: str

    @property
    def title(self) -> str:
        return self.text.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    severity: Severity
    check: Check

    @property
    def manual(self) -> Manual:
        return Manual(self.code, self.severity, inspect.getdoc(self.check) or "")

    def problems(self, config: Config) -> Iterator[Problem]:
        for found in self.check(config):
            yield Problem(
                self.code,
                self.severity,
                found.path,
                found.message,
                found.hint,
                on_key=found.on_key,
            )


def error(code: str) -> Callable[[Check], Rule]:
    return lambda check: Rule(code, Severity.ERROR, check)


def warning(code: str) -> Callable[[Check], Rule]:
    return lambda check: Rule(code, Severity.WARNING, check)
