"""Envoy's rate limit service: what it asks, and how it is told.

A request before a call takes its tokens from limits, all or none. One after it gives back what was
taken and charges what the call cost; it is known by that it gives something back. The limit itself
comes with each request, so there is nothing to configure here, and gateways of different configs may
ask the same service.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
from google.protobuf.message import DecodeError
from grpc import aio
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from extproc.limits.counts import Charge, Limit, Standing, UnavailableError
from extproc.serving import ASKED_FOR_LIFE
from extproc.telemetry import log
from extproc.wire.archgw_ratelimit_pb2 import Descriptor, RateLimitRequest, RateLimitResponse
from extproc.wire.archgw_ratelimit_pb2 import Limit as Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.limits.counts import Counts
    from extproc.limits.telling import Metrics
    from extproc.serving import Health

_UNITS: Final = {1: Unit.SECOND, 60: Unit.MINUTE, 3600: Unit.HOUR, 86400: Unit.DAY}
"""By their seconds."""
_SECONDS: Final = {unit: seconds for seconds, unit in _UNITS.items()}
_OK, _OVER_LIMIT = RateLimitResponse.OK, RateLimitResponse.OVER_LIMIT


class UnfitError(Exception):
    """A request that nothing can be counted by; its text is for whoever configured it."""


class RateLimits:
    def __init__(self, counts: Counts, metrics: Metrics) -> None:
        self._counts = counts
        self._metrics = metrics
        self._well = True
        self._settling: set[asyncio.Task[None]] = set()

    async def should_rate_limit(
        self, message: bytes, context: aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        try:
            asked = read(message)
        except (DecodeError, UnfitError) as error:
            self._metrics.requests.labels("unfit").inc()
            return _failed(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        if asked.settles:
            # Envoy does not wait for what comes of it, nor does it ask again.
            settling = asyncio.ensure_future(self._settle(asked.charges))
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)
            return told(taken=True, charges=(), standings=())
        return await self._take(asked.charges, context)

    async def _take(
        self, charges: Sequence[Charge], context: aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        try:
            with self._metrics.seconds.time():
                taken, standings = await self._counts.take(charges)
        except UnavailableError as error:
            self._fails(error)
            return _failed(context, grpc.StatusCode.UNAVAILABLE, "Redis does not answer")
        self._say(well=True)
        self._metrics.requests.labels("taken" if taken else "refused").inc()
        return told(taken=taken, charges=charges, standings=standings)

    async def _settle(self, charges: Sequence[Charge]) -> None:
        try:
            await self._counts.settle(charges)
        except UnavailableError as error:
            self._fails(error)
        else:
            self._metrics.requests.labels("settled").inc()

    async def end(self) -> None:
        """What calls have cost that ended just now is charged still."""
        await asyncio.gather(*self._settling)

    def _fails(self, error: UnavailableError) -> None:
        self._metrics.requests.labels("failed").inc()
        self._say(well=False, reason=error.reason)

    def _say(self, *, well: bool, reason: str = "") -> None:
        """Once when it fails, and once when it is well again: not a line for each request."""
        if well == self._well:
            return
        self._well = well
        if well:
            log.info("redis.answers")
        else:
            log.warning("redis.does_not_answer", reason=reason)


@dataclass(frozen=True, slots=True)
class Asked:
    charges: tuple[Charge, ...]
    settles: bool


def _failed(context: aio.ServicerContext[bytes, bytes], code: grpc.StatusCode, why: str) -> bytes:
    """Not `abort`, which complains of a client that has gone."""
    context.set_code(code)
    context.set_details(why)
    return b""


def read(message: bytes) -> Asked:
    request = RateLimitRequest.FromString(message)
    settles = any(each.is_negative_hits for each in request.descriptors)
    return Asked(tuple(_charge(each, request) for each in request.descriptors), settles)


def _charge(written: Descriptor, request: RateLimitRequest) -> Charge:
    seconds = _SECONDS.get(written.limit.unit)
    if not seconds or not written.limit.requests_per_unit:
        raise UnfitError("a descriptor brings no limit, and there are none here")
    hits = request.hits_addend or 1
    if written.HasField("hits_addend"):
        hits = written.hits_addend.value
    key = _key(request.domain, written)
    limit = Limit(key, written.limit.requests_per_unit, seconds)
    return Charge(limit, -hits if written.is_negative_hits else hits)


def _key(domain: str, written: Descriptor) -> str:
    """A digest: who is counted stands nowhere in Redis."""
    parts = [part for entry in written.entries for part in (entry.key, entry.value)]
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{domain}:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def told(*, taken: bool, charges: Sequence[Charge], standings: Sequence[Standing]) -> bytes:
    """Of a refusal only the limit that takes longest is told, so that nobody comes back too soon."""
    answer = RateLimitResponse(overall_code=_OK if taken else _OVER_LIMIT)
    longest = max((each.wait for each in standings if not each.holds), default=0)
    for charge, standing in zip(charges, standings, strict=True):
        status = answer.statuses.add(code=_OK if standing.holds else _OVER_LIMIT)
        if not taken and (standing.holds or standing.wait < longest):
            continue
        status.current_limit.requests_per_unit = charge.limit.tokens
        status.current_limit.unit = _UNITS[charge.limit.seconds]
        status.limit_remaining = standing.remaining
        status.duration_until_reset.seconds = standing.wait
    return answer.SerializeToString()


def create_server(limits: RateLimits, checks: Health) -> aio.Server:
    server = aio.server(options=ASKED_FOR_LIFE)
    handler = grpc.unary_unary_rpc_method_handler(limits.should_rate_limit)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "envoy.service.ratelimit.v3.RateLimitService", {"ShouldRateLimit": handler}
            ),
        )
    )
    add_HealthServicer_to_server(checks, server)
    return server
