"""Snapshots: versions follow the content, and every step on the way is complete."""

from __future__ import annotations

from controlplane.xds.snapshot import CLUSTER, PUSH_ORDER, Bundle, Snapshot, steps


def bundle(**values: str) -> Bundle:
    return Bundle.of({name: value.encode() for name, value in values.items()})


def test_version_follows_content_not_order() -> None:
    """The same resources in any order have one version; any other content another one."""
    one, two = bundle(a="1", b="2"), bundle(b="2", a="1")
    assert one.version == two.version
    versions = {one.version, bundle(a="1").version, bundle(a="1", b="3").version, Bundle().version}
    assert len(versions) == 4


def test_version_cannot_be_confused_by_where_a_name_ends() -> None:
    """Name and content are kept apart in the hash."""
    assert bundle(ab="c").version != bundle(a="bc").version


def test_unchanged_snapshot_needs_no_step() -> None:
    """Nothing is pushed for a file that was only saved again."""
    snapshot = Snapshot(bundle(a="1"), bundle(l="1"), bundle(r="1"))
    assert steps(snapshot, snapshot) == ()


def test_routes_alone_touch_no_listener() -> None:
    """A change of routes is one step, and the listeners keep their version."""
    old = Snapshot(bundle(a="1"), bundle(l="1"), bundle(r="1"))
    new = Snapshot(bundle(a="1"), bundle(l="1"), bundle(r="2"))
    path = steps(old, new)
    assert path == (new,)
    assert path[0].listeners.version == old.listeners.version


def test_removed_cluster_outlives_the_routes_to_it() -> None:
    """No step has a route whose cluster is not there, and the last one still has the old one."""
    old = Snapshot(bundle(old="1"), bundle(l="1"), bundle(r="to old"))
    new = Snapshot(bundle(new="1"), bundle(l="1"), bundle(r="to new"))
    path = steps(old, new)
    assert [step.clusters.names for step in path] == [("new", "old"), ("new", "old")]
    assert [step.routes for step in path] == [old.routes, new.routes]


def test_new_listener_finds_its_route_when_it_comes() -> None:
    """Routes only a new listener needs come with it; known ones change after it."""
    old = Snapshot(bundle(a="1"), bundle(l="1"), bundle(r="1"))
    new = Snapshot(bundle(a="1"), bundle(l="1", p="1"), bundle(r="2", pr="1"))
    first, second = steps(old, new)
    assert first.listeners == new.listeners
    assert first.routes.by_name["r"] == b"1"
    assert "pr" in first.routes.names
    assert second == new


def test_changed_cluster_is_replaced_at_once() -> None:
    """Of two clusters of one name the new one is pushed."""
    old, new = Snapshot(bundle(a="1")), Snapshot(bundle(a="2"))
    assert steps(old, new) == (new,)


def test_push_order_puts_clusters_first() -> None:
    """Envoy must know a cluster before a route names it."""
    assert PUSH_ORDER[0] == CLUSTER
