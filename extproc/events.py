"""What Envoy tells us of a request, and what we may tell Envoy to do. No protobuf here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extproc.contract import Form
    from extproc.errors import GatewayError


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """Names in lower case; several of one name are joined by commas, as HTTP has it."""

    headers: Mapping[str, str]
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class RequestBody:
    body: bytes = field(repr=False)


Event = RequestHeaders | RequestBody


@dataclass(frozen=True, slots=True)
class Proceed:
    """The headers are fine: send the body."""


@dataclass(frozen=True, slots=True)
class Forward:
    """On to the LLM with this body, and what its answer is to have: one of the two, or neither."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    events: str = field(default="", repr=False)
    """Whole events before the first one of a stream."""
    members: str = field(default="", repr=False)
    """Members of the first object, each with its comma."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The client's answer; the LLM is not asked."""

    body: bytes = field(repr=False)
    form: Form
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """An error for the client."""

    error: GatewayError


Outcome = Proceed | Forward | Answer | Reject
