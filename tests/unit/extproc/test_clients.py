"""The world outside over real HTTP: answers read strictly, failures in two words, never a hang."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from extproc.clients import (
    MAX_ANSWER,
    Breaker,
    CallFailed,
    CallTimeout,
    HttpCall,
    HttpEndpoints,
    HttpModels,
    ModelsUnavailable,
    TooLong,
)
from extproc.contract import TEMPLATE_HEADER, THROUGH_ENVOY, UPSTREAM_HEADER
from modelserver import schema
from tests.fakes.model_server import FakeModelServer, Script

DECIDE = schema.DecideRequest((schema.Message("user", "go"),), ())
GUARD = schema.GuardRequest(("a", "b"))


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as running:
        yield running


@pytest.fixture
async def models() -> AsyncIterator[HttpModels]:
    client = HttpModels()
    yield client
    await client.close()


async def test_decides_and_judges(server: FakeModelServer, models: HttpModels) -> None:
    """Requests in the agreed form, with the request's id; answers read into the schema."""
    server.script = Script(calls={"go": [("t", {"a": 1}, ["b"])]}, attacks=["b"])
    decision = await models.decide(server.address, DECIDE, {"x-request-id": "1"}, 5)
    assert decision.calls[0].arguments == {"a": 1}
    answer = await models.guard(server.address, GUARD, {}, 5)
    assert [result.attack for result in answer.results] == [False, True]
    path, body, headers = server.received[0]
    assert path == "/v1/decide"
    assert body == DECIDE.to_json()
    assert headers["x-request-id"] == "1"


BAD: list[tuple[bytes, str]] = [
    (b"nonsense", "not JSON"),
    (b"[]", "agreed form"),
    (b"{}", "agreed form"),
    (b'{"guard": {"verdict": "benign", "score": NaN, "view": "x"}}', "not JSON"),
    (b'{"guard": {"verdict": "benign", "score": null, "view": "x"}, "intent": {}, "calls": []}',
     "agreed form"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reason"), BAD)
async def test_answer_of_another_form_is_none(
    server: FakeModelServer, models: HttpModels, body: bytes, reason: str
) -> None:
    """A score that is no number, or a body of any other shape, is an outage."""
    server.script = Script(body=body)
    with pytest.raises(ModelsUnavailable, match=reason):
        await models.decide(server.address, DECIDE, {}, 5)


async def test_another_number_of_verdicts_is_none(
    server: FakeModelServer, models: HttpModels
) -> None:
    """A text without a verdict must not pass as judged."""
    result = {"verdict": "benign", "score": 0.0, "view": "x"}
    server.script = Script(body=json.dumps({"results": [result]}).encode())
    with pytest.raises(ModelsUnavailable, match="number of texts"):
        await models.guard(server.address, GUARD, {}, 5)


@pytest.mark.parametrize("status", [400, 422, 500, 503, 504])
async def test_other_statuses_are_outages(
    server: FakeModelServer, models: HttpModels, status: int
) -> None:
    """Whatever the model server refuses, nothing is decided."""
    server.script = Script(status=status)
    with pytest.raises(ModelsUnavailable, match=f"status {status}"):
        await models.decide(server.address, DECIDE, {}, 5)


async def test_too_long_is_known(server: FakeModelServer, models: HttpModels) -> None:
    """413 is the one refusal that the client can do something about."""
    server.script = Script(status=413)
    with pytest.raises(TooLong):
        await models.decide(server.address, DECIDE, {}, 5)


async def test_hanging_server_costs_the_time_given(
    server: FakeModelServer, models: HttpModels
) -> None:
    """And no more."""
    server.script = Script(delay=10)
    began = time.monotonic()
    with pytest.raises(ModelsUnavailable, match="TimeoutError"):
        await models.decide(server.address, DECIDE, {}, 0.2)
    assert time.monotonic() - began < 2


async def test_server_that_comes_back_is_used_again(
    server: FakeModelServer, models: HttpModels
) -> None:
    """A connection that died with the old server is no failure of the next request."""
    await models.decide(server.address, DECIDE, {}, 5)
    server.stop()
    with pytest.raises(ModelsUnavailable):
        await models.decide(server.address, DECIDE, {}, 5)
    server.start_again()
    await models.decide(server.address, DECIDE, {}, 5)


async def test_failing_server_is_left_alone(server: FakeModelServer, models: HttpModels) -> None:
    """After five failures it is asked once a second until it answers."""
    server.script = Script(status=500)
    for _ in range(20):
        with pytest.raises(ModelsUnavailable):
            await models.decide(server.address, DECIDE, {}, 5)
    assert len(server.received) == 5
    server.script = Script()
    with pytest.raises(ModelsUnavailable, match="repeatedly"):
        await models.decide(server.address, DECIDE, {}, 5)
    await asyncio.sleep(1.1)
    await models.decide(server.address, DECIDE, {}, 5)
    await models.decide(server.address, DECIDE, {}, 5)


async def test_a_hung_server_costs_a_second_and_then_nothing(
    server: FakeModelServer, models: HttpModels
) -> None:
    """Nobody waits for a server that does not even say that it is well, until it does again."""
    server.script = Script(hung=True)
    began = time.monotonic()
    with pytest.raises(ModelsUnavailable, match="hangs"):
        await models.decide(server.address, DECIDE, {}, 21)
    assert time.monotonic() - began < 4
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(ModelsUnavailable, match="repeatedly"):
            await models.decide(server.address, DECIDE, {}, 21)
    assert time.monotonic() - began < 1
    server.script = Script()
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(ModelsUnavailable):
                await models.decide(server.address, DECIDE, {}, 21)
                break
            await asyncio.sleep(0.05)


async def test_a_slow_server_that_lives_is_waited_for(
    server: FakeModelServer, models: HttpModels
) -> None:
    """A long text may take a model its time; that is no hanging."""
    server.script = Script(delay=1.5)
    await models.decide(server.address, DECIDE, {}, 5)


SILENT = """
import signal, socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(64)
print("listening", flush=True)
while "at work" in sys.argv:
    pass
signal.pause()
"""


@contextlib.contextmanager
def _silent(place: Path, *how: str) -> Iterator[str]:
    """A process that takes connections and never answers."""
    with subprocess.Popen(
        [sys.executable, "-c", SILENT, str(place), *how], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield f"unix:{place}"
        finally:
            process.kill()


async def test_a_process_that_answers_nothing_but_works_is_waited_for(
    tmp_path: Path, models: HttpModels
) -> None:
    """It is slow, on a busy machine: the deadline of the prompt is what ends the wait."""
    with (
        _silent(tmp_path / "models.sock", "at work") as address,
        pytest.raises(ModelsUnavailable, match="TimeoutError"),
    ):
        await models.decide(address, DECIDE, {}, 3)


async def test_a_process_that_answers_nothing_and_rests_hangs(
    tmp_path: Path, models: HttpModels
) -> None:
    with _silent(tmp_path / "models.sock") as address:
        began = time.monotonic()
        with pytest.raises(ModelsUnavailable, match="hangs"):
            await models.decide(address, DECIDE, {}, 21)
        assert time.monotonic() - began < 4


async def test_one_probe_does_for_all_who_wait(server: FakeModelServer, models: HttpModels) -> None:
    """A slow server is asked whether it is well twice a second, however many wait for it."""
    server.script = Script(delay=1.8)
    await asyncio.gather(*(models.decide(server.address, DECIDE, {}, 10) for _ in range(20)))
    assert 1 <= server.probes <= 5


async def test_who_gives_up_waiting_ends_no_probe_of_others(
    server: FakeModelServer, models: HttpModels
) -> None:
    """A caller that leaves in the middle of the shared probe takes no verdict from the rest."""
    server.script = Script(hung=True)
    leaving = asyncio.create_task(models.decide(server.address, DECIDE, {}, 21))
    staying = asyncio.create_task(models.decide(server.address, DECIDE, {}, 21))
    await asyncio.sleep(1.0)
    leaving.cancel()
    with pytest.raises(ModelsUnavailable, match="hangs"):
        await staying


@pytest.fixture
async def balanced(
    listener: Listener, models: HttpModels
) -> Callable[..., Coroutine[Any, Any, schema.DecideResponse]]:
    """Asks through the listener, where another server answers each time: (status, or None to close)."""
    good = json.dumps(Script().decide({"messages": [], "tools": []})).encode()

    def ask(*statuses: int | None) -> Coroutine[Any, Any, schema.DecideResponse]:
        left = list(statuses)

        async def answer(request: web.Request) -> web.StreamResponse:
            status = left.pop(0) if left else 200
            if status is None:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(body=good, status=status or 200)

        listener.answer = answer
        return models.decide(f"{THROUGH_ENVOY}{listener.socket}", DECIDE, {}, 5)

    return ask


async def test_behind_envoy_another_server_is_asked(
    listener: Listener, balanced: Callable[..., Any]
) -> None:
    """One that is full, not ready or gone is no outage while there is another."""
    for refused in ((503,), (429, None), (None, 502)):
        assert (await balanced(*refused)).calls == ()
    assert len(listener.received) == 2 + 3 + 3


@pytest.mark.parametrize("statuses", [(503, 503, 503), (None, None, None), (500,), (422,)])
async def test_behind_envoy_three_tries_are_the_most(
    listener: Listener, balanced: Callable[..., Any], statuses: tuple[int | None, ...]
) -> None:
    """And only what another server may not say again is asked of it."""
    with pytest.raises(ModelsUnavailable):
        await balanced(*statuses)
    assert len(listener.received) == len(statuses)


async def test_at_one_address_a_prompt_is_asked_once(
    server: FakeModelServer, models: HttpModels
) -> None:
    """A single server that is full is not asked again by what it refused."""
    server.script = Script(status=503)
    with pytest.raises(ModelsUnavailable, match="status 503"):
        await models.decide(server.address, DECIDE, {}, 5)
    assert len(server.received) == 1


def test_breaker_lets_one_try_through_at_a_time() -> None:
    """Half open, it admits one request and refuses the rest of that second."""
    breaker = Breaker(failures=2, pause=0.05)
    for _ in range(2):
        breaker.admit()
        breaker.failed()
    with pytest.raises(ModelsUnavailable):
        breaker.admit()
    time.sleep(0.06)
    breaker.admit()
    with pytest.raises(ModelsUnavailable):
        breaker.admit()
    breaker.succeeded()
    breaker.admit()
    breaker.admit()


class Listener:
    """A server on a Unix socket, as Envoy's internal listener is one."""

    def __init__(self, socket: Path) -> None:
        self.socket = str(socket)
        self.received: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Any = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append((request.method, request.raw_path, headers, await request.read()))
        return await self.answer(request)


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    found = Listener(tmp_path / "internal.sock")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, found.socket).start()
    yield found
    await runner.cleanup()


@pytest.fixture
async def endpoints() -> AsyncIterator[HttpEndpoints]:
    client = HttpEndpoints()
    yield client
    await client.close()


def says(body: bytes = b"{}", status: int = 200, **headers: str) -> Any:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return answer


CALL = HttpCall(
    "app", "POST", "/x%2Fy/S%C3%A3o?q=a%20b", '/"x"/{city}?q={q}', {"x-request-id": "1"}, b"body"
)


async def test_call_goes_out_as_built(listener: Listener, endpoints: HttpEndpoints) -> None:
    """The path is not encoded again, and no header is added that nobody asked for."""
    listener.answer = says(b"ok", 201, **{"Content-Type": "text/plain"})
    reply = await endpoints.send(listener.socket, CALL, 5)
    assert (reply.status, reply.content_type, reply.body) == (201, "text/plain", b"ok")
    method, path, headers, body = listener.received[0]
    assert (method, path, body) == ("POST", "/x%2Fy/S%C3%A3o?q=a%20b", b"body")
    assert headers[UPSTREAM_HEADER] == "app"
    assert headers[TEMPLATE_HEADER] == "/%22x%22/{city}"
    ours = {UPSTREAM_HEADER, TEMPLATE_HEADER}
    assert set(headers) - ours <= {"host", "x-request-id", "content-length", "accept"}


async def test_redirect_is_not_followed(listener: Listener, endpoints: HttpEndpoints) -> None:
    """An API cannot send the gateway anywhere."""
    listener.answer = says(b"", 302, Location="http://169.254.169.254/")
    assert (await endpoints.send(listener.socket, CALL, 5)).status == 302
    assert len(listener.received) == 1


async def test_cookies_are_not_kept(listener: Listener, endpoints: HttpEndpoints) -> None:
    """One client's session never travels with another's request."""
    listener.answer = says(**{"Set-Cookie": "session=1; Path=/"})
    await endpoints.send(listener.socket, CALL, 5)
    await endpoints.send(listener.socket, CALL, 5)
    assert "cookie" not in listener.received[1][2]


async def test_answer_has_a_limit(listener: Listener, endpoints: HttpEndpoints) -> None:
    """Up to a mebibyte; one byte more is a failure."""
    listener.answer = says(b"x" * MAX_ANSWER)
    assert len((await endpoints.send(listener.socket, CALL, 5)).body) == MAX_ANSWER
    listener.answer = says(b"x" * (MAX_ANSWER + 1))
    with pytest.raises(CallFailed, match="longer than"):
        await endpoints.send(listener.socket, CALL, 5)


async def test_endless_answer_ends(listener: Listener, endpoints: HttpEndpoints) -> None:
    """An answer that never stops is cut at the limit, not at the end of the memory."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    listener.answer = endless
    with pytest.raises(CallFailed, match="longer than"):
        await endpoints.send(listener.socket, CALL, 5)


async def test_compressed_answer_is_refused(listener: Listener, endpoints: HttpEndpoints) -> None:
    """None was asked for, and a kilobyte could be a gigabyte."""
    listener.answer = says(gzip.compress(b"x" * 10_000), **{"Content-Encoding": "gzip"})
    with pytest.raises(CallFailed, match="compressed"):
        await endpoints.send(listener.socket, CALL, 5)


async def test_slow_answer_times_out(listener: Listener, endpoints: HttpEndpoints) -> None:
    """Before its first byte and in the middle of its body alike."""

    async def never(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(10)
        return web.Response()

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await asyncio.sleep(10)
        return response

    for answer in (never, half):
        listener.answer = answer
        began = time.monotonic()
        with pytest.raises(CallTimeout):
            await endpoints.send(listener.socket, CALL, 0.2)
        assert time.monotonic() - began < 2


async def test_broken_answer_fails_once(listener: Listener, endpoints: HttpEndpoints) -> None:
    """A connection that breaks is a failure, and the call is not made again."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    listener.answer = cut
    with pytest.raises(CallFailed):
        await endpoints.send(listener.socket, CALL, 5)
    assert len(listener.received) == 1


async def test_missing_listener_fails(tmp_path: Path, endpoints: HttpEndpoints) -> None:
    """Envoy that is not there is a failure, not a crash."""
    with pytest.raises(CallFailed):
        await endpoints.send(str(tmp_path / "none.sock"), CALL, 5)
