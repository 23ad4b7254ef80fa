"""One cheap request to each provider and API, as `archgw doctor --call` makes them.

A provider is asked for its models, with its key: that costs nothing and shows whether the key is
taken. An API is asked for the path of its health check, else for `/`. Nothing is retried and no
redirect followed, so a key goes nowhere else.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.providers import ANTHROPIC_VERSION
from controlplane.supervise.reach import cause_of, trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from controlplane import ir
    from extproc.contract import Cause

_WITHIN = 10.0
_LARGEST_SET = 1 << 20


@dataclass(frozen=True, slots=True)
class Called:
    what: str
    """`provider main`, `API weather`."""
    request: str
    """`GET /v1/models`."""
    status: int | None
    """None where there was no answer; `trouble` says why."""
    trouble: str = ""
    cause: Cause | None = None
    """Of no answer; None where there was one that is not HTTP."""
    body: bytes = b""


def calls(gateway: ir.Gateway) -> Iterator[Called]:
    keys = {secret.name: secret.value for secret in gateway.secrets}
    for provider in gateway.providers:
        path = f"{dict(provider.paths)['/v1']}/models{provider.query}"
        own = {each.header: keys.get(each.secret) or "" for each in provider.headers}
        headers = own | _credential(provider, keys)
        yield _call(f"provider {provider.label}", provider.upstream, path, headers)
    for upstream in gateway.upstreams:
        path = upstream.health_check.http_path if upstream.health_check else "/"
        yield _call(f"API {upstream.name}", upstream, path, {})


def key_sets(gateway: ir.Gateway) -> Iterator[Called]:
    """As Envoy asks for the keys that tokens are checked with: anybody may have those."""
    for listener, keys in gateway.key_sets:
        _, _, rest = keys.url.partition("://")
        path = f"/{rest.partition('/')[2]}"
        yield _call(
            f"keys for tokens of the {listener} listener", keys.upstream, path, {}, _LARGEST_SET
        )


def _credential(provider: ir.Provider, keys: Mapping[str, str | None]) -> dict[str, str]:
    credential = provider.credential
    key = keys.get(credential.secret) if credential else None
    if credential is None or key is None:
        return {}
    if provider.speaks_messages:  # its list of models is of its own API
        return {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    return {credential.header: f"{credential.prefix}{key}"}


def _call(
    what: str, upstream: ir.Upstream, path: str, headers: Mapping[str, str], most: int = 0
) -> Called:
    """With at `most` so many bytes of the answer's body."""
    address, request = upstream.addresses[0], f"GET {path.partition('?')[0]}"
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_WITHIN)
    try:
        connection.connect()
        if upstream.tls:
            context = trust(upstream.tls.ca_file)
            connection.sock = context.wrap_socket(connection.sock, server_hostname=address.name)
        sent = {"host": address.name, "user-agent": "archgw", "accept": "*/*", **headers}
        connection.request("GET", path, headers=sent)
        response = connection.getresponse()
        status, body = response.status, response.read(most)
    except (OSError, http.client.HTTPException) as error:
        cause = cause_of(error) if isinstance(error, OSError) else None
        return Called(what, request, None, str(error) or type(error).__name__, cause)
    finally:
        connection.close()
    return Called(what, request, status, body=body)
