"""The world outside: the model server and the application's APIs, as Protocols and over HTTP.

Each call has a deadline and says in two words how it failed. Calls of APIs go through Envoy's
internal listener on a Unix socket, which balances, breaks circuits and speaks TLS; here nothing is
redirected, and nothing sent again but by aiohttp, where a kept connection was closed under a GET,
HEAD, PUT or DELETE. A model server that keeps failing is left alone for a second at a
time. One that hangs does not even say that it is well, and does no work: that is found out about a
second after a prompt came, and from then on prompts are refused at once until it answers again. One
that is only slow, on a busy machine, is waited for. Of several, Envoy
chooses the one that is asked the least, and leaves out one that hangs; three are asked before a prompt
is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from extproc import http1
from extproc.contract import (
    CAUSE_HEADER,
    TEMPLATE_HEADER,
    THROUGH_ENVOY,
    UPSTREAM_HEADER,
    Cause,
)
from modelserver import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

T = TypeVar("T")

MAX_ANSWER = 1 << 20
_CONNECTIONS = 256
_API_KEEPALIVE = 20.0
_UNASKED = 0.5
"""Seconds that the model server may take before it is asked whether it is well."""
_SIGN_OF_LIFE = 1.0
"""And that it may take to say so."""
_SIGN_OF_ANY = 4.0
"""Of several: Envoy sees within three seconds that one hangs, and asks it no more."""
_PAUSES = (0.02, 0.2)
"""Before another of several model servers is asked: so long does Envoy take to leave out one that died."""
_ELSEWHERE = (429, 502, 503)
"""Statuses of a server that has no time, or is not ready: another one may be."""
_IN_TEMPLATES = "/{}:@!$&'()*+,;=%"


class ModelsUnavailable(Exception):
    """The model server gave no answer that can be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Hung(Exception):
    """The model server does not say that it is well while it is to answer."""


class TooLong(Exception):
    """The model server says that there is more text than it reads."""


class CallFailed(Exception):
    """No answer from the API, or one that cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CallTimeout(CallFailed):
    """No answer from the API in time."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    upstream: str
    method: str
    path: str = field(repr=False)
    template: str
    """The path as the config writes it: what a log may hold."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    content_type: str
    body: bytes = field(repr=False)
    cause: Cause | None = None
    """Why the API could not be reached: then this is Envoy's answer, not the API's."""


class Models(Protocol):
    async def decide(
        self,
        address: str,
        request: schema.DecideRequest,
        headers: Mapping[str, str],
        seconds: float,
    ) -> schema.DecideResponse: ...

    async def guard(
        self, address: str, request: schema.GuardRequest, headers: Mapping[str, str], seconds: float
    ) -> schema.GuardResponse: ...


class Endpoints(Protocol):
    async def send(self, socket: str, call: HttpCall, seconds: float) -> HttpResponse: ...


class Breaker:
    """Open after some failures in a row; then one try a second until one succeeds.

    `modelserver.remote` has a breaker of its own: all that the two packages share is the schema
    they speak, and a second thing to share would weigh more than these lines twice.
    """

    def __init__(self, failures: int = 5, pause: float = 1.0) -> None:
        self._most = failures
        self._pause = pause
        self._failures = 0
        self._next_try = 0.0

    def admit(self) -> None:
        if self._failures < self._most:
            return
        now = time.monotonic()
        if now < self._next_try:
            raise ModelsUnavailable("failed repeatedly")
        self._next_try = now + self._pause

    def hold(self) -> None:
        """Open until it succeeds: no request is risked as a try."""
        self._failures = self._most
        self._next_try = math.inf

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures == self._most:
            self._next_try = time.monotonic() + self._pause


@dataclass(frozen=True, slots=True)
class _Sign:
    """A question to a server whether it is well, shared by all who wait for it to answer."""

    began: float
    probe: asyncio.Task[bool]


class HttpModels:
    """The model server over HTTP with kept-alive connections."""

    def __init__(self, key_file: Path | None = None) -> None:
        """`key_file`: of the token that a model server at a port has to know."""
        self._key_file = key_file
        self._pools: dict[str, http1.Pool] = {}
        self._breakers: dict[str, Breaker] = {}
        self._returning: dict[str, asyncio.Task[None]] = {}
        """Of each server that hung: waits until it is well again."""
        self._signs: dict[str, _Sign] = {}

    async def close(self) -> None:
        for task in (*self._returning.values(), *(sign.probe for sign in self._signs.values())):
            task.cancel()
        for pool in self._pools.values():
            pool.close()

    async def decide(
        self,
        address: str,
        request: schema.DecideRequest,
        headers: Mapping[str, str],
        seconds: float,
    ) -> schema.DecideResponse:
        body = await self._ask(address, "/v1/decide", request.to_json(), headers, seconds)
        return _read(schema.DecideResponse.from_json, body)

    async def guard(
        self, address: str, request: schema.GuardRequest, headers: Mapping[str, str], seconds: float
    ) -> schema.GuardResponse:
        body = await self._ask(address, "/v1/guard", request.to_json(), headers, seconds)
        answer = _read(schema.GuardResponse.from_json, body)
        if len(answer.results) != len(request.texts):
            raise ModelsUnavailable("judged another number of texts")
        return answer

    async def _ask(
        self, address: str, path: str, body: Any, headers: Mapping[str, str], seconds: float
    ) -> Any:
        breaker = self._breakers.setdefault(address, Breaker())
        breaker.admit()
        try:
            async with asyncio.timeout(seconds):
                status, content = await self._answer(address, path, headers, orjson.dumps(body))
        except Hung as error:
            self._leave_alone(address, breaker)
            raise ModelsUnavailable("hangs") from error
        except (OSError, TimeoutError, EOFError, http1.BadAnswer) as error:
            breaker.failed()
            raise ModelsUnavailable(type(error).__name__) from None
        if status == 413:
            breaker.succeeded()
            raise TooLong
        if status != 200:
            # 5xx is the server's state, 4xx a request of ours that it does not take.
            (breaker.failed if status >= 500 else breaker.succeeded)()
            raise ModelsUnavailable(f"status {status}")
        breaker.succeeded()
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            raise ModelsUnavailable("answer is not JSON") from None

    async def _answer(
        self, address: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Behind Envoy, one that refuses or dies leaves the question to another.

        So does one that hangs, whose connections Envoy closes. It may be asked again: what is decided changes nothing over there.
        """
        pauses = _PAUSES if address.startswith(THROUGH_ENVOY) else ()
        for pause in pauses:
            asking = self._pool(address).post(path, headers, body)
            with contextlib.suppress(OSError, EOFError, http1.BadAnswer):
                status, content = await self._unless_hung(address, asking)
                if status not in _ELSEWHERE:
                    return status, content
            await asyncio.sleep(pause)
        return await self._unless_hung(address, self._pool(address).post(path, headers, body))

    async def _unless_hung(self, address: str, work: Coroutine[Any, Any, T]) -> T:
        asking = asyncio.ensure_future(work)
        try:
            await asyncio.wait({asking}, timeout=_UNASKED)
            while not asking.done():
                if not await self._sign_of_life(address) and not asking.done():
                    raise Hung
                await asyncio.wait({asking}, timeout=_UNASKED)
            return asking.result()
        finally:
            asking.cancel()

    async def _sign_of_life(self, address: str) -> bool:
        """What the latest probe says, or says soon: one does for all who wait.

        A probe for each of them would come on top of what makes the server slow.
        """
        now = time.monotonic()
        sign = self._signs.get(address)
        if sign is None or (now - sign.began >= _UNASKED and sign.probe.done()):
            probe = asyncio.create_task(self._is_well(address))
            sign = self._signs[address] = _Sign(now, probe)
        # Not awaited itself: who gives up waiting must not end it for the others.
        await asyncio.wait({sign.probe})
        return not sign.probe.cancelled() and sign.probe.result()

    async def _is_well(self, address: str) -> bool:
        """Or any of several, where Envoy has the choice."""
        several = address.startswith(THROUGH_ENVOY)
        before = self._pool(address).work()
        try:
            async with asyncio.timeout(_SIGN_OF_ANY if several else _SIGN_OF_LIFE):
                while not await self._says_so(address):
                    if not several:
                        return False
                    await asyncio.sleep(_PAUSES[-1])
        except TimeoutError:
            return math.isinf(before) or self._pool(address).work() > before
        return True

    async def _says_so(self, address: str) -> bool:
        try:
            status, _ = await self._pool(address).get("/healthz")
        except http1.BadAnswer:
            return True  # not a server of ours, but it lives
        except (OSError, EOFError):
            return False
        return status < 500

    def _leave_alone(self, address: str, breaker: Breaker) -> None:
        breaker.hold()
        if address not in self._returning:
            self._returning[address] = asyncio.create_task(self._until_well(address, breaker))

    async def _until_well(self, address: str, breaker: Breaker) -> None:
        while not await self._is_well(address):  # noqa: ASYNC110  it is another process
            await asyncio.sleep(_SIGN_OF_LIFE)
        del self._returning[address]
        breaker.succeeded()

    def _pool(self, address: str) -> http1.Pool:
        found = self._pools.get(address)
        if found is None:
            found = self._pools[address] = http1.Pool(address, self._key_file)
        return found


def _read(reader: Callable[[Any], T], body: Any) -> T:
    try:
        return reader(body)
    except ValueError as error:
        # The schema's words name fields, never their values.
        raise ModelsUnavailable(f"answer is not of the agreed form: {error}") from None


class HttpEndpoints:
    """The application's APIs, through Envoy's internal listener."""

    def __init__(self) -> None:
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def send(self, socket: str, call: HttpCall, seconds: float) -> HttpResponse:
        try:
            async with asyncio.timeout(seconds):
                return await self._send(self._session(socket), call)
        except TimeoutError:
            raise CallTimeout("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed(type(error).__name__) from None

    def _session(self, socket: str) -> aiohttp.ClientSession:
        found = self._sessions.get(socket)
        if found is None:
            found = self._sessions[socket] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(
                    socket, limit=_CONNECTIONS, keepalive_timeout=_API_KEEPALIVE
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("user-agent", "accept-encoding", "content-type"),
            )
        return found

    async def _send(self, session: aiohttp.ClientSession, call: HttpCall) -> HttpResponse:
        async with session.request(
            call.method,
            # The path is encoded already; encoding it again would change what was checked.
            URL("http://internal" + call.path, encoded=True),
            headers={
                UPSTREAM_HEADER: call.upstream,
                TEMPLATE_HEADER: quote(call.template.partition("?")[0], safe=_IN_TEMPLATES),
                **call.headers,
            },
            data=call.body,
            allow_redirects=False,
        ) as response:
            encoding = response.headers.get("content-encoding", "identity").lower()
            if encoding != "identity":
                raise CallFailed("answer is compressed, though none was asked for")
            body = await _bounded(response.content)
            kind = response.headers.get("content-type", "")
            cause = response.headers.get(CAUSE_HEADER)
            return HttpResponse(response.status, kind, body, Cause(cause) if cause else None)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    found = bytearray()
    async for chunk in content.iter_any():
        found += chunk
        if len(found) > MAX_ANSWER:
            raise CallFailed(f"answer is longer than {MAX_ANSWER} bytes")
    return bytes(found)
