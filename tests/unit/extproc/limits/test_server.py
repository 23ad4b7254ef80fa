"""What Envoy asks of shared limits, read; and what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from extproc.limits.counts import Charge, Limit, Standing
from extproc.limits.server import UnfitError, read, told
from extproc.wire.archgw_ratelimit_pb2 import RateLimitRequest, RateLimitResponse

HOUR = 3


def request(*descriptors: dict[str, Any], domain: str = "shop") -> bytes:
    made = RateLimitRequest(domain=domain)
    for each in descriptors:
        written = made.descriptors.add(is_negative_hits=each.get("back", False))
        for key, value in each["entries"]:
            written.entries.add(key=key, value=value)
        if "limit" in each:
            written.limit.requests_per_unit, written.limit.unit = each["limit"]
        if "hits" in each:
            written.hits_addend.value = each["hits"]
    return made.SerializeToString()


ONE = {"entries": [("limit", "one.100-hour"), ("who", "web")], "limit": (100, HOUR), "hits": 7}


def test_a_request_before_a_call() -> None:
    """Its tokens are taken from the limit that it brings, of whom it names."""
    asked = read(request(ONE))
    assert not asked.settles
    (charge,) = asked.charges
    assert (charge.tokens, charge.limit.tokens, charge.limit.seconds) == (7, 100, 3600)
    assert charge.limit.key.startswith("shop:")
    assert "web" not in charge.limit.key


def test_a_request_after_it() -> None:
    """What gives something back settles, were it nothing."""
    asked = read(request({**ONE, "back": True, "hits": 0}, {**ONE, "hits": 30}))
    assert asked.settles
    assert [each.tokens for each in asked.charges] == [0, 30]
    assert len({each.limit for each in asked.charges}) == 1


def test_what_is_counted_apart() -> None:
    """Another domain, limit or client is another sum, however its words are cut."""
    others = [
        request(ONE),
        request(ONE, domain="other"),
        request({**ONE, "entries": [("limit", "one.100-hour"), ("who", "batch")]}),
        request({**ONE, "entries": [("limit", "one.100-hourw"), ("ho", "web")]}),
        request({**ONE, "entries": [("limit", "one.100-hour")]}),
    ]
    assert len({read(each).charges[0].limit.key for each in others}) == len(others)


@pytest.mark.parametrize("limit", [None, (0, HOUR), (5, 0), (5, 6)])
def test_no_limit_is_brought(limit: tuple[int, int] | None) -> None:
    """There are none here: whoever asks without one is told so, and let through by nobody."""
    written = {key: value for key, value in ONE.items() if key != "limit"}
    with pytest.raises(UnfitError):
        read(request({**written, "limit": limit} if limit else written))


def test_a_refusal_tells_the_limit_that_takes_longest() -> None:
    """So that a client that waits so long is not refused by the other one."""
    charges = [Charge(Limit(key, 100, 3600), 7) for key in "abc"]
    standings = [Standing(False, 3, 20), Standing(True, 50, 1), Standing(False, 1, 90)]
    answer = RateLimitResponse.FromString(told(taken=False, charges=charges, standings=standings))
    assert answer.overall_code == RateLimitResponse.OVER_LIMIT
    assert [each.code for each in answer.statuses] == [2, 1, 2]
    assert [each.HasField("current_limit") for each in answer.statuses] == [False, False, True]
    assert answer.statuses[2].duration_until_reset.seconds == 90
    assert answer.statuses[2].current_limit.unit == HOUR
