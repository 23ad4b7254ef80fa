"""Calls of APIs: what goes out, what comes back, and every way it fails."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from structlog.testing import capture_logs

from extproc.clients import CallFailed, CallTimeout, HttpCall, HttpResponse
from extproc.contract import ApiEndpoint
from extproc.events import Reject
from tests.fakes.model_server import Script
from tests.playbook import (
    FakeEndpoints,
    api,
    forwards,
    parameter,
    play,
    prompt,
    refuses,
    settings,
    target,
)

CITY = parameter("city", required=True)
DAYS = parameter("days", "integer")
ARGUMENTS = {"city": "São Paulo", "days": 3}
SCRIPT = Script(
    calls={"go": [("t", ARGUMENTS, [])], "twice": [("t", ARGUMENTS, []), ("t", {"city": "B"}, [])]}
)


def made(call: ApiEndpoint, text: str = "go", **more: Any) -> list[HttpCall]:
    config = settings(target("t", CITY, DAYS, endpoint=call, **more))
    played = play(config, SCRIPT, says={"app": api({"ok": 1})})
    played >> prompt(text, headers_=HEADERS) << forwards()
    return played.endpoints.sent


HEADERS = {
    "x_request_id": "id-1", "traceparent": "00-1-2-01", "tracestate": "a=b", "cdn_loop": "archgw",
    "authorization": "Bearer secret", "cookie": "c=1", "x_api_key": "secret",
}  # fmt: skip


def test_post_carries_arguments_and_messages() -> None:
    """As v0.1: the arguments, and the conversation under `messages`."""
    (sent,) = made(ApiEndpoint("app", "/x", "POST"))
    assert (sent.method, sent.upstream, sent.path) == ("POST", "app", "/x")
    assert json.loads(sent.body or b"") == {
        **ARGUMENTS, "messages": [{"role": "user", "content": "go"}],
    }  # fmt: skip
    assert sent.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_get_carries_a_query(method: str) -> None:
    """No body; what is not in the path is in the query."""
    (sent,) = made(ApiEndpoint("app", "/x/{city}?v=1", method))
    assert sent.path == "/x/S%C3%A3o%20Paulo?v=1&days=3"
    assert sent.body is None
    assert "content-type" not in sent.headers


def test_put_fills_the_path_too() -> None:
    """A path parameter stands in the path and, as v0.1 had it, in the body."""
    (sent,) = made(ApiEndpoint("app", "/x/{city}", "PUT"))
    assert sent.path == "/x/S%C3%A3o%20Paulo"
    assert json.loads(sent.body or b"")["city"] == "São Paulo"


def test_headers_name_the_request_and_no_one_else() -> None:
    """Id, trace and way so far; nothing of the client's credentials."""
    (sent,) = made(ApiEndpoint("app", "/x", "POST"))
    assert sent.headers["x-request-id"] == "id-1"
    assert sent.headers["traceparent"] == "00-1-2-01"
    assert sent.headers["tracestate"] == "a=b"
    assert sent.headers["cdn-loop"] == "archgw"
    assert sent.headers["accept-encoding"] == "identity"
    assert not any("secret" in value or "c=1" in value for value in sent.headers.values())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_an_answer(status: int) -> None:
    """Also an empty one."""
    config = settings(target("t"))
    played = play(config, SCRIPT, says={"app": HttpResponse(status, "", b"")}) >> prompt("go")
    played << forwards()


FAILURES: list[tuple[Any, int, str, str]] = [
    (
        api({"detail": "no such city"}, 404),
        404,
        "tool_error",
        'status=404, body={"detail": "no such',
    ),
    (api({"detail": "slow down"}, 429), 429, "tool_error", "status=429"),
    (api({"trace": "password=hunter2"}, 500), 502, "tool_error", "status=500, body=[29 bytes]"),
    (api({}, 503), 503, "tool_error", "status=503"),
    (api({}, 504), 504, "tool_timeout", "status=504"),
    (api(b"", 302), 502, "tool_error", "status=302"),
    (api(b"\xff\xfe"), 502, "tool_error", "not UTF-8"),
    (CallFailed("answer is longer than 1048576 bytes"), 502, "tool_error", "longer than"),
    (CallTimeout("no answer in time"), 504, "tool_timeout", "no answer in time"),
]


@pytest.mark.parametrize(("said", "status", "code", "message"), FAILURES, ids=lambda v: str(v)[:30])
def test_failure_is_told(said: Any, status: int, code: str, message: str) -> None:
    """Target and status, and the body only when it speaks of what the user asked."""
    played = play(settings(target("t")), SCRIPT, says={"app": said}) >> prompt("go")
    played << refuses(status, code, "upstream application error target=t, ", message)
    assert "hunter2" not in str(played.outcome)
    assert "app" not in str(played.outcome).replace("application", "")


@pytest.mark.parametrize(("said", "status", "code", "message"), FAILURES, ids=lambda v: str(v)[:30])
def test_failure_is_told_in_v01_words(said: Any, status: int, code: str, message: str) -> None:
    """With `error_detail: full` host and path are told as by v0.1."""
    config = settings(target("t"), error_detail="full")
    played = play(config, SCRIPT, says={"app": said}) >> prompt("go")
    played << refuses(status, code, "upstream application error host=app, path=/t, ", message)


@pytest.mark.parametrize("said", [api({"who": "Maria Schmidt"}, 404), CallTimeout("too late")])
def test_failure_is_logged_whole_but_for_values(said: Any) -> None:
    """Where the call went and how it ended; of the body a digest, of the path what the config says."""
    api_ = ApiEndpoint("weather_host", "/of/{city}", "GET")
    config = settings(target("t", CITY, endpoint=api_))
    script = Script(calls={"go": [("t", {"city": "Maria Schmidt"}, [])]})
    with capture_logs() as logs:
        played = play(config, script, says={"weather_host": said}) >> prompt("go")
    assert isinstance(played.outcome, Reject)
    (line,) = [each for each in logs if each["event"].startswith("api.")]
    assert (line["target"], line["upstream"], line["method"]) == ("t", "weather_host", "GET")
    assert (line["path"], line["request_id"]) == ("/of/{city}", "r-1")
    assert line.get("status") == 404 or line["reason"] == "too late"
    assert "Schmidt" not in str(logs)


def test_headers_of_the_config_are_read_for_each_call(tmp_path: Path) -> None:
    """A key that changed goes along at once; one that is gone makes no call, and is not told."""
    file = tmp_path / "key"
    for value in ("Bearer one", "Bearer two"):
        file.write_text(value)
        (sent,) = made(ApiEndpoint("app", "/x", "GET", (("authorization", str(file)),)))
        assert sent.headers["authorization"] == value
    file.unlink()
    config = settings(
        target("t", CITY, DAYS, endpoint=ApiEndpoint("app", "/x", "GET", (("a", str(file)),)))
    )
    played = play(config, SCRIPT, says={"app": api({"ok": 1})})
    played >> prompt("go") << refuses(502, "tool_error", "a header of the API cannot be read")
    assert played.endpoints.sent == []


def test_long_error_is_cut() -> None:
    """An application's error page is not repeated whole."""
    played = play(settings(target("t")), SCRIPT, says={"app": api(b"x" * 5000, 400)}) >> prompt(
        "go"
    )
    played << refuses(400, "tool_error", "x" * 1024)
    assert "x" * 1025 not in played.outcome.error.message  # type: ignore[union-attr]


def test_bad_value_makes_no_call() -> None:
    """A value that could leave its place in the path is a 400 before any call."""
    script = Script(calls={"go": [("t", {"city": "../admin"}, [])]})
    config = settings(target("t", CITY, endpoint=ApiEndpoint("app", "/x/{city}", "GET")))
    played = play(config, script, says={"app": api({})}) >> prompt("go")
    played << refuses(400, "invalid_arguments", "error replacing params in path")
    assert not played.endpoints.sent


def test_results_of_several_calls_are_joined() -> None:
    """In the order they were asked for."""
    answers = iter([api("one"), api("two")])
    config = settings(target("t", CITY, DAYS))
    played = play(config, SCRIPT, says={"app": lambda _call: next(answers)}) >> prompt("twice")
    played << forwards(messages=[{"role": "user", "content": 'twice\ncontext: "one"\n"two"'}])


class Slow(FakeEndpoints):
    """Remembers how many calls were under way at once."""

    def __init__(self) -> None:
        super().__init__({"app": api({})})
        self.active = self.most = 0

    async def send(self, socket: str, call: HttpCall, seconds: float) -> HttpResponse:
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(0.01)
        self.active -= 1
        return await super().send(socket, call, seconds)


@pytest.mark.parametrize(("method", "at_once"), [("GET", 2), ("POST", 1)])
def test_only_reading_runs_side_by_side(method: str, at_once: int) -> None:
    """What changes something happens in the order the user asked for."""
    played = play(
        settings(target("t", CITY, DAYS, endpoint=ApiEndpoint("app", "/x", method))), SCRIPT
    )
    slow = Slow()
    played._session._world = replace(played._session._world, endpoints=slow)
    played >> prompt("twice") << forwards(messages=ANY)
    assert slow.most == at_once


def test_failure_ends_the_rest() -> None:
    """After a failed change the next one is not made."""
    config = settings(target("t", CITY, DAYS))
    played = play(config, SCRIPT, says={"app": api({}, 409)}) >> prompt("twice")
    played << refuses(409, "tool_error")
    assert len(played.endpoints.sent) == 1


def test_target_without_an_endpoint_calls_nothing() -> None:
    """Its system prompt is all it adds."""
    config = settings(
        target("t", endpoint=None, system_prompt="As a poet."), system_prompt="Global."
    )
    played = play(config, SCRIPT) >> prompt("go")
    played << forwards(
        messages=[{"role": "system", "content": "As a poet."}, {"role": "user", "content": "go"}]
    )


def test_nul_in_an_answer_is_replaced() -> None:
    """What no reader takes does not travel on."""
    played = play(settings(target("t")), SCRIPT, says={"app": api(b"a\0b")}) >> prompt("go")
    played << forwards(messages=[{"role": "user", "content": "go\ncontext: a\ufffdb"}])
