"""The intent stage: target, default target, or the LLM alone."""

from __future__ import annotations

import pytest

from extproc.clients import ModelsUnavailable, TooLong
from extproc.contract import ApiEndpoint
from extproc.events import Forward
from modelserver.schema import Call, DecideResponse, Evidence, Intent, Ranked
from tests.fakes.model_server import Script
from tests.playbook import (
    FakeModels,
    Fixed,
    api,
    chat,
    completion,
    forwards,
    guard,
    parameter,
    play,
    prompt,
    refuses,
    settings,
    target,
    told,
    turns,
)

ONE, TWO = target("one"), target("two")
REST = target("rest", default=True)
SCRIPT = Script(calls={"first": [("one", {}, [])], "both": [("one", {}, []), ("two", {}, [])]})
APP = {"app": api({"ok": 1})}


def test_match_calls_the_target() -> None:
    """The chosen target's API is called."""
    played = play(settings(ONE, TWO), SCRIPT, says=APP) >> prompt("first")
    played << forwards()
    assert [call.path for call in played.endpoints.sent] == ["/one"]


def test_no_match_goes_to_the_default_target() -> None:
    """The default target takes what fits no other."""
    played = play(settings(ONE, REST), SCRIPT, says={"app": completion("x")}) >> prompt("other")
    played << forwards()
    assert [call.path for call in played.endpoints.sent] == ["/rest"]


def test_no_match_and_no_default_goes_to_the_llm() -> None:
    """The prompt goes to the LLM as it is, with the global system prompt."""
    played = play(settings(ONE, system_prompt="Be kind."), SCRIPT) >> prompt("other")
    played << forwards(
        messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "other"}]
    )
    assert not played.endpoints.sent


def test_default_target_alone_asks_no_model() -> None:
    """There is nothing to choose between."""
    played = play(settings(REST), SCRIPT, says={"app": completion("x")}) >> prompt("anything")
    played << forwards()
    assert not played.models.asked


def test_default_target_is_no_choice_for_the_model() -> None:
    """The model chooses between the others; the default one is for what it does not choose."""
    played = play(settings(ONE, REST), SCRIPT, says={"app": completion("x")}) >> prompt("other")
    played << forwards()
    assert [tool["function"]["name"] for tool in played.models.asked[0].tools] == ["one"]


def test_threshold_and_bound_are_handed_on() -> None:
    """The config's threshold and the most calls go to the model server."""
    played = play(settings(ONE, intent_threshold=0.6, max_calls=2), SCRIPT) >> prompt("other")
    played << forwards()
    assert played.models.asked[0].threshold == 0.6
    assert played.models.asked[0].max_calls == 2
    assert 0 < played.models.asked[0].timeout_ms <= 3500


def test_long_document_is_no_hindrance_without_a_guard() -> None:
    """Of a text longer than the models read, its ends decide; the LLM gets all of it."""
    text = "first " + "x" * 300_000 + " last"
    played = play(settings(ONE), SCRIPT, says=APP) >> prompt(text)
    asked = played.models.asked[0].messages[0].content
    assert len(asked) < 33_000
    assert asked.startswith("first")
    assert asked.endswith("last")
    played << forwards()
    guarded = play(settings(ONE, guards=(guard(),)), SCRIPT, says=APP) >> prompt(text) << forwards()
    assert guarded.models.asked[0].messages[0].content == text


@pytest.mark.parametrize(
    ("method", "message", "called"),
    [
        ("POST", 0, ["/one"]),
        ("POST", 2, ["/one", "/two"]),
        ("GET", 0, ["/one", "/two"]),
    ],
)
def test_what_was_done_a_turn_ago_is_not_done_again(
    method: str, message: int, called: list[str]
) -> None:
    """A further target that acts needs a word for it in the last message; one that reads does not."""
    two = target("two", parameter("room"), endpoint=ApiEndpoint("app", "/two", method))
    said = {"room": Evidence(message, 0, 4, "room", 0.9)}
    calls = (Call("one", {}, ()), Call("two", {"room": "blue"}, (), said))
    models = Fixed(DecideResponse(None, Intent("one", 0.9, (), 0.5), calls))
    played = play(settings(ONE, two), models=models, says=APP)
    played >> chat(*turns("room blue", "Booked.", "room one?")) << forwards()
    assert [call.path.partition("?")[0] for call in played.endpoints.sent] == called


def test_the_best_target_acts_on_earlier_words() -> None:
    """What is wanted most may be said in earlier turns alone: "Yes, do it"."""
    two = target("two", parameter("room"))
    said = {"room": Evidence(0, 0, 4, "room", 0.9)}
    calls = (Call("two", {"room": "blue"}, (), said),)
    models = Fixed(DecideResponse(None, Intent("two", 0.9, (), 0.5), calls))
    played = play(settings(ONE, two), models=models, says=APP)
    played >> chat(*turns("room blue", "Shall I book it?", "Yes, do it")) << forwards()
    assert [call.path for call in played.endpoints.sent] == ["/two"]


def test_calls_are_bounded() -> None:
    """No more than `max_calls`, whatever the model says."""
    script = Script(calls={"many": [("one", {"n": n}, []) for n in range(9)]})
    config = settings(target("one", parameter("n", "integer")), max_calls=3)
    played = play(config, script, says=APP) >> prompt("many") << forwards()
    assert len(played.endpoints.sent) == 3


def test_name_nobody_declared_is_never_called() -> None:
    """A model that invents a target is an outage, not a call."""
    intent = Intent("invented", 0.9, (Ranked("invented", 0.9),), 0.5)
    models = Fixed(DecideResponse(None, intent, (Call("invented", {}, ()),)))
    played = play(settings(ONE), models=models, says=APP) >> prompt("x")
    played << refuses(503, "intent_unavailable")
    assert not played.endpoints.sent


def test_intent_without_a_call_is_a_call_without_arguments() -> None:
    """A model server that names the target but no arguments has still chosen."""
    models = Fixed(DecideResponse(None, Intent("one", 0.9, (), 0.5), ()))
    played = play(settings(ONE), models=models, says=APP) >> prompt("x")
    played << forwards()
    assert len(played.endpoints.sent) == 1


def test_calls_without_an_intent_are_ignored() -> None:
    """Below the threshold nothing is called."""
    models = Fixed(DecideResponse(None, Intent(None, 0.1, (), 0.5), (Call("one", {}, ()),)))
    played = play(settings(ONE), models=models, says=APP) >> prompt("x")
    played << forwards()
    assert not played.endpoints.sent


def test_model_server_down_without_guards() -> None:
    """No decision is a 503, not a guess."""
    (
        play(settings(ONE), models=FakeModels(error=ModelsUnavailable("x")))
        >> prompt("x")
        << refuses(503, "intent_unavailable")
    )
    (
        play(settings(ONE), models=FakeModels(error=TooLong()))
        >> prompt("x")
        << refuses(413, "prompt_too_long_for_guard")
    )


def test_debug_metadata_only_when_both_want_it() -> None:
    """Score and runner-up for a client who asks, if the config lets it."""
    allowed = settings(ONE, TWO, debug_headers=True)
    asked = {"x_gateway_debug": "true"}
    played = play(allowed, SCRIPT, says=APP) >> prompt("first", headers_=asked)
    metadata = told(played.outcome)
    assert metadata["x-arch-intent"] == "one"
    assert metadata["x-arch-intent-score"] == "0.9000"
    assert metadata["x-arch-intent-runner-up"] == "two"
    assert metadata["x-arch-intent-runner-up-score"] == "0.1000"
    for config, headers in ((settings(ONE, TWO), asked), (allowed, {})):
        played = play(config, SCRIPT, says=APP) >> prompt("other", headers_=headers)
        assert "x-arch-intent" not in told(played.outcome)


@pytest.mark.parametrize("wants", [{}, {"x_gateway_stream": "v0.1"}])
def test_debug_metadata_in_streams(wants: dict[str, str]) -> None:
    """In the first chunk, the gateway's or the LLM's, whichever form the client wants."""
    allowed = settings(ONE, debug_headers=True)
    asked = {"x_arch_debug": "TRUE", **wants}
    played = play(allowed, SCRIPT, says=APP) >> prompt("first", stream=True, headers_=asked)
    assert isinstance(played.outcome, Forward)
    found = played.outcome.events.partition("\n\n")[0] or played.outcome.members
    assert '"x-arch-intent":"one"' in found
    played = play(allowed, SCRIPT, says=APP) >> prompt("other", stream=True, headers_=asked)
    assert told(played.outcome)["x-arch-intent"] == ""


def test_guard_and_intent_are_one_question() -> None:
    """Guard, intent and parameters of a prompt cost one call."""
    config = settings(ONE, guards=(guard(),), guards_api_answers=False)
    played = play(config, SCRIPT, says=APP) >> prompt("first") << forwards()
    assert len(played.models.asked) == 1
