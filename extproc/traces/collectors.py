"""A collector takes spans over HTTP or over gRPC, in OpenTelemetry's protocol (OTLP)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grpc import aio

    from extproc.contract import Tracing

_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_SECONDS: Final = 3.0
_AGAIN: Final = (429, 502, 503, 504)
"""What OTLP says may be sent once more."""


class Unavailable(Exception):
    """It did not take the spans, but might in a while."""


class Refused(Exception):
    """It does not want them, now or later."""


class Collector(Protocol):
    async def take(self, body: bytes) -> None:
        """Raises `Unavailable` or `Refused`."""

    async def close(self) -> None: ...


def collector(settings: Tracing) -> Collector:
    if settings.collector.startswith("grpc"):
        return GrpcCollector(settings)
    return HttpCollector(settings)


class HttpCollector:
    def __init__(self, settings: Tracing) -> None:
        self._url = settings.collector
        self._headers = settings.headers
        trusted = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusted),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            headers={"content-type": "application/x-protobuf"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def take(self, body: bytes) -> None:
        try:
            async with self._session.post(
                self._url, data=body, headers=_read(self._headers), allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(type(error).__name__) from None
        if status in _AGAIN:
            raise Unavailable(f"status {status}")
        if not 200 <= status < 300:
            raise Refused(f"status {status}")

    async def close(self) -> None:
        await self._session.close()


class GrpcCollector:
    def __init__(self, settings: Tracing) -> None:
        # An own process that only speaks HTTP does without it: it is dear to import.
        import grpc  # noqa: PLC0415
        from grpc import aio  # noqa: PLC0415

        self._error = aio.AioRpcError
        self._again = (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.ABORTED,
        )
        place = settings.collector.partition("://")[2]
        self._channel: aio.Channel
        if settings.ca_file:
            trusted = grpc.ssl_channel_credentials(Path(settings.ca_file).read_bytes())
            self._channel = aio.secure_channel(place, trusted)
        else:
            self._channel = aio.insecure_channel(place)
        self._export = self._channel.unary_unary(_METHOD)
        self._headers = settings.headers

    async def take(self, body: bytes) -> None:
        try:
            await self._export(body, timeout=_SECONDS, metadata=(*_read(self._headers).items(),))
        except OSError as error:
            raise Unavailable(type(error).__name__) from None
        except self._error as error:
            kind = Unavailable if error.code() in self._again else Refused
            raise kind(error.code().name) from None

    async def close(self) -> None:
        await self._channel.close()


def _read(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Each time: a key may change."""
    return {name: Path(file).read_text("utf-8") for name, file in headers}
