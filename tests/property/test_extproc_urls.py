"""`{param}`: whatever a conversation says, a call stays at its host and in its segment."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.errors import InvalidArguments
from extproc.pipeline import url
from tests.playbook import parameter

TEMPLATE = "/v1/cities/{city}/days/{days}?fixed=1&unit={unit}"
TRAPS = st.sampled_from(
    ["..", ".", "%2e%2e", "%2F", "/", "\\", "?", "#", ";", "@", ":", "//evil.example/", "\r\n",
     "\0", "%", "%00", "http://", " ", "é", "\u2215", "\uff0f", "\u202e", "{city}", "&a=b", "+"]
)  # fmt: skip
VALUES = (
    st.lists(TRAPS | st.text(max_size=8), max_size=6).map("".join) | st.integers() | st.booleans()
)


@settings(max_examples=10_000, deadline=None)
@given(VALUES, VALUES, VALUES)
@example("..", "..", "..")
@example("a/../../b", 1, 1)
def test_call_stays_where_the_template_says(city: Any, days: Any, unit: Any) -> None:
    """Scheme, host, number of segments, questions and fragments are the template's, always."""
    try:
        path = url.path(TEMPLATE, {"city": city, "days": days, "unit": unit}, "t")
    except InvalidArguments:
        return
    parts = urlsplit("http://internal" + path)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("http", "internal", "")
    assert path.isascii()
    assert path.isprintable()
    assert " " not in path
    segments = parts.path.split("/")
    assert [segments[1], segments[2], segments[4], len(segments)] == ["v1", "cities", "days", 6]
    assert path.count("?") == 1
    assert path.count("&") == 1
    # Nor for a server that decodes before it takes the path apart.
    decoded = unquote(parts.path)
    assert decoded.count("/") == 5
    assert not {".", "..", ""} & set(decoded.split("/")[1:])


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), VALUES | st.lists(VALUES, max_size=3), max_size=3))
def test_query_never_ends_the_url(arguments: dict[str, Any]) -> None:
    """However many values, one question mark, and each pair is one that was given."""
    parameters = tuple(parameter(name) for name in "abc")
    path = url.with_query("/p", parameters, arguments, frozenset())
    parts = urlsplit("http://internal" + path)
    assert (parts.netloc, parts.path, parts.fragment) == ("internal", "/p", "")
    assert path.isascii()
    assert path.isprintable()
    wanted = sum(len(v) if isinstance(v, list) else 1 for v in arguments.values())
    assert len([pair for pair in parts.query.split("&") if pair]) == wanted
