"""Our side of the discovery conversation with one Envoy, state of the world, without I/O.

The protocol in short: Envoy asks for a type, optionally by names. We answer with a version
and a nonce. It repeats the question with that nonce: with our version when it took the answer
(ACK), or with the version it kept and an error when it did not (NACK). A question whose nonce
is not our last one for that type is out of date and says nothing.

A type is pushed only when every type before it in `PUSH_ORDER` is acknowledged, so Envoy never
holds a route to a cluster that it does not know.
See https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controlplane.xds.messages import Request, Response
from controlplane.xds.snapshot import PUSH_ORDER, ROUTE, SHORT_NAMES

if TYPE_CHECKING:
    from controlplane.xds.snapshot import Bundle, Snapshot


@dataclass(frozen=True, slots=True)
class Rejection:
    """Envoy said no, and why."""

    type_url: str
    reason: str

    def saying(self, reason: str) -> str:
        return f"Envoy rejected the {SHORT_NAMES[self.type_url]} update: {reason}"


@dataclass(slots=True)
class _Subscription:
    wanted: frozenset[str] = frozenset()
    """By name, as RDS asks; CDS and LDS ask for nothing by name and get everything."""
    sent: str = ""
    sent_names: frozenset[str] = frozenset()
    nonce: str = ""
    acked: str = ""
    rejected: str = ""
    reason: str = ""


@dataclass(slots=True)
class Session:
    _subscriptions: dict[str, _Subscription] = field(default_factory=dict)
    _count: int = 0

    def receive(self, request: Request) -> None:
        if request.type_url not in PUSH_ORDER:
            return
        subscription = self._subscriptions.setdefault(request.type_url, _Subscription())
        if request.nonce != subscription.nonce:
            return
        subscription.wanted = request.names
        if not subscription.nonce:
            return
        if request.error is not None:
            subscription.rejected = subscription.sent
            subscription.reason = " ".join(request.error.split())
        elif request.version == subscription.sent:
            subscription.acked = subscription.sent
            subscription.rejected = ""

    def due(self, snapshot: Snapshot) -> Response | None:
        """What to send now; None while Envoy has all it may have."""
        for type_url in PUSH_ORDER:
            subscription = self._subscriptions.get(type_url)
            bundle = snapshot.bundle(type_url)
            if subscription is None:
                continue
            names = _answer(type_url, subscription, bundle)
            if _needs(subscription, bundle, names):
                return self._send(type_url, subscription, bundle, names)
            if not self._holds(type_url, bundle):
                return None
        return None

    def acknowledged(self, snapshot: Snapshot) -> bool:
        return all(self._holds(each, snapshot.bundle(each)) for each in PUSH_ORDER)

    def rejection(self, snapshot: Snapshot) -> Rejection | None:
        for type_url, subscription in self._subscriptions.items():
            if subscription.rejected == snapshot.bundle(type_url).version:
                return Rejection(type_url, subscription.reason)
        return None

    def versions(self) -> dict[str, str]:
        """The acknowledged version of each type, for people."""
        return {SHORT_NAMES[url]: each.acked for url, each in self._subscriptions.items()}

    def _holds(self, type_url: str, bundle: Bundle) -> bool:
        subscription = self._subscriptions.get(type_url)
        if subscription is None:
            return type_url == ROUTE and not bundle.resources
        if type_url == ROUTE and not _answer(type_url, subscription, bundle):
            return True
        return subscription.acked == bundle.version

    def _send(
        self, type_url: str, subscription: _Subscription, bundle: Bundle, names: frozenset[str]
    ) -> Response:
        self._count += 1
        subscription.sent = bundle.version
        subscription.sent_names = names
        subscription.nonce = str(self._count)
        subscription.acked = subscription.rejected = ""
        return Response(
            type_url=type_url,
            version=bundle.version,
            nonce=subscription.nonce,
            resources=tuple(resource for name, resource in bundle.resources if name in names),
        )


def _needs(subscription: _Subscription, bundle: Bundle, names: frozenset[str]) -> bool:
    if subscription.sent not in {subscription.acked, subscription.rejected}:
        # Envoy has not judged the last answer yet. A second one now would make that
        # judgement look out of date, and a NACK would be lost.
        return False
    if subscription.sent != bundle.version:
        return True
    return not names <= subscription.sent_names


def _answer(type_url: str, subscription: _Subscription, bundle: Bundle) -> frozenset[str]:
    names = frozenset(bundle.names)
    return names & subscription.wanted if type_url == ROUTE else names
