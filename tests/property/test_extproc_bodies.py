"""Bodies of every kind: read as every strict reader reads them, or refused, and never a crash."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from extproc.chat import strict_json, types
from extproc.errors import GatewayError
from extproc.pipeline import guard_texts
from tests.fakes.bodies import Choices
from tests.fakes.bodies import body as made_body

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(body: bytes) -> dict[str, Any] | None:
    try:
        return strict_json.loads(body)
    except GatewayError as error:
        check(error)
        return None


def check(error: GatewayError) -> None:
    assert 400 <= error.status < 500
    assert error.message.isprintable()


@settings(max_examples=3000, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"a":"\\ud83d\\ude00"}')
def test_bytes_are_an_object_or_refused(body: bytes) -> None:
    """Raw bytes never raise anything but a refusal."""
    read(body)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=300))
def test_nearly_valid_bodies_mean_one_thing(data: bytes) -> None:
    """What is accepted is what Python's reader sees, and stays that when written anew."""
    raw = made_body(Choices(data))
    found = read(raw)
    if found is None:
        return
    assert found == json.loads(raw.decode())
    written = strict_json.dumps(found)
    again = strict_json.loads(written)
    assert again == found
    assert strict_json.dumps(again) == written
    assert list(again) == list(found)


@settings(max_examples=3000, deadline=None)
@given(st.binary(max_size=300))
def test_requests_are_read_or_refused(data: bytes) -> None:
    """A request that is read has every text of its messages, and a guard sees the rest."""
    raw = made_body(Choices(data))
    try:
        request = types.read(raw, "application/json")
    except GatewayError as error:
        check(error)
        return
    assert len(request.messages) == len(request.body["messages"])
    for message in request.messages:
        content = message.raw.get("content")
        if isinstance(content, str):
            assert message.text == content


@settings(max_examples=1000, deadline=None)
@given(JSON_VALUES)
def test_no_string_escapes_the_guard(value: Any) -> None:
    """Wherever a text stands in a body, it is among what is judged."""
    needle = "needle in the haystack of a body"
    body = {"messages": [{"role": "user", "content": "hi"}], "extra": [value, {"deep": needle}]}
    texts = guard_texts.extra_texts(types.from_body(body), frozenset())
    assert needle in texts
    short = {"messages": [{"role": "user", "content": "hi"}], "extra": [value, "needle 7f"]}
    assert any(
        "needle 7f" in text for text in guard_texts.extra_texts(types.from_body(short), frozenset())
    )
