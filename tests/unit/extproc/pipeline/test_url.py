"""Paths and queries of API calls: what is encoded, and what never gets that far."""

from __future__ import annotations

from typing import Any

import pytest

from extproc.errors import InvalidArguments
from extproc.pipeline import url
from tests.playbook import parameter

KEPT = [
    ("Lisbon", "Lisbon"),
    ("São Paulo", "S%C3%A3o%20Paulo"),
    ("a?b#c&d=e;f", "a%3Fb%23c%26d%3De%3Bf"),
    ("100%", "100%25"),
    ("v1.2", "v1.2"),
    ("...", "..."),
    (7, "7"),
    (1.5, "1.5"),
    (True, "true"),
    (False, "false"),
    (0, "0"),
]


@pytest.mark.parametrize(("value", "segment"), KEPT)
def test_values_are_encoded_whole(value: Any, segment: str) -> None:
    """A value stays in its segment, readable for any server."""
    assert url.path("/x/{id}/y", {"id": value}, "t") == f"/x/{segment}/y"


REFUSED = [
    "..", ".", " .. ", "", "  ", "../..", "a/b", "a\\b", "%2e%2e%2f", "%2F", "a\r\nb", "a\0b",
    "\x7f", "\u2028", "x" * 257, "é" * 129, [1], {"a": 1}, None,
]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=repr)
def test_what_could_leave_its_segment_is_refused(value: Any) -> None:
    """Dots, slashes, controls, nothing, too much, and what is no single value: 400, no call."""
    with pytest.raises(InvalidArguments) as caught:
        url.path("/x/{id}/y", {"id": value}, "t")
    assert caught.value.status == 400
    assert caught.value.message.startswith("error replacing params in path: ")
    assert caught.value.target_name == "t"


def test_v01_message_for_a_missing_value() -> None:
    """v0.1's clients look for these words."""
    with pytest.raises(InvalidArguments) as caught:
        url.path("/x/{id}", {}, "t")
    assert (
        caught.value.message == "error replacing params in path: Missing value for parameter `id`"
    )


def test_several_values_share_a_segment() -> None:
    """A template may put two values next to each other."""
    assert url.path("/x/{a}{b}", {"a": "1", "b": "2"}, "t") == "/x/12"


def test_template_with_a_query_keeps_it() -> None:
    """A query in the template stays, filled in or added to."""
    filled = url.path("/x?kind=a&id={id}", {"id": "1&2"}, "t")
    assert filled == "/x?kind=a&id=1%262"
    parameters = (parameter("id"), parameter("more"))
    used = url.names_in("/x?kind=a&id={id}")
    assert (
        url.with_query(filled, parameters, {"id": "1", "more": "ü"}, used)
        == filled + "&more=%C3%BC"
    )


def test_query_writes_every_type() -> None:
    """Lists repeat their name, objects are JSON, what was not given is not there."""
    parameters = tuple(parameter(name) for name in ("a", "b", "c", "d", "e e"))
    arguments = {"a": [1, "x y"], "b": {"k": 1}, "c": True, "e e": "="}
    assert url.with_query("/p", parameters, arguments, frozenset()) == (
        "/p?a=1&a=x%20y&b=%7B%22k%22%3A1%7D&c=true&e%20e=%3D"
    )
    assert url.with_query("/p", parameters, {}, frozenset()) == "/p"
    assert url.with_query("/p", parameters, {"zzz": 1}, frozenset()) == "/p"
