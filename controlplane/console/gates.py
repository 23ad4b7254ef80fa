"""Who may ask, and what a browser may do with what it is told.

A page of somebody else's can make a browser send requests here. It cannot read an answer, as none
allows another origin; it has not the token, without which there is nothing to be had; and where it
gives its own name our address (DNS rebinding) that name stands in `Host`, which has to be an address.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from controlplane.console.place import Place

TOKEN_HEADER: Final = "x-archgw-token"  # noqa: S105  the name of a header
API: Final = "/api/"
HEALTH: Final = "/healthz"
_HEADERS: Final = {
    # Scripts, styles and all else from here alone, none of it inside of the page itself.
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "server": "archgw",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def install(app: web.Application, place: Place) -> None:
    app.middlewares.append(_gate(place))
    app.on_response_prepare.append(_add_headers)


def _gate(place: Place) -> Middleware:
    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == HEALTH:
            # The supervisor asks by another name, and is told nothing.
            return await handler(request)
        if not is_meant(request.headers.get("host", ""), place.address):
            raise web.HTTPMisdirectedRequest(
                text="ask for the console by the address that `archgw console` shows\n"
            )
        if request.path.startswith(API) and not _knows(request, place.token):
            raise web.HTTPUnauthorized(
                text="the token is missing or of another console: `archgw console` shows the link\n"
            )
        return await handler(request)

    return gate


def is_meant(host: str, bound: str) -> bool:
    """Names are refused but `localhost`; beyond loopback, addresses count where it listens there."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost":
            return True
        asked = ipaddress.ip_address(name)
        return asked.is_loopback or not ipaddress.ip_address(bound).is_loopback
    except ValueError:
        return False


def _knows(request: web.Request, token: str) -> bool:
    shown = request.headers.get(TOKEN_HEADER, "")
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode())


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    # What a newer archgw brings is to be seen at once, what is told of prompts kept nowhere.
    kept = "no-store" if request.path.startswith(API) else "no-cache"
    response.headers["cache-control"] = kept
