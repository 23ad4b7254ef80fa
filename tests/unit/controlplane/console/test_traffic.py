"""Counters become rates, buckets become percentiles."""

from __future__ import annotations

import datetime as dt

import pytest

from controlplane.console.traffic import Traffic, percentile
from controlplane.supervise import exposition
from controlplane.supervise.http import Place

SCRAPE = """\
# TYPE archgw_requests_total counter
archgw_requests_total{{listener="llm",provider="one",model="m",client="web",status="200"}} {ok}
archgw_requests_total{{listener="llm",provider="one",model="m",client="app",status="503"}} {bad}
archgw_requests_total{{listener="prompt",status="429"}} 7
# TYPE archgw_input_tokens_total counter
archgw_input_tokens_total{{provider="one",model="m",client="web"}} {tokens}
# TYPE archgw_cost_total counter
archgw_cost_total{{provider="one",model="m",client="web"}} {cost}
# TYPE request_latency histogram
request_latency_bucket{{provider="one",le="100"}} {ok}
request_latency_bucket{{provider="one",le="200"}} {ok}
request_latency_bucket{{provider="one",le="+Inf"}} {ok}
# TYPE archgw_extproc_targets_total counter
archgw_extproc_targets_total{{process="extproc-0",target="weather"}} {ok}
archgw_extproc_targets_total{{process="extproc-1",target="weather"}} {ok}
# TYPE envoy_other counter
envoy_other 9
"""


def traffic(*rows: tuple[int, int, int, float]) -> Traffic:
    made = Traffic(Place())
    now = dt.datetime.now(dt.UTC).timestamp()
    for number, (ok, bad, tokens, cost) in enumerate(rows):
        text = SCRAPE.format(ok=ok, bad=bad, tokens=tokens, cost=cost)
        made.add(now - 5 * (len(rows) - number), exposition.families(text))
    return made


def chart(made: Traffic, name: str, by: str = "provider") -> dict[str, list[float]]:
    found = made.told(by, 60)["charts"][name]
    return dict(zip(found["names"], found["values"], strict=True))


ROWS = ((10, 0, 100, 0.5), (20, 0, 300, 0.6), (20, 5, 300, 0.6))


def test_a_rate_is_what_came_in_a_second() -> None:
    """Between two looks, told apart by what is asked for."""
    made = traffic(*ROWS)
    assert len(made.told("provider", 60)["times"]) == 2
    assert chart(made, "requests") == {"no provider": [0, 0], "one": [2, 1]}
    assert chart(made, "requests", "client") == {"no client": [0, 0], "web": [2, 0], "app": [0, 1]}
    assert chart(made, "requests", "target") == {"weather": [4, 0]}


def test_errors_are_by_status() -> None:
    """A limit is told apart from other errors; what went well is none."""
    assert chart(traffic(*ROWS), "errors") == {"429": [0, 0], "5xx": [0, 1]}


def test_tokens_and_cost() -> None:
    """By target nobody counts them: then they are of all."""
    made = traffic(*ROWS)
    assert chart(made, "tokens") == {"one in": [40, 0]}
    assert chart(made, "tokens", "target") == {"all in": [40, 0]}
    assert chart(made, "cost")["one"] == pytest.approx([72, 0])


def test_percentiles_are_of_what_came() -> None:
    """In seconds, between the bounds; what was counted before the first look is not in them."""
    assert chart(traffic(*ROWS), "latency")["50 %"] == [0.05, 0.05]
    assert chart(traffic(ROWS[0], ROWS[0]), "latency")["50 %"] == [None]


def test_a_process_that_began_anew_counts_from_nothing() -> None:
    """No rate is below zero."""
    assert chart(traffic((100, 0, 0, 0), (5, 0, 0, 0)), "requests")["one"] == [1]


def test_many_names_are_a_few_and_the_others() -> None:
    """A chart with a hundred lines tells nobody anything."""
    made = Traffic(Place())
    now = dt.datetime.now(dt.UTC).timestamp()
    for at, scale in ((now - 5, 0), (now, 1)):
        lines = [f'archgw_requests_total{{model="m{n}"}} {scale * n}' for n in range(20)]
        text = "\n".join(["# TYPE archgw_requests_total counter", *lines])
        made.add(at, exposition.families(text))
    found = chart(made, "requests", "model")
    assert len(found) == 9
    assert sum(row[0] for row in found.values()) == pytest.approx(sum(range(20)) / 5, rel=1e-3)


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([], 0.5, None),
        ([(1.0, 0.0), (float("inf"), 0.0)], 0.5, None),
        ([(1.0, 10.0), (float("inf"), 10.0)], 0.5, 0.5),
        ([(1.0, 0.0), (3.0, 10.0), (float("inf"), 10.0)], 0.5, 2.0),
        ([(1.0, 0.0), (float("inf"), 10.0)], 0.99, 1.0),
    ],
)
def test_a_percentile(
    buckets: list[tuple[float, float]], share: float, expected: float | None
) -> None:
    """Beyond the last bound the last bound is all that is known."""
    assert percentile(buckets, share) == expected
