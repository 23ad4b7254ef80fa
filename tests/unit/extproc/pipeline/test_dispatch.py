"""The last stage: the body the LLM gets, and answers that go straight to the client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extproc.contract import ApiEndpoint, Form
from extproc.events import Answer, Forward
from tests.fakes.model_server import Script
from tests.playbook import (
    api,
    chat,
    completion,
    events,
    forwards,
    play,
    prompt,
    says,
    settings,
    spoken_by,
    target,
    told,
)

SCRIPT = Script(calls={"go": [("t", {}, [])], "both": [("t", {}, []), ("u", {}, [])]})
USER = {"role": "user", "content": "go"}
RAIN = {"app": api({"rain": 1})}
CONTEXT = 'go\ncontext: {"rain": 1}'
CALL = {"id": "call_1", "type": "function", "function": {"name": "t", "arguments": {}}}
TARGET = settings(target("t"))


def sent(*messages: dict[str, Any], config: Any = TARGET, says_: Any = RAIN, **rest: Any) -> Any:
    played = play(config, SCRIPT, says=says_) >> chat(*messages, **rest)
    assert isinstance(played.outcome, Forward)
    return json.loads(played.outcome.body)


def test_every_other_field_stays_in_its_place() -> None:
    """Unknown fields reach the LLM unchanged and in order."""
    body = sent(
        USER, zeta=[1, {"b": 1, "a": 2}], temperature=0.5, stream=False, model="m", alpha=None
    )
    assert list(body) == ["messages", "zeta", "temperature", "stream", "model", "alpha"]
    assert body["zeta"] == [1, {"b": 1, "a": 2}]


def test_context_goes_to_the_last_user_message() -> None:
    """Wherever it stands, in v0.1's words."""
    reads = settings(target("t", endpoint=ApiEndpoint("app", "/t", "GET")))
    talk = ({"role": "user", "content": "before"}, {"role": "assistant", "content": "ok"}, USER,
            {"role": "assistant", "content": "Well,"})  # fmt: skip
    messages = sent(*talk, config=reads)["messages"]
    assert [m["content"] for m in messages] == ["before", "ok", CONTEXT, "Well,"]


def test_context_joins_parts_as_a_part() -> None:
    """A message of parts gains one; an image beside it stays."""
    image = {"type": "image_url", "image_url": {"url": "x"}}
    parts = [{"type": "text", "text": "go"}, image]
    messages = sent({"role": "user", "content": parts, "name": "ann"})["messages"]
    assert messages[0] == {
        "role": "user", "name": "ann",
        "content": [*parts, {"type": "text", "text": '\ncontext: {"rain": 1}'}],
    }  # fmt: skip


def test_context_without_a_user_message_is_one() -> None:
    """A transcript that only has a system prompt still gets its context."""
    rest = target("rest", default=True)
    body = sent(
        {"role": "system", "content": "s"}, config=settings(rest), says_={"app": completion("c")}
    )
    assert body["messages"][-1] == {"role": "user", "content": "context: c"}


def test_tool_messages_go_when_an_api_was_called() -> None:
    """v0.1's rule; what an assistant said beside its call stays."""
    messages = sent(
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "x"},
        {"role": "assistant", "content": "I looked.", "tool_calls": [CALL]},
        USER,
    )["messages"]
    assert messages == [
        {"role": "assistant", "content": "I looked."},
        {"role": "user", "content": CONTEXT},
    ]


def test_clients_own_tools_stay_otherwise() -> None:
    """A client that uses tools with the LLM keeps its tool messages; ours, echoed, go."""
    own = [
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": "own"}]},
        {"role": "tool", "tool_call_id": "own", "content": "x"},
    ]
    echoed = [
        {"role": "assistant", "model": "Arch-Function-1.5B", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "y"},
    ]
    user = {"role": "user", "content": "other"}
    assert sent(*own, *echoed, user)["messages"] == [*own, user]


def test_targets_prompt_before_the_global_one() -> None:
    """The target's own system prompt leads, else the global one; a client's stays behind it."""
    both = settings(target("t", system_prompt="As a poet."), system_prompt="Global.")
    client = {"role": "system", "content": "mine"}
    contents = [m["content"] for m in sent(client, USER, config=both)["messages"]]
    assert contents == ["As a poet.", "mine", CONTEXT]
    contents = [
        m["content"] for m in sent({"role": "user", "content": "x"}, config=both)["messages"]
    ]
    assert contents == ["Global.", "x"]
    again = sent(
        {"role": "system", "content": "Global."}, {"role": "user", "content": "x"}, config=both
    )
    assert [m["content"] for m in again["messages"]] == ["Global.", "x"]


STATES: list[Any] = [
    json.dumps({"messages": json.dumps([{"role": "assistant"}])}),
    json.dumps([[{"key": "k", "message": None, "tool_call": {}, "tool_response": "r"}]]),
    "junk", "", 7, None, [1], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=repr)
def test_state_sent_back_is_ignored(state: Any) -> None:
    """Both shapes and any junk: no crash, no trust, not passed on; other metadata stays."""
    body = sent({"role": "user", "content": "other"}, metadata={"x-arch-state": state, "mine": "1"})
    assert body["metadata"] == {"mine": "1"}
    body = sent({"role": "user", "content": "other"}, metadata={"x-arch-state": state})
    assert "metadata" not in body


V01 = settings(target("t"), stream_format="v0.1")
WANTS_V01 = {"x_gateway_stream": "v0.1"}


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_called_is_metadata(stream: bool) -> None:
    """In JSON and in a stream alike; nothing when no API was called."""
    played = play(TARGET, SCRIPT, says=RAIN) >> prompt("go", stream=stream)
    assert set(told(played.outcome)) == {"x-arch-state"}
    none = play(TARGET, SCRIPT, says=RAIN) >> prompt("other", stream=stream)
    assert told(none.outcome) == {}


@pytest.mark.parametrize(
    ("config", "headers", "v01"),
    [
        (TARGET, {}, False),
        (V01, {}, True),
        (TARGET, WANTS_V01, True),
        (TARGET, {"x_arch_stream": "V0.1"}, True),
        (V01, {"x_gateway_stream": "openai"}, False),
        (V01, {"x_gateway_stream": "v0.2"}, True),
        (TARGET, {"x_gateway_stream": "v0.2"}, False),
    ],
)
def test_v01s_form_is_for_who_wants_it(config: Any, headers: dict[str, str], v01: bool) -> None:
    """The config says so or the request's header, which has the last word: chunks before a
    stream, and in JSON an object for arguments.
    """
    played = play(config, SCRIPT, says=RAIN) >> prompt("go", stream=True, headers_=headers)
    assert isinstance(played.outcome, Forward)
    assert bool(played.outcome.events) is v01
    assert bool(played.outcome.members) is not v01
    whole = play(config, SCRIPT, says=RAIN) >> prompt("go", headers_=headers)
    state = json.loads(json.loads(told(whole.outcome)["x-arch-state"])["messages"])
    arguments = state[0]["tool_calls"][0]["function"]["arguments"]
    assert isinstance(arguments, dict if v01 else str)


def test_answers_of_the_gateway_in_v01s_form() -> None:
    """An API's answer is told in v0.1's chunks, without an end of their own."""
    played = play(DIRECT, SCRIPT, says={"app": api(b"It rains.", content_type="text/plain")})
    played >> prompt("go", stream=True, headers_=WANTS_V01)
    assert isinstance(played.outcome, Answer)
    called, gave, *said = played.outcome.body.split(b"\n\n")
    assert b'"tool_calls":[{' in called
    assert b'"role":"tool","content":"It rains."' in gave
    assert [b'"role":"assistant"' in said[0], b'"content":"It rains."' in said[1]] == [True, True]
    assert said[2:] == [b""]


DIRECT = settings(target("t", dispatch_to_llm=False), target("u", dispatch_to_llm=False))


@pytest.mark.parametrize("form", [Form.JSON, Form.SSE])
def test_direct_answer_is_the_apis(form: Form) -> None:
    """`auto_llm_dispatch_on_response: false`: the API's body is what the assistant says."""
    played = play(DIRECT, SCRIPT, says={"app": api(b"It rains.", content_type="text/plain")})
    played >> prompt("go", stream=form is Form.SSE) << says("It rains.", form=form)
    assert isinstance(played.outcome, Answer)
    body = played.outcome.body
    first = events(body)[0] if form is Form.SSE else json.loads(body)
    state = json.loads(json.loads(first["metadata"]["x-arch-state"])["messages"])
    assert state[1]["content"] == "It rains."
    assert state[1]["tool_call_id"] == state[0]["tool_calls"][0]["id"]


def test_direct_completion_passes_as_it_is() -> None:
    """An API that answers a completion is repeated whole, with our state beside it."""
    played = play(DIRECT, SCRIPT, says={"app": completion("Hi.", usage={"total_tokens": 3})})
    played >> prompt("go") << says("Hi.", model="app-1")
    assert isinstance(played.outcome, Answer)
    body = json.loads(played.outcome.body)
    assert body["usage"] == {"total_tokens": 3}
    assert "x-arch-state" in body["metadata"]


def test_direct_completion_is_streamed_when_asked() -> None:
    """In chunks, under the application's own model."""
    played = play(DIRECT, SCRIPT, says={"app": completion("Hi.")}) >> prompt("go", stream=True)
    played << says("Hi.", form=Form.SSE, model="app-1")


def test_several_direct_answers_are_joined() -> None:
    """One message with all of them."""
    played = play(DIRECT, SCRIPT, says={"app": api(b"One.", content_type="text/plain")})
    played >> prompt("both") << says("One.\nOne.")


def test_one_that_wants_the_llm_is_enough() -> None:
    """When the targets disagree, the LLM puts the answers together."""
    mixed = settings(target("t", dispatch_to_llm=False), target("u"))
    play(mixed, SCRIPT, says=RAIN) >> prompt("both") << forwards()


REST = settings(target("rest", default=True, system_prompt="Use it."))
QUIET = settings(target("rest", default=True, dispatch_to_llm=False))


def test_default_target_gets_the_messages_alone() -> None:
    """POST {"messages"}, and what its completion says is the context."""
    played = play(REST, says={"app": completion("the summary")}) >> prompt("sum up")
    played << forwards(
        messages=[
            {"role": "system", "content": "Use it."},
            {"role": "user", "content": "sum up\ncontext: the summary"},
        ]
    )
    assert json.loads(played.endpoints.sent[0].body or b"") == {
        "messages": [{"role": "user", "content": "sum up"}]
    }
    assert told(played.outcome) == {}


def test_default_target_may_answer_anything() -> None:
    """What is no completion is context as it is."""
    for reply, context in (
        (api({"a": 1}), '{"a": 1}'),
        (api(b"text", content_type="text/plain"), "text"),
    ):
        played = play(REST, says={"app": reply}) >> prompt("x")
        assert isinstance(played.outcome, Forward)
        last = json.loads(played.outcome.body)["messages"][-1]["content"]
        assert last == f"x\ncontext: {context}"


@pytest.mark.parametrize("form", [Form.JSON, Form.SSE])
def test_default_target_answers_for_itself(form: Form) -> None:
    """Not dispatched, its completion is the client's, under its own model, with no tool shown."""
    played = play(QUIET, says={"app": completion("I did it.", "my-app")})
    played >> prompt("x", stream=form is Form.SSE) << says("I did it.", form=form, model="my-app")
    assert isinstance(played.outcome, Answer)
    assert b"tool" not in played.outcome.body
    assert b"x-arch-state" not in played.outcome.body


def test_default_target_that_streams() -> None:
    """A stream from the application is read whole, and answered in the form asked for."""
    chunk = {"model": "s", "choices": [{"delta": {"content": "Hello"}}]}
    body = b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n"
    reply = api(body, content_type="text/event-stream; charset=utf-8")
    for form in (Form.JSON, Form.SSE):
        played = play(QUIET, says={"app": reply}) >> prompt("x", stream=form is Form.SSE)
        played << says("Hello", form=form, model="s")
    broken = api(b"data: nonsense\n\n", content_type="text/event-stream")
    played = play(QUIET, says={"app": broken}) >> prompt("x")
    assert isinstance(played.outcome, Answer)
    assert spoken_by(played.outcome)[0] == "data: nonsense\n\n"
