"""Parsing: any JSON at all is a request or a refusal by path, never anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelserver.errors import InvalidRequest, RequestTooLarge
from modelserver.http.parse import parse_decide, parse_guard
from modelserver.requests import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS = st.sampled_from(
    [
        "messages",
        "tools",
        "texts",
        "guard",
        "threshold",
        "max_calls",
        "role",
        "content",
        "type",
        "text",
        "function",
        "name",
        "parameters",
        "properties",
        "required",
        "enum",
        "items",
        "anyOf",
        "default",
        "pattern",
        "description",
        "tool_calls",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=25,
)
MESSAGE = {"role": "user", "content": "x"}


def refusal(parse: Callable[[Any, Limits], object], body: Any) -> str | None:
    """The path a refusal names; None when there is none. Anything else is raised."""
    try:
        parse(body, Limits())
    except (InvalidRequest, RequestTooLarge) as refused:
        return refused.param or ""
    return None


@given(ANY_JSON)
def test_any_json_is_a_request_or_a_refusal(body: Any) -> None:
    """Nothing but a ServerError with a path ever comes out of parsing."""
    assert refusal(parse_decide, body) != ""
    assert refusal(parse_guard, body) != ""


@given(ANY_JSON)
def test_any_tool_is_a_tool_or_a_refusal(tool: Any) -> None:
    """Whatever stands in `tools`, a valid conversation does not make it crash."""
    path = refusal(parse_decide, {"messages": [MESSAGE], "tools": [tool]})
    assert path is None or path.startswith("tools")


def test_problems_are_bounded() -> None:
    """Two hundred mistakes give twenty problems, not an answer of a megabyte."""
    with pytest.raises(InvalidRequest) as refused:
        parse_guard({"texts": [None] * 200}, Limits())
    assert len(refused.value.problems) == 20


def test_content_parts_are_joined() -> None:
    """Text parts of a message are one text."""
    parts = [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]
    request = parse_decide({"messages": [{"role": "user", "content": parts}]}, Limits())
    assert request.turns[0].content == "a\nb"


def test_arguments_of_tool_calls_are_leaves() -> None:
    """Every text in a tool call is judged, and one nested past reading is refused."""
    calls: Any = [{"function": {"name": "n", "arguments": {"a": ["deep"]}}}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    request = parse_decide({"messages": [message]}, Limits())
    assert request.turns[0].leaves == ("n", "deep")
    for _ in range(20):
        calls = [calls]
    with pytest.raises(InvalidRequest, match="deeper"):
        parse_decide({"messages": [message | {"tool_calls": calls}]}, Limits())


def test_a_text_over_its_limit_is_named() -> None:
    """413 says which text is too long, and what the limit is."""
    with pytest.raises(RequestTooLarge, match=r"messages\.1\.content: 11 .* limit is 10"):
        parse_decide(
            {"messages": [MESSAGE, {"role": "user", "content": "x" * 11}]}, Limits(text_chars=10)
        )
