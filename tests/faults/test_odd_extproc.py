"""Row 48: an extproc that breaks off, or says what it may not. Envoy takes its word for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
import pytest
from grpc import aio

from extproc.server import Processor, create_server
from extproc.serving import Health, listen
from extproc.wire import archgw_ext_proc_pb2 as wire
from tests.e2e.archgw import until
from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.application import FakeApplication
from tests.fakes.model_server import FakeModelServer
from tests.faults.stage import CONFIG, OURS

CANARY = "words-of-a-broken-process"


def setting(name: str, value: str) -> bytes:
    """A reply to headers that sets one."""
    header = wire.HeaderValue(key=name, raw_value=value.encode())
    option = wire.HeaderValueOption(header=header, append_action=2)
    mutation = wire.HeaderMutation(set_headers=[option])
    reply = wire.HeadersResponse(response=wire.CommonResponse(header_mutation=mutation))
    return wire.ProcessingResponse(request_headers=reply).SerializeToString()


def replacing(body: bytes) -> bytes:
    mutation = wire.CommonResponse(body_mutation=wire.BodyMutation(body=body))
    reply = wire.BodyResponse(response=mutation)
    return wire.ProcessingResponse(request_body=reply).SerializeToString()


GO_ON = wire.ProcessingResponse(request_headers=wire.HeadersResponse()).SerializeToString()
SAYS: dict[str, list[bytes]] = {
    "breaks off": [],
    "a header of Envoy's": [setting("x-envoy-original-path", CANARY)],
    "another host": [setting(":authority", CANARY)],
    "a header of 200 KB": [setting("x-long", CANARY * 8000)],
    "an answer to what was not asked": [replacing(b"{}")],
    "no message": [b"\xff" * 40],
    "another length than its header says": [GO_ON, replacing(b"{}" * 40)],
}


class Says:
    """Stands in the place of `Processor`."""

    def __init__(self, replies: list[bytes]) -> None:
        self.asked = 0
        self._replies = replies

    async def process(self, _requests: object, context: aio.ServicerContext[bytes, bytes]) -> None:
        self.asked += 1
        for reply in self._replies:
            await context.read()
            await context.write(reply)
        if not self._replies:
            await context.abort(grpc.StatusCode.INTERNAL, CANARY)


@dataclass(frozen=True)
class Scene:
    running: Running
    world: World

    @asynccontextmanager
    async def instead(self, says: Says) -> AsyncIterator[None]:
        checks = Health()
        await checks.set_serving(serving=True)
        server = create_server(cast("Processor", says), checks)
        listen(server, self.running.extprocs[0].socket)
        await server.start()
        try:
            yield
        finally:
            await server.stop(None)


@pytest.fixture(scope="module")
def scene(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with FakeModelServer() as models, FakeApplication() as app:
        config = world.config(CONFIG + OURS, app=app.port, models=models.address)
        with gateway(tmp_path_factory.mktemp("odd"), config, {"KEY": "sk"}) as running:
            for extproc in running.extprocs:
                extproc.stop()
            yield Scene(running, world)


@pytest.mark.parametrize("what", SAYS)
async def test_row_48_an_extproc_that_says_what_it_may_not(
    scene: Scene, figure: Callable[[object], None], what: str
) -> None:
    """An error of ours that repeats none of it, and the provider is not asked."""
    scene.world.forget()
    client, says = Client(scene.running.prompt_port), Says(SAYS[what])
    async with scene.instead(says), asyncio.timeout(30):
        answer: Any = None
        while not says.asked:
            answer = await asyncio.to_thread(client.chat, "a joke")
    figure(f"{what}: {answer.status}")
    assert 500 <= answer.status < 600
    assert answer.json["error"]["code"] in {"unavailable", "internal"}
    assert CANARY not in answer.text + str(answer.headers)
    assert not scene.world.one.received
    await asyncio.to_thread(until, lambda: client.chat("a joke").status == 503)
