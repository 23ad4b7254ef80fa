"""A collector of traces: it keeps what it is sent, and shows it as a tree.

It stands where an operator's backend would, behind a real collector in the tests that have one.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fakes.serving import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Kept:
    """A span as it came, with the service that it is of."""

    service: str
    span: Span

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def id(self) -> str:
        return self.span.span_id.hex()

    @property
    def parent(self) -> str:
        return self.span.parent_span_id.hex()

    @property
    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in self.span.attributes:
            kind = each.value.WhichOneof("value")
            value = getattr(each.value, kind) if kind else None
            if kind == "array_value":
                value = [item.string_value for item in value.values]
            found[each.key] = value
        return found


class FakeCollector(Server):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Kept] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.hung = False
        self.statuses: list[int] = []
        """Of the next answers; 200 when there is none left."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/traces", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.hung:
            await asyncio.sleep(3600)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.Response(status=status)
        self.keep(body, request.headers)
        return web.Response(content_type="application/x-protobuf")

    def keep(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in headers.items()})
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.kept += [Kept(names.get("service.name", ""), span) for span in scope.spans]

    def trace(self, trace: str) -> list[Kept]:
        """In the order in which they began."""
        found = [each for each in self.kept if each.span.trace_id.hex() == trace]
        return sorted(found, key=lambda each: each.span.start_time_unix_nano)

    def wait_for(self, trace: str, *names: str, within: float = 20) -> list[Kept]:
        """The trace once spans of these names are there."""
        deadline = time.monotonic() + within
        while missing := set(names) - {each.name for each in self.trace(trace)}:
            assert time.monotonic() < deadline, (missing, tree(self.trace(trace)))
            time.sleep(0.05)
        return self.trace(trace)


@contextlib.contextmanager
def over_grpc(collector: FakeCollector) -> Iterator[str]:
    """The address of one that takes spans over gRPC, and has the other keep them."""

    def take(body: bytes, context: grpc.ServicerContext) -> bytes:
        collector.keep(body, {name: str(value) for name, value in context.invocation_metadata()})
        return b""

    server = grpc.server(ThreadPoolExecutor(2))
    method = {"Export": grpc.unary_unary_rpc_method_handler(take)}
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, method),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(None)


def tree(spans: list[Kept]) -> str:
    """As README draws it: a line a span, below its parent."""
    known = {each.id for each in spans}

    def lines(parent: list[Kept], depth: int) -> list[str]:
        found: list[str] = []
        for each in parent:
            found.append("  " * depth + each.name)
            found += lines([child for child in spans if child.parent == each.id], depth + 1)
        return found

    return "\n".join(lines([each for each in spans if each.parent not in known], 0))
