"""The discovery conversation with one Envoy, message by message."""

from __future__ import annotations

from dataclasses import replace

from controlplane.xds.messages import Request, Response
from controlplane.xds.session import Session
from controlplane.xds.snapshot import CLUSTER, LISTENER, ROUTE, Bundle, Snapshot


def bundle(**values: str) -> Bundle:
    return Bundle.of({name: value.encode() for name, value in values.items()})


def ask(type_url: str, *names: str) -> Request:
    return Request(type_url, frozenset(names))


def ack(answer: Response, *names: str) -> Request:
    return Request(answer.type_url, frozenset(names), answer.nonce, answer.version)


def nack(answer: Response, reason: str, kept: str = "") -> Request:
    return Request(answer.type_url, frozenset(), answer.nonce, kept, reason)


ONE = Snapshot(bundle(c="1"), bundle(l="1"), bundle(r="1"))


def started(snapshot: Snapshot = ONE) -> Session:
    """A session in which Envoy has taken everything."""
    session = Session()
    for type_url, names in ((CLUSTER, ()), (LISTENER, ()), (ROUTE, ("r",))):
        session.receive(ask(type_url, *names))
        answer = session.due(snapshot)
        assert answer is not None
        session.receive(ack(answer, *names))
    assert session.acknowledged(snapshot)
    return session


def test_nothing_is_sent_unasked() -> None:
    """Before Envoy subscribes there is nothing due, and nothing counts as acknowledged."""
    session = Session()
    assert session.due(ONE) is None
    assert not session.acknowledged(ONE)
    assert not session.acknowledged(Snapshot())


def test_answer_is_sent_once() -> None:
    """While Envoy thinks it over, and after it agreed, there is nothing more to say."""
    session = Session()
    session.receive(ask(CLUSTER))
    answer = session.due(ONE)
    assert answer is not None
    assert answer.version == ONE.clusters.version
    assert answer.resources == (b"1",)
    assert session.due(ONE) is None
    session.receive(ack(answer))
    assert session.due(ONE) is None


def test_listeners_wait_for_clusters() -> None:
    """A type goes out only when the types before it are acknowledged."""
    session = Session()
    session.receive(ask(LISTENER))
    session.receive(ask(CLUSTER))
    first = session.due(ONE)
    assert first is not None
    assert first.type_url == CLUSTER
    assert session.due(ONE) is None
    session.receive(ack(first))
    second = session.due(ONE)
    assert second is not None
    assert second.type_url == LISTENER


def test_unchanged_type_is_not_sent_again() -> None:
    """A new snapshot with the same listeners says nothing about listeners."""
    session = started()
    new = Snapshot(ONE.clusters, ONE.listeners, bundle(r="2"))
    assert not session.acknowledged(new)
    answer = session.due(new)
    assert answer is not None
    assert answer.type_url == ROUTE
    session.receive(ack(answer, "r"))
    assert session.due(new) is None
    assert session.acknowledged(new)


def test_nack_carries_the_reason_and_stops_the_rest() -> None:
    """After a refusal nothing later is sent, and the reason is there to read."""
    session = started()
    bad = Snapshot(bundle(c="bad"), bundle(l="2"), bundle(r="2"))
    answer = session.due(bad)
    assert answer is not None
    session.receive(nack(answer, "no\n  such thing", kept=ONE.clusters.version))
    rejection = session.rejection(bad)
    assert rejection is not None
    assert rejection.reason == "no such thing"
    assert "CDS" in rejection.saying(rejection.reason)
    assert session.due(bad) is None
    assert not session.acknowledged(bad)


def test_the_old_snapshot_can_be_given_back() -> None:
    """After a refusal the old version is sent again, because Envoy may have taken a part."""
    session = started()
    bad = Snapshot(bundle(c="bad"), ONE.listeners, ONE.routes)
    answer = session.due(bad)
    assert answer is not None
    session.receive(nack(answer, "no"))
    back = session.due(ONE)
    assert back is not None
    assert back.version == ONE.clusters.version
    assert session.rejection(ONE) is None
    assert not session.acknowledged(ONE)
    session.receive(ack(back))
    assert session.acknowledged(ONE)


def test_refused_snapshot_can_be_tried_again() -> None:
    """What failed once, such as a port in use, may work the next time."""
    session = started()
    moved = Snapshot(ONE.clusters, bundle(l="2"), ONE.routes)
    for last in (False, True):
        answer = session.due(moved)
        assert answer is not None
        if last:
            session.receive(ack(answer))
            break
        session.receive(nack(answer, "address in use"))
        back = session.due(ONE)
        assert back is not None
        session.receive(ack(back))
    assert session.acknowledged(moved)
    assert session.rejection(moved) is None


def test_late_answer_to_an_old_question_says_nothing() -> None:
    """A request with another nonce than the last is neither ACK nor NACK."""
    session = started()
    new = Snapshot(bundle(c="2"), ONE.listeners, ONE.routes)
    answer = session.due(new)
    assert answer is not None
    session.receive(replace(ack(answer), nonce="0"))
    assert not session.acknowledged(new)
    session.receive(ack(answer))
    assert session.acknowledged(new)


def test_second_change_waits_for_the_first_judgement() -> None:
    """With an answer under way nothing newer is sent, or its NACK would be lost."""
    session = started()
    second, third = (Snapshot(bundle(c=value), ONE.listeners, ONE.routes) for value in "23")
    answer = session.due(second)
    assert answer is not None
    assert session.due(third) is None
    session.receive(ack(answer))
    follow = session.due(third)
    assert follow is not None
    assert follow.version == third.clusters.version


def test_route_asked_for_later_is_sent_though_the_version_is_the_same() -> None:
    """A new listener makes Envoy ask for one more route of a version it has."""
    snapshot = Snapshot(ONE.clusters, ONE.listeners, bundle(r="1", s="1"))
    session = Session()
    for type_url, names in ((CLUSTER, ()), (LISTENER, ()), (ROUTE, ("r",))):
        session.receive(ask(type_url, *names))
        answer = session.due(snapshot)
        assert answer is not None
        session.receive(ack(answer, *names))
    assert answer.resources == (b"1",)
    session.receive(ack(answer, "r", "s"))
    more = session.due(snapshot)
    assert more is not None
    assert len(more.resources) == 2
    session.receive(ack(more, "r", "s"))
    assert session.due(snapshot) is None


def test_routes_nobody_asks_for_hold_nothing_up() -> None:
    """When the last listener goes, Envoy asks for no route, and that is settled."""
    session = started()
    answer = Response(ROUTE, ONE.routes.version, session._subscriptions[ROUTE].nonce)
    session.receive(ack(answer))
    assert session.acknowledged(Snapshot(ONE.clusters, ONE.listeners, bundle(r="9")))


def test_types_we_do_not_serve_are_ignored() -> None:
    """A question for another type neither fails nor gets an answer."""
    session = started()
    session.receive(ask("type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"))
    assert session.due(ONE) is None
