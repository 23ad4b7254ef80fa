"""The table of metrics, what Envoy is told of it, and what docs/ say of it, are the same."""

from __future__ import annotations

import json
from pathlib import Path

from controlplane import ir, metric_names
from controlplane.emit import metrics

TOLD = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
LISTENER = ir.Listener("prompt", "127.0.0.1", 1, (), 1)


def test_each_is_counted() -> None:
    """Each row of the table is a metric of Envoy's, of the row's kind; errors have more labels."""
    loggers = [each["typed_config"] for each in metrics.logs(LISTENER, prices=True)]
    told = [
        (each["stat"]["name"], kind)
        for logger in loggers
        for kind in ("counter", "histogram")
        for each in logger.get(f"{kind}s", ())
    ]
    assert set(told) == {(each.stat, each.kind) for each in metric_names.COUNTED}
    assert len(told) == len(set(told)) + 1


def test_buckets_are_of_one_metric() -> None:
    """Bounds are found by how a name begins: no two may begin alike."""
    stats = [each.stat for each in metric_names.COUNTED if each.buckets]
    assert not [(one, two) for one in stats for two in stats if one != two and two.startswith(one)]


def test_totals_are_counted() -> None:
    """The counter that has a histogram's sum is counted by the same labels, and the client."""
    tags = {
        each["stat"]["name"]: [tag["name"] for tag in each["stat"]["tags"]]
        for logger in metrics.logs(LISTENER, prices=True)
        for kind in ("counters", "histograms")
        for each in logger["typed_config"].get(kind, ())
    }
    summed = [each for each in metric_names.COUNTED if each.total]
    assert summed
    for each in summed:
        assert tags[each.total] == [*tags[each.stat], "client"]


def test_readme_names_them() -> None:
    """A name that no page has is found by nobody; of the newest it tells an example."""
    names = {
        shown.name
        for each in metric_names.COUNTED
        for shown in each.shown
        if shown.edition != "newer"
    }
    names |= {metric_names.UP, metric_names.RESTARTS, metric_names.CONFIG_INFO}
    names |= {metric_names.READY, metric_names.BUILD_INFO}
    names |= set(metric_names.ALSO_CALLED.values())
    assert {name for name in names if f"`{name}`" not in TOLD} == set()


def test_no_label_is_a_clients_word() -> None:
    """What a client sends is in no operator of a label: no header, no path, no query."""
    told = json.dumps(
        [
            each["stat"]["tags"]
            for logger in metrics.logs(LISTENER, prices=True)
            for kind in ("counters", "histograms")
            for each in logger["typed_config"].get(kind, ())
        ]
    )
    for operator in ("%REQ(", "%PATH", "request.headers", "request.path", "%RESP(", "%DOWNSTREAM"):
        assert operator not in told
