"""Values of a language model, made to fit their parameters or refused."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.values.fitting import fitting


@pytest.mark.parametrize(
    ("parameter", "value", "fitted"),
    [
        (Parameter("p"), "Rome", "Rome"),
        (Parameter("p"), 5, "5"),
        (Parameter("p"), "  ", None),
        (Parameter("p"), {"a": 1}, None),
        (Parameter("p"), None, None),
        (Parameter("p", enum=("a", "b")), "b", "b"),
        (Parameter("p", enum=("a", "b")), "c", None),
        (Parameter("p", pattern="^[A-Z]{3}$"), "LIS", "LIS"),
        (Parameter("p", pattern="^[A-Z]{3}$"), "Lisbon", None),
        (Parameter("p", "integer"), 5, 5),
        (Parameter("p", "integer"), "5", 5),
        (Parameter("p", "integer"), 5.0, 5),
        (Parameter("p", "integer"), 5.5, None),
        (Parameter("p", "integer"), True, None),
        (Parameter("p", "integer"), "many", None),
        (Parameter("p", "integer", minimum=1, maximum=9), 10, None),
        (Parameter("p", "integer", minimum=1, maximum=9), "9", 9),
        (Parameter("p", "number"), "1.5", 1.5),
        (Parameter("p", "number"), "nan", None),
        (Parameter("p", "number"), "1e999", None),
        (Parameter("p", "boolean"), "yes", True),
        (Parameter("p", "boolean"), "False", False),
        (Parameter("p", "boolean"), "maybe", None),
        (Parameter("p", "array"), ["a", "b"], ["a", "b"]),
        (Parameter("p", "array"), "a", ["a"]),
        (Parameter("p", "array", items="integer"), ["1", 2], [1, 2]),
        (Parameter("p", "array", items="integer"), ["1", "x"], None),
        (Parameter("p", "array", enum=("a",)), ["a", "b"], None),
        (Parameter("p", "array"), [], None),
        (Parameter("p", "object"), {"a": 1}, {"a": 1}),
        (Parameter("p", "object"), "a", None),
    ],
)
def test_values_fit_or_are_nothing(parameter: Parameter, value: Any, fitted: Any) -> None:
    """Types are mended where the meaning is plain; enum, bounds and pattern are kept."""
    found = fitting(parameter, value)
    assert (found, type(found)) == (fitted, type(fitted))
