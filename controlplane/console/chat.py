"""What is typed in the console, sent to a listener as an application would send it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import web

from controlplane.supervise.health import any_certificate, reachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.supervise.messages import ListenerStatus

_PATHS: Final = {"chat": "/v1/chat/completions", "models": "/v1/models"}
_TOLD: Final = ("content-type", "x-request-id", "retry-after")
_NO_END: Final = aiohttp.ClientTimeout(total=None, connect=5.0)


async def forward(
    request: web.Request, listener: ListenerStatus, asked: Mapping[str, Any]
) -> web.StreamResponse:
    """The listener's answer, as it comes."""
    key, body = str(asked.get("key") or ""), asked.get("body")
    # As it comes, it goes on: what is not packed needs no unpacking on the way.
    headers = {"accept-encoding": "identity"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    url = _url(listener, "chat" if body is not None else "models")
    method = "POST" if body is not None else "GET"
    # Of what it asks nothing may stand in an error: aiohttp's say where, and no more.
    try:
        async with (
            aiohttp.ClientSession(timeout=_NO_END, auto_decompress=False) as session,
            session.request(
                method, url, json=body, headers=headers, ssl=_trust(listener)
            ) as answer,
        ):
            kept = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response
    except (aiohttp.ClientError, TimeoutError) as error:
        where = f"{listener.address}:{listener.port}"
        what = f"the {listener.name} listener at {where} does not answer: {type(error).__name__}"
        return web.json_response({"error": {"message": what}}, status=502)


def _url(listener: ListenerStatus, what: str) -> str:
    host = reachable(listener.address)
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if listener.tls else 'http'}://{host}:{listener.port}{_PATHS[what]}"


def _trust(listener: ListenerStatus) -> ssl.SSLContext | bool:
    return any_certificate() if listener.tls else True
