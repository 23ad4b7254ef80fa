"""The error target: what it is told, what its answer becomes, and what happens without it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from extproc.clients import CallFailed, CallTimeout, HttpResponse, ModelsUnavailable
from extproc.contract import ApiEndpoint, Form
from extproc.events import Answer
from extproc.pipeline.error_target import header_text
from tests.fakes.model_server import Script
from tests.playbook import (
    ERRORS,
    FakeModels,
    Play,
    api,
    body,
    completion,
    guard,
    headers,
    parameter,
    play,
    prompt,
    refuses,
    says,
    settings,
    target,
)

SCRIPT = Script(calls={"go": [("t", {"id": "../x"}, [])]})
CONFIG = settings(target("t"), error_target=ERRORS)
CODE = {"x_function_error_code": "tool_error"}
FAILING = api({"why": "é"}, 404)


def failed(reply: Any, config: Any = CONFIG, app: Any = FAILING, **rest: Any) -> Play:
    return play(config, SCRIPT, says={"app": app, "errors": reply}) >> prompt("go", **rest)


def test_is_told_everything() -> None:
    """Code, type, message, target and time in headers, the conversation in the body."""
    played = failed(api({"ok": 1}))
    assert isinstance(played.outcome, Answer)
    _, told = played.endpoints.sent
    assert (told.method, told.path) == ("POST", "/error")
    assert told.headers["x-function-error-code"] == "tool_error"
    assert told.headers["x-arch-error-type"] == "FunctionCallError"
    message = told.headers["x-arch-error-message"]
    assert message.startswith("upstream application error host=app, path=/t, status=404, body=")
    assert told.headers["x-arch-target-prompt"] == "t"
    moment = dt.datetime.fromisoformat(told.headers["x-arch-error-timestamp"])
    assert abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(minutes=1)
    assert json.loads(told.body or b"") == {"messages": [{"role": "user", "content": "go"}]}
    assert told.headers["x-request-id"] == "r-1"
    assert all(value.isascii() and value.isprintable() for value in told.headers.values())


@pytest.mark.parametrize("form", [Form.JSON, Form.SSE])
@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (api({"sorry": "é"}, 201), '{"sorry": "\\u00e9"}'),
        (api(b"sorry", content_type="text/plain"), "sorry"),
        (api(b"<p>", content_type="text/html; charset=utf-8"), "<p>"),
        (api(b'data: {"choices":[{"delta":{"content":"Hm"}}]}\n\n', content_type="text/event-stream"), "Hm"),
    ],
)  # fmt: skip
def test_answer_is_what_the_assistant_says(form: Form, reply: HttpResponse, text: str) -> None:
    """Whatever the application sends, a chat client gets it as any answer, in the form it asked for."""
    failed(reply, stream=form is Form.SSE) << says(text, form=form, model="Arch-Function", **CODE)


def test_completion_from_it_is_repeated() -> None:
    """Under its own model, with every field where that can be."""
    played = failed(completion("Sorry.", usage={"total_tokens": 3})) << says(
        "Sorry.", model="app-1", **CODE
    )
    assert isinstance(played.outcome, Answer)
    assert json.loads(played.outcome.body)["usage"] == {"total_tokens": 3}
    failed(completion("Sorry."), stream=True) << says(
        "Sorry.", form=Form.SSE, model="app-1", **CODE
    )


@pytest.mark.parametrize(
    "reply",
    [api({}, 500), api({}, 404), api({}, 302), api(b"\xff"), CallFailed("x"), CallTimeout("x")],
    ids=lambda v: str(v)[:30],
)
def test_original_error_when_it_fails_too(reply: Any) -> None:
    """The client hears of its own error, not of the error target's."""
    failed(reply) << refuses(404, "tool_error", 'target=t, status=404, body={"why"')


def test_all_kinds_of_errors_go_there() -> None:
    """Time-outs, values, models and guards each under their code and type."""
    path = settings(
        target("t", parameter("id"), endpoint=ApiEndpoint("app", "/{id}", "GET")),
        error_target=ERRORS,
    )
    guarded = settings(target("t"), guards=(guard(),), error_target=ERRORS)
    told = {"errors": api({})}
    cases = [
        (failed(api({}), app=CallTimeout("x")), "x-function-error-code", "tool_timeout", "FunctionCallError"),
        (failed(api({}), config=path), "x-function-error-code", "invalid_arguments", "FunctionValidationError"),
        (play(CONFIG, models=FakeModels(error=ModelsUnavailable("x")), says=told) >> prompt("x"), "x-function-error-code", "intent_unavailable", "IntentError"),
        (play(guarded, models=FakeModels(error=ModelsUnavailable("x")), says=told) >> prompt("x"), "x-prompt-guard-error-code", "guard_unavailable", "PromptGuardError"),
    ]  # fmt: skip
    for played, header, code, kind in cases:
        assert isinstance(played.outcome, Answer), played.outcome
        told_headers = played.endpoints.sent[-1].headers
        assert told_headers[header] == code
        assert told_headers["x-arch-error-type"] == kind


def test_mistakes_of_the_client_stay_here() -> None:
    """A body that cannot be read is no business of the application's."""
    played = play(CONFIG, SCRIPT, says={"errors": api({})})
    played >> headers() >> body(b"{") << refuses(400, "invalid_json")
    assert not played.endpoints.sent


def test_always_carries_a_body() -> None:
    """A config with GET still gets the conversation, by POST; PUT stays PUT."""
    for method, sent in (("GET", "POST"), ("PUT", "PUT")):
        config = settings(target("t"), error_target=ApiEndpoint("errors", "/e", method))
        played = failed(api({}), config=config)
        assert isinstance(played.outcome, Answer)
        assert played.endpoints.sent[-1].method == sent


def test_header_text_is_one_safe_line() -> None:
    """Line ends, controls and other alphabets cannot make a header of their own."""
    assert header_text('a\r\nX-Evil: 1\t"b" {c}') == 'a X-Evil: 1 "b" {c}'
    assert header_text("é%\0") == "%C3%A9%25%00"
    assert len(header_text("x" * 9000)) == 512
