"""The discovery service on its socket, spoken to by a client in Envoy's place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Self

import grpc.aio
import h2.connection
import h2.events
import pytest
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse

from controlplane.xds.server import AdsServer, NoAnswerError
from controlplane.xds.snapshot import CLUSTER, LISTENER, ROUTE, Bundle, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"


def bundle(**values: str) -> Bundle:
    return Bundle.of({name: value.encode() for name, value in values.items()})


class Envoy:
    """Subscribes to everything, takes all answers but those with a resource named `bad`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.received: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(f"unix:{self._socket}")
        call = self._channel.stream_stream(
            METHOD, request_serializer=bytes, response_deserializer=DiscoveryResponse.parse
        )()
        self._task = asyncio.create_task(self._run(call))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._channel.close()

    async def _run(self, call: Any) -> None:
        wanted = {CLUSTER: [], LISTENER: [], ROUTE: ["r"]}
        for type_url, names in wanted.items():
            await call.write(DiscoveryRequest(type_url=type_url, resource_names=names))
        while True:
            answer = await call.read()
            if answer is grpc.aio.EOF:
                return
            self.received.append((answer.type_url, answer.version_info))
            reply = {
                "typeUrl": answer.type_url,
                "responseNonce": answer.nonce,
                "resourceNames": wanted[answer.type_url],
            }
            if any(each.value == b"bad" for each in answer.resources):
                reply["errorDetail"] = {"code": 13, "message": "I do not like it"}
            else:
                reply["versionInfo"] = answer.version_info
            await call.write(DiscoveryRequest.from_dict(reply))


@pytest.fixture
async def ads(tmp_path: Path) -> AsyncIterator[AdsServer]:
    server = AdsServer(tmp_path / "ads.sock")
    await server.start()
    yield server
    await server.stop()


ONE = Snapshot(bundle(c="1"), bundle(l="1"), bundle(r="1"))


async def test_apply_returns_when_everything_is_taken(tmp_path: Path, ads: AdsServer) -> None:
    """None is the answer of an Envoy that acknowledged all three types, in order."""
    async with Envoy(tmp_path / "ads.sock") as envoy:
        assert await ads.apply(ONE, 5) is None
        assert [type_url for type_url, _ in envoy.received] == [CLUSTER, LISTENER, ROUTE]
        assert ads.versions()["CDS"] == ONE.clusters.version


async def test_refusal_comes_back_with_its_reason(tmp_path: Path, ads: AdsServer) -> None:
    """A NACK ends apply at once; going back to the old snapshot works."""
    async with Envoy(tmp_path / "ads.sock"):
        await ads.apply(ONE, 5)
        rejection = await ads.apply(Snapshot(bundle(c="bad"), ONE.listeners, ONE.routes), 5)
        assert rejection is not None
        assert rejection.reason == "I do not like it"
        assert await ads.apply(ONE, 5) is None


async def test_no_envoy_is_told_as_such(ads: AdsServer) -> None:
    """Without a connection apply ends after its time, and says that nobody connected."""
    with pytest.raises(NoAnswerError, match="did not connect"):
        await ads.apply(ONE, 0.1)


async def test_restarted_envoy_gets_the_snapshot(tmp_path: Path, ads: AdsServer) -> None:
    """A new connection is served the current snapshot without anybody's doing."""
    async with Envoy(tmp_path / "ads.sock"):
        await ads.apply(ONE, 5)
    async with Envoy(tmp_path / "ads.sock") as again, asyncio.timeout(5):
        while len(again.received) < 3:
            await asyncio.sleep(0.01)
        assert again.received[0] == (CLUSTER, ONE.clusters.version)


async def test_socket_is_ours_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    """0600 while it serves; a stale one is replaced; none left afterwards."""
    path = tmp_path / "ads.sock"
    path.write_text("stale")
    server = AdsServer(path)
    await server.start()
    assert path.stat().st_mode & 0o777 == 0o600
    await server.stop()
    assert not path.exists()


async def test_signs_of_life_are_no_attack(tmp_path: Path) -> None:
    """Envoy pings every five seconds; gRPC's defaults close the connection at the third."""
    server = AdsServer(tmp_path / "ads.sock")
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "ads.sock"))
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    heard: list[h2.events.Event] = []
    for number in range(6):
        connection.ping(number.to_bytes(8))
        writer.write(connection.data_to_send())
        while not [each for each in heard if isinstance(each, h2.events.PingAckReceived)][number:]:
            received = await asyncio.wait_for(reader.read(65536), 10)
            assert received, "the connection was closed"
            heard += connection.receive_data(received)
            writer.write(connection.data_to_send())
    assert not [each for each in heard if isinstance(each, h2.events.ConnectionTerminated)]
    writer.close()
    await server.stop()
