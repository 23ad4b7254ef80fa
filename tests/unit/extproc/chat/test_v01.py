"""v0.1's streams, byte for byte."""

from __future__ import annotations

from extproc.chat import v01
from extproc.chat.answers import ToolCall

CALL = ToolCall("call_1234", "weather", {"city": "Évora", "days": 3}, '{"rain": "50%"}\n')
SECOND = ToolCall("call_2", "news", {}, "none", defaults=["page"])
CALLED = (
    'data: {"model":"Arch-Function-1.5B","choices":[{"delta":{"role":"assistant","tool_calls":'
    '[{"id":"call_1234","type":"function","function":{"name":"weather","arguments":'
    '{"city":"Évora","days":3}}}]},"finish_reason":null}]}\n\n'
    'data: {"model":"Arch-Function-1.5B","choices":[{"delta":{"role":"tool","content":'
    '"{\\"rain\\": \\"50%\\"}\\n"},"finish_reason":null}]}\n\n'
)
ROLE = 'data: {"model":"%s","choices":[{"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
TEXT = 'data: {"model":"%s","choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'


def test_calls_before_the_llms_chunks() -> None:
    """The call with its arguments as an object, then what the API said."""
    assert v01.prefix([CALL], {}) == CALLED


def test_several_calls() -> None:
    """All of them in one chunk, then a chunk for each answer."""
    events = v01.prefix([CALL, SECOND], {}).split("\n\n")
    assert len(events) == 4
    assert '"defaults":["page"]' in events[0]
    assert '"content":"none"' in events[2]


def test_answer_of_the_gateway() -> None:
    """Role, then text, and nothing after them."""
    name = "Arch-Function-1.5B"
    assert v01.stream("Hi", "Arch-Function", [], {}).decode() == ROLE % name + TEXT % name
    assert v01.stream("Hi", "app", [CALL], {}).decode() == CALLED + ROLE % "app" + TEXT % "app"


def test_metadata_only_for_who_asked() -> None:
    """What a client asked for is in the first chunk."""
    stream = v01.stream("Hi", "app", [], {"x-arch-intent": "w"}).decode()
    first = ROLE % "app"
    assert stream == first[:-3] + ',"metadata":{"x-arch-intent":"w"}}\n\n' + TEXT % "app"
