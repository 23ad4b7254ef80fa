"""Function calling by an OpenAI-compatible server, and the local models behind it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from modelserver.http.parse import parse_decide
from modelserver.remote import (
    FAILURES_TO_OPEN,
    OPEN_SECONDS,
    RemoteFailed,
    RemoteFunctions,
    arch_messages,
)
from modelserver.requests import Decide, Limits
from modelserver.settings import Remote, Secret
from tests.unit.modelserver.tiny import WEATHER, tiny_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class FakeLlm:
    """Answers every chat completion with what the test put here, and remembers the request."""

    def __init__(self) -> None:
        self.message: Any = {"role": "assistant", "content": "hm"}
        self.status = 200
        self.delay = 0.0
        self.requests: list[tuple[dict[str, Any], str]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((await request.json(), request.headers.get("Authorization", "")))
        await asyncio.sleep(self.delay)
        if isinstance(self.message, bytes):
            return web.Response(body=self.message, status=self.status)
        body = {"choices": [{"index": 0, "message": self.message}]}
        return web.json_response(body, status=self.status)

    def calls(self, name: str, arguments: Any) -> None:
        function = {"name": name, "arguments": arguments}
        self.message = {"content": None, "tool_calls": [{"type": "function", "function": function}]}


@pytest.fixture
async def llm() -> AsyncIterator[FakeLlm]:
    fake = FakeLlm()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield fake
    await runner.cleanup()


def question(text: str = "weather in rome") -> Decide:
    message = {"role": "user", "content": text, "guard": True, "ours": False}
    return parse_decide({"messages": [message], "tools": [WEATHER]}, Limits())


async def asked(settings: Remote, request: Decide | None = None) -> Any:
    remote = RemoteFunctions(settings)
    await remote.start()
    try:
        return await remote.calls(request or question())
    finally:
        await remote.close()


async def test_tools_format(llm: FakeLlm) -> None:
    """Tools go as tools, with the key as bearer and without our marks; arguments come parsed."""
    llm.calls("get_weather", '{"city": "Rome", "unit": "celsius"}')
    calls = await asked(Remote(llm.url, "m", access_key=Secret("s3cret")))
    body, authorization = llm.requests[0]
    assert authorization == "Bearer s3cret"
    assert body["tools"] == [WEATHER]
    assert body["messages"] == [{"role": "user", "content": "weather in rome"}]
    assert (calls[0].name, calls[0].arguments) == (
        "get_weather",
        {"city": "Rome", "unit": "celsius"},
    )
    assert calls[0].missing == ()


async def test_arch_format(llm: FakeLlm) -> None:
    """Tools go into the system prompt; calls are read from <tool_call> tags, several of them."""
    one = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
    llm.message = {"content": one + "\n" + one.replace("Rome", "Oslo")}
    calls = await asked(Remote(llm.url, "Arch-Function-1.5B", "arch"))
    body, _ = llm.requests[0]
    assert "tools" not in body
    assert "<tools>\n" + json.dumps(WEATHER) in body["messages"][0]["content"]
    assert [call.arguments["city"] for call in calls] == ["Rome", "Oslo"]


def test_arch_history_is_text() -> None:
    """Earlier calls and their results are tags in the conversation, as the model was trained."""
    history = [
        {"role": "user", "content": "weather in Rome"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "function": {"name": "get_weather", "arguments": {"city": "Rome"}}}]},
        {"role": "tool", "content": "sunny", "tool_call_id": "1"},
    ]  # fmt: skip
    messages = arch_messages(history, [])
    assert messages[2] == {
        "role": "assistant",
        "content": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>',
    }
    assert messages[3] == {"role": "user", "content": '<tool_response>\n"sunny"\n</tool_response>'}


async def test_only_what_was_described_comes_through(llm: FakeLlm) -> None:
    """Unknown tools and parameters, and values outside an enum, are dropped; missing is noticed."""
    llm.calls("get_weather", {"planet": "Mars", "unit": "kelvin"})
    calls = await asked(Remote(llm.url, "m"))
    assert (calls[0].arguments, calls[0].missing) == ({}, ("city",))
    llm.calls("rm_rf", {"path": "/"})
    assert await asked(Remote(llm.url, "m")) == ()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, {"content": ""}),
        (302, {"content": ""}),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"x" * (2 * 1024 * 1024)),
        (200, {"tool_calls": "all of them"}),
        (200, {"tool_calls": [{"function": {"name": "get_weather", "arguments": "{"}}]}),
        (200, {"tool_calls": [{"function": {"name": "get_weather", "arguments": "[1]"}}]}),
        (200, {"tool_calls": [{"function": {"arguments": "{}"}}]}),
    ],
)
async def test_a_server_that_answers_badly_has_failed(
    llm: FakeLlm, status: int, message: Any
) -> None:
    """Errors, redirects, pages, floods and broken calls are failures, in words without content."""
    llm.status, llm.message = status, message
    with pytest.raises(RemoteFailed):
        await asked(Remote(llm.url, "m"))


async def test_a_server_that_is_not_there_has_failed() -> None:
    """A refused connection is a failure like any other."""
    with pytest.raises(RemoteFailed):
        await asked(Remote("http://127.0.0.1:1/v1", "m", timeout_ms=500))


async def test_after_five_failures_it_is_left_alone_for_a_while(llm: FakeLlm) -> None:
    """The breaker opens, costs nothing while open, and one good answer closes it again."""
    now = 0.0
    remote = RemoteFunctions(Remote(llm.url, "m"), clock=lambda: now)
    await remote.start()
    llm.status = 500
    for _ in range(FAILURES_TO_OPEN + 3):
        with pytest.raises(RemoteFailed):
            await remote.calls(question())
    assert len(llm.requests) == FAILURES_TO_OPEN
    now += OPEN_SECONDS + 1
    llm.status = 200
    llm.calls("get_weather", {"city": "Rome"})
    assert (await remote.calls(question()))[0].arguments == {"city": "Rome"}
    llm.status = 500
    with pytest.raises(RemoteFailed, match="500"):
        await remote.calls(question())
    with pytest.raises(RemoteFailed, match="500"):
        await remote.calls(question())
    await remote.close()


async def test_the_remote_calls_replace_the_local_ones(llm: FakeLlm, tmp_path: Path) -> None:
    """With `backend: openai` the decision holds the remote server's arguments."""
    service = tiny_service(tmp_path, remote=RemoteFunctions(Remote(llm.url, "m")))
    await service.start()
    llm.calls("get_weather", {"city": "Roma", "unit": "celsius"})
    answer = await service.decide(question())
    assert answer.calls[0].arguments == {"city": "Roma", "unit": "celsius"}
    assert "remote" in answer.timings_ms
    await service.close()


async def test_values_that_both_read_have_evidence(llm: FakeLlm, tmp_path: Path) -> None:
    """A value of the remote server's that our models read, too, is shown with its words."""
    service = tiny_service(tmp_path, remote=RemoteFunctions(Remote(llm.url, "m")))
    await service.start()
    llm.calls("get_weather", {"city": "rome", "unit": "celsius"})
    (call,) = (await service.decide(question())).calls
    assert {name: each.text for name, each in call.evidence.items()} == {"city": "rome"}
    await service.close()


@pytest.mark.parametrize("status", [200, 500])
async def test_the_local_models_stand_in(llm: FakeLlm, tmp_path: Path, status: int) -> None:
    """When the remote server fails, or makes no call, the local arguments stand."""
    llm.status = status
    service = tiny_service(tmp_path, remote=RemoteFunctions(Remote(llm.url, "m")))
    await service.start()
    answer = await service.decide(question())
    assert answer.calls[0].arguments == {"city": "rome"}
    await service.close()


async def test_the_local_models_stand_in_for_a_slow_one(llm: FakeLlm, tmp_path: Path) -> None:
    """With the usual time-outs, too: it never takes all of a request's time."""
    llm.delay = 30.0
    llm.calls("get_weather", {"city": "Roma"})
    service = tiny_service(tmp_path, remote=RemoteFunctions(Remote(llm.url, "m")))
    await service.start()
    answer = await service.decide(replace(question(), timeout_ms=6000))
    assert answer.calls[0].arguments == {"city": "rome"}
    assert answer.timings_ms["remote"] < 5500
    await service.close()


async def test_without_an_intent_the_remote_server_is_not_asked(
    llm: FakeLlm, tmp_path: Path
) -> None:
    """The local intent decides whether there is a call at all: small talk costs no LLM."""
    service = tiny_service(tmp_path, remote=RemoteFunctions(Remote(llm.url, "m")))
    await service.start()
    assert (await service.decide(question("hello"))).calls == ()
    assert llm.requests == []
    await service.close()
