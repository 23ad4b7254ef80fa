"""Expectations rewritten to what was decided; every other letter of the file stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controlplane.acceptance.cases import Suite
    from controlplane.acceptance.judging import Result

_WIDEST = 10_000


def updated(suite: Suite, results: Iterable[Result]) -> str | None:
    """The file's new text; None where there is nothing to change, or no way to (JSON lines)."""
    if suite.document is None:
        return None
    # Of a test in variants the first that failed says what is expected from now on.
    failed = {each.case.place: each for each in reversed(list(results)) if not each.passed}
    text = suite.document.text
    # From the end on, so that places before stay where they are.
    for place in sorted(failed, key=lambda each: -suite_span(suite, each)[0]):
        start, end = suite_span(suite, place)
        text = text[:start] + _written(_expectation(failed[place])) + text[end:]
    return text if failed else None


def suite_span(suite: Suite, place: Any) -> tuple[int, int]:
    assert suite.document is not None, "only YAML has places"
    span = suite.document.span(place)
    return span.start, span.end


def _expectation(result: Result) -> dict[str, Any]:
    """Of the keys that the test names, what is so; of another target all values that were said."""
    decided, expect = result.decided, result.case.expect
    said = {
        name: value for name, value in decided["args"].items() if name not in decided["defaults"]
    }
    known: Mapping[str, Any] = {**decided, "exact": expect.get("exact"), "args": said}
    return {key: known[key] for key in expect}


def _written(expectation: Mapping[str, Any]) -> str:
    return yaml.safe_dump(
        dict(expectation), default_flow_style=True, sort_keys=False, allow_unicode=True,
        width=_WIDEST,
    ).strip()  # fmt: skip
