"""What is said in a discovery conversation, and how it stands on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controlplane.emit import proto

_REQUEST = "envoy.service.discovery.v3.DiscoveryRequest"
_RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse"


@dataclass(frozen=True, slots=True)
class Request:
    """Envoy asks for a type, or says what it made of our last response."""

    type_url: str
    names: frozenset[str] = frozenset()
    nonce: str = ""
    version: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    type_url: str
    version: str
    nonce: str
    resources: tuple[bytes, ...] = ()


def read_request(wire: bytes) -> Request:
    # Any: the attributes of a message are made from its type as the program runs.
    request: Any = proto.empty(_REQUEST)
    request.ParseFromString(wire)
    return Request(
        type_url=request.type_url,
        names=frozenset(request.resource_names),
        nonce=request.response_nonce,
        version=request.version_info,
        error=request.error_detail.message if request.HasField("error_detail") else None,
    )


def response_bytes(response: Response) -> bytes:
    answer: Any = proto.empty(_RESPONSE)
    answer.type_url = response.type_url
    answer.version_info = response.version
    answer.nonce = response.nonce
    for resource in response.resources:
        answer.resources.add(type_url=response.type_url, value=resource)
    wire: bytes = answer.SerializeToString()
    return wire
