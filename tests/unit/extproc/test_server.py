"""The gRPC face: one bare 500 for what nobody foresaw, health, and calls that end."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckResponse

from extproc import contract
from extproc.exchange import World
from extproc.record.keeping import Records
from extproc.runtime import Generations
from extproc.server import Processor, create_server
from extproc.serving import Health, listen
from extproc.telemetry import Metrics
from extproc.wire import archgw_ext_proc_pb2 as wire
from tests.playbook import FakeEndpoints, FakeModels, settings, target

PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"


@dataclass
class Running:
    channel: aio.Channel
    models: FakeModels
    metrics: Metrics
    checks: Health
    generation: str
    socket: Path

    async def talk(
        self, *messages: Any, generation: str | None = None
    ) -> list[wire.ProcessingResponse]:
        """What is answered to these messages until the call ends."""
        name = self.generation if generation is None else generation
        call = self.channel.stream_stream(PROCESS)(metadata=((contract.GENERATION_KEY, name),))
        found = []
        for message in messages:
            await call.write(message if isinstance(message, bytes) else message.SerializeToString())
            reply = await asyncio.wait_for(call.read(), 5)
            if reply is aio.EOF:
                break
            found.append(wire.ProcessingResponse.FromString(reply))
        self.last = call
        return found


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    text = contract.dumps(settings(target("t")))
    name = contract.generation(text)
    (tmp_path / f"{name}.json").write_text(text)
    models, metrics, checks = FakeModels(), Metrics(), Health()
    world = World(models, FakeEndpoints(), metrics, Records(b"key"))
    server = create_server(Processor(Generations(tmp_path), world), checks)
    socket = tmp_path / "ep.sock"
    listen(server, socket)
    await server.start()
    async with aio.insecure_channel(f"unix:{socket}") as channel:
        yield Running(channel, models, metrics, checks, name, socket)
    await server.stop(0)


def headers(*, end_of_stream: bool = False) -> wire.ProcessingRequest:
    sent = {
        ":method": b"POST",
        ":path": b"/v1/chat/completions",
        "content-type": b"application/json",
    }
    values = [wire.HeaderValue(key=key, raw_value=value) for key, value in sent.items()]
    return wire.ProcessingRequest(
        request_headers=wire.HttpHeaders(
            headers=wire.HeaderMap(headers=values), end_of_stream=end_of_stream
        )
    )


def body(
    raw: bytes = b'{"messages": [{"role": "user", "content": "hi"}]}',
) -> wire.ProcessingRequest:
    return wire.ProcessingRequest(request_body=wire.HttpBody(body=raw, end_of_stream=True))


async def test_call_ends_after_the_last_reply(running: Running) -> None:
    """Two replies, and then the server closes the call with OK while the client's side is open."""
    first, second = await running.talk(headers(), body())
    assert first.WhichOneof("response") == "request_headers"
    assert second.WhichOneof("response") == "request_body"
    assert await asyncio.wait_for(running.last.code(), 5) is grpc.StatusCode.OK


async def test_refusal_ends_the_call_too(running: Running) -> None:
    """Nothing hangs on a call whose request is refused at its headers."""
    (reply,) = await running.talk(headers(end_of_stream=True))
    assert reply.immediate_response.status.code == 400
    assert await asyncio.wait_for(running.last.code(), 5) is grpc.StatusCode.OK


async def test_unknown_generation_is_unavailable(running: Running) -> None:
    """No config, no decision."""
    for name in ("ffffffffffffffff", "../x", ""):
        (reply,) = await running.talk(headers(), generation=name)
        assert reply.immediate_response.status.code == 503


@pytest.mark.parametrize("broken", [b"\xff\xff\xff", wire.ProcessingRequest(), "body first"])
async def test_nonsense_is_a_bare_500(running: Running, broken: Any) -> None:
    """Messages that Envoy never sends are counted and answered, not waited on."""
    (reply,) = await running.talk(body() if broken == "body first" else broken)
    assert reply.immediate_response.status.code == 500
    assert reply.immediate_response.body == b"internal error"
    assert "archgw_extproc_exceptions_total 1.0" in running.metrics.text().decode()


async def test_crash_is_a_bare_500_and_others_live(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error nobody foresaw says nothing of itself to the client, nor of the prompt to the log."""
    running.models.error = RuntimeError("the canary prompt")
    _, reply = await running.talk(headers(), body())
    assert reply.immediate_response.status.code == 500
    assert reply.immediate_response.body == b"internal error"
    assert "canary" not in "".join(capsys.readouterr())
    running.models.error = None
    _, reply = await running.talk(headers(), body())
    assert reply.WhichOneof("response") == "request_body"


async def test_caller_who_leaves_stops_the_work(running: Running) -> None:
    """Envoy ends the call when the client has gone; nobody decides on for nobody."""
    running.models.delay = 30
    call = running.channel.stream_stream(PROCESS)(
        metadata=((contract.GENERATION_KEY, running.generation),)
    )
    await call.write(headers().SerializeToString())
    await call.read()
    await call.write(body().SerializeToString())
    while not running.models.asked:
        await asyncio.sleep(0.01)
    call.cancel()
    for _ in range(300):
        text = running.metrics.text().decode()
        if 'outcome="cancelled"} 1.0' in text and "archgw_extproc_active 0.0" in text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(running.metrics.text().decode())


async def test_health_says_what_is(running: Running) -> None:
    """A watcher hears of every change, the last one included, and is let go at the end."""
    await running.checks.set_serving(serving=False)
    check = running.channel.unary_unary(CHECK)
    forms = HealthCheckResponse

    async def now() -> int:
        return forms.FromString(await check(b"")).status

    assert await now() == forms.NOT_SERVING
    watch = running.channel.unary_stream(WATCH)(b"")
    assert forms.FromString(await watch.read()).status == forms.NOT_SERVING
    await running.checks.set_serving(serving=True)
    assert await now() == forms.SERVING
    assert forms.FromString(await asyncio.wait_for(watch.read(), 5)).status == forms.SERVING
    await running.checks.enter_graceful_shutdown()
    assert await now() == forms.NOT_SERVING
    assert forms.FromString(await asyncio.wait_for(watch.read(), 5)).status == forms.NOT_SERVING
    running.checks.let_watchers_go()
    assert await asyncio.wait_for(watch.read(), 5) is aio.EOF
    assert await asyncio.wait_for(watch.code(), 5) is grpc.StatusCode.OK


async def test_watcher_who_leaves_is_forgotten(running: Running) -> None:
    """Nothing is kept for a watcher that has gone."""
    watch = running.channel.unary_stream(WATCH)(b"")
    await watch.read()
    assert len(running.checks._watching) == 1
    watch.cancel()
    for _ in range(300):
        if not running.checks._watching:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("still watched")


async def test_socket_is_for_its_owner(running: Running) -> None:
    """0600 from the moment it is there."""
    assert stat.S_IMODE(running.socket.stat().st_mode) == 0o600


async def test_socket_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    """Said as an OSError, which the process turns into one line."""
    server = aio.server()
    with pytest.raises(OSError, match="cannot listen on"):
        listen(server, tmp_path / "no" / "such" / "folder" / "ep.sock")
