"""One call of Envoy's: the order of things, the path, the deadline."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from extproc.contract import HINT_HEADER, Models, Providers, dumps, loads
from extproc.events import Reject
from extproc.phases import PhaseError
from extproc.questions import Questions
from tests.fakes.model_server import Script
from tests.playbook import (
    FakeModels,
    api,
    body,
    chat,
    forwards,
    headers,
    play,
    proceeds,
    prompt,
    refuses,
    settings,
    target,
)

if TYPE_CHECKING:
    from extproc.clients import HttpCall, HttpResponse

CONFIG = settings(target("t"))
SCRIPT = Script(calls={"go": [("t", {}, [])]})


def test_headers_then_body() -> None:
    """Headers are let through, the body is decided, and that is the end."""
    played = play(CONFIG, SCRIPT) >> headers()
    played << proceeds()
    assert not played.done
    played >> body({"messages": [{"role": "user", "content": "hi"}]}) << forwards()
    assert played.done


def test_more_than_the_models_can_decide_are_refused_before_their_bodies_are_read() -> None:
    """Nobody is let in to wait behind a hundred, of whom one was answered so far."""
    played = play(CONFIG, SCRIPT)
    line = played.world.lines[CONFIG.model_server]
    with contextlib.ExitStack() as places:
        for _ in range(100):
            places.enter_context(line.place())
        time.sleep(0.05)
        line.answered()
        played >> headers() << refuses(503, "overloaded")
        assert played.done
        assert not played.models.asked
        assert 'code="overloaded"} 1.0' in played.metrics.text().decode()


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"path": "/v1/completions"}, 404, "not_found"),
        ({"path": "/v1/chat/completions/"}, 404, "not_found"),
        ({"method": "GET"}, 404, "not_found"),
    ],
)
def test_other_paths_are_not_found(more: dict[str, str], status: int, code: str) -> None:
    """Nothing but the prompt path is let through, whatever Envoy's routes say."""
    played = play(CONFIG, SCRIPT) >> headers(**more)
    played << refuses(status, code)
    assert played.done


@pytest.mark.parametrize("model", ["gpt-4", "", "--", "openai/gpt-4", "GPT-9", None, 7])
def test_models_that_are_served(model: object) -> None:
    """Names of the config, of their maker's models, and those that mean nothing pass."""
    config = settings(models=Models(("main", "gpt-4"), ("openai/gpt-4",), ("gpt-",)))
    play(config, SCRIPT) >> prompt(model=model) << forwards()


def test_an_unknown_model_is_refused_before_anything_is_called() -> None:
    """No API is called for a prompt that no LLM would answer; a hint says who would."""
    config = settings(target("t"), models=Models(("main", "gpt-4")))
    played = play(config, SCRIPT) >> prompt("go", model="gpt4")
    played << refuses(
        404, "model_not_found", 'the model "gpt4" does not exist here; known are main'
    )
    assert not played.endpoints.sent
    hinted = chat({"role": "user", "content": "hi"}, headers_={HINT_HEADER: "main"}, model="gpt4")
    play(config, SCRIPT) >> hinted << forwards()


def test_query_is_no_part_of_the_path() -> None:
    """A client may add one."""
    play(CONFIG, SCRIPT) >> headers(path="/v1/chat/completions?a=b") << proceeds()


def test_request_without_a_body_ends_at_once() -> None:
    """There will be no body to wait for."""
    played = play(CONFIG, SCRIPT) >> headers(end_of_stream=True)
    played << refuses(400, "invalid_request", "empty")
    assert played.done


def test_unexpected_order_is_an_error() -> None:
    """A body before its headers, or a second one, is no request."""
    request = body({"messages": [{"role": "user", "content": "hi"}]})
    with pytest.raises(PhaseError):
        play(CONFIG, SCRIPT) >> request
    with pytest.raises(PhaseError):
        play(CONFIG, SCRIPT) >> headers() << proceeds() >> headers()


def test_whole_decision_has_an_end() -> None:
    """Whatever hangs, the refusal is ours, before Envoy's."""
    hanging = FakeModels(delay=30)
    config = settings(target("t"), deadline=0.2)
    play(config, models=hanging) >> prompt("hi") << refuses(504, "upstream_timeout")


def test_a_body_above_the_limit_is_too_large() -> None:
    """Also by less than the room that Envoy's buffers have above it."""
    config = settings(target("t"), max_body=200)
    refused = refuses(413, "request_too_large", "at most 200 bytes", "overrides.max_body")
    played = play(config, SCRIPT) >> prompt("x" * 200) << refused
    assert not played.models.asked
    play(config, SCRIPT) >> prompt("x" * 20) << forwards()


def test_what_is_left_shrinks() -> None:
    """Each outside call gets what the ones before it have left."""
    seen: list[float] = []

    async def send(_socket: str, _call: HttpCall, seconds: float) -> HttpResponse:
        seen.append(seconds)
        await asyncio.sleep(0.05)
        return api({}, 500)

    played = play(settings(target("t"), error_target=target("e").endpoint, deadline=1.0), SCRIPT)
    played.endpoints.send = send  # type: ignore[assignment,method-assign]
    played >> prompt("go")
    assert isinstance(played.outcome, Reject)
    api_call, error_target = seen
    assert 0.5 < api_call <= 0.8
    assert api_call < 0.95
    assert error_target <= 0.9 * 0.96


def test_metrics_count_what_became_of_it() -> None:
    """One line for each outcome, none with a word of the prompt."""
    played = play(CONFIG, SCRIPT, says={"app": api({}, 500)}) >> prompt("go canary")
    played << refuses(502, "tool_error")
    text = played.metrics.text().decode()
    assert 'archgw_extproc_requests_total{outcome="failed"} 1.0' in text
    assert 'archgw_extproc_errors_total{code="tool_error"} 1.0' in text
    assert 'archgw_extproc_api_calls_total{status="5xx",upstream="app"} 1.0' in text
    assert 'archgw_extproc_intents_total{result="target"} 1.0' in text
    assert "canary" not in text


@pytest.mark.parametrize(("client", "called"), [("web", ["/t"]), ("webb", []), ("", [])])
def test_a_target_of_others_is_not_offered(client: str, called: list[str]) -> None:
    """Who may not ask for a target has the LLM alone, and a yes to its proposal means nothing."""
    config = settings(target("t", clients=("web",), confirm="always"))
    models = FakeModels(SCRIPT)
    proposed = Questions(config).propose([(config.targets[0], {})])
    asked = chat(
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": proposed},
        {"role": "user", "content": "yes"},
        headers_={"x_arch_client": client},
    )
    played = play(config, models=models, says={"app": api({"ok": 1})}) >> asked
    played << forwards()
    assert [call.path for call in played.endpoints.sent] == called
    tools = [each.tools for each in models.asked if hasattr(each, "tools")]
    assert all(len(each) == bool(called) for each in tools)


PROVIDERS = Providers(
    names=("house", "dear"),
    clients=(("house", ()), ("dear", ("web",))),
    models=(("gpt-dear", "dear"),),
    kinds=(),
    beginnings=(),
    others=None,
    default="house",
)


@pytest.mark.parametrize("asked", [{"model": "gpt-dear"}, {"x_gateway_hint": "dear"}])
@pytest.mark.parametrize(("client", "fine"), [("web", True), ("batch", False)])
def test_an_llm_of_others(asked: dict[str, str], client: str, *, fine: bool) -> None:
    """Who may not use the LLM is told before an API is called, and what APIs answer alone is let be."""
    said = {key: value for key, value in asked.items() if key == "model"}
    head = {"x_arch_client": client, **{k: v for k, v in asked.items() if k != "model"}}
    user = {"role": "user", "content": "go"}
    app = {"app": api({"ok": 1})}
    config = settings(target("t"), providers=PROVIDERS)
    config = loads(dumps(config))
    played = play(config, SCRIPT, says=app) >> chat(user, headers_=head, **said)
    played << (forwards() if fine else refuses(403, "provider_not_allowed"))
    assert len(played.endpoints.sent) == fine
    alone = settings(target("t", dispatch_to_llm=False), providers=PROVIDERS)
    played = play(alone, SCRIPT, says=app) >> chat(user, headers_=head, **said)
    assert played.outcome
    assert len(played.endpoints.sent) == 1
