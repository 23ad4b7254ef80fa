"""The arithmetic of budgets: what is taken, owed, given back, and when there is some again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.envoy.scripts import Script

_CONSTANTS = """
local clock = {now = 0}
local function milliseconds() return clock.now end
local NAMES, MODELS, BEGINNINGS, KINDS, ORIGINS = {}, {}, {}, {}, {}
local CLIENTS = {web = true, batch = true}
local HOUR = {name = "one.100-hour", what = "one", tokens = 100, seconds = 3600, unit = "an hour"}
local DAY = {name = "*.150-day", what = "all providers", tokens = 150, seconds = 86400, unit = "a day"}
local ROUTES = {
  one = {limits = {}, budgets = {each = {HOUR}, named = {batch = {HOUR, DAY}}}},
  free = {limits = {}},
}
"""
_LUA = Script(
    _CONSTANTS, "choose.lua", "spend", "settle", "gauge_of", "in_words", "ROUTES", "clock"
)


@dataclass
class Gauge:
    name: str
    all: Counter[str]

    def as_lua(self) -> dict[bytes, Any]:
        def add(_self: object, n: float) -> None:
            self.all[self.name] += int(n)

        def sub(_self: object, n: float) -> None:
            self.all[self.name] -= int(n)

        def set_(_self: object, n: float) -> None:
            self.all[self.name] = int(n)

        return {
            b"value": lambda _self: self.all[self.name],
            b"add": add,
            b"sub": sub,
            b"set": set_,
        }


@dataclass
class Envoy:
    """A clock and gauges; an answer's headers, chunks and what was told of its cost."""

    now: float = 1.8e9
    gauges: Counter[str] = field(default_factory=Counter)
    status: bytes = b"200"
    kind: bytes = b"application/json"
    chunks: tuple[int, ...] = ()
    total: int | None = None
    leaves: bool = False

    def handle(self) -> Any:
        _LUA.constant("clock")[b"now"] = round(self.now * 1000)
        table = _LUA.table
        headers = {b":status": self.status, b"content-type": self.kind}
        metadata = {} if self.total is None else {b"total_tokens": self.total}

        def gauge(_self: object, name: bytes) -> Any:
            return table(Gauge(name.decode(), self.gauges).as_lua())

        def chunks(_self: object) -> Any:
            coming = iter(self.chunks)

            def following(*_state: object) -> Any:
                size = next(coming, None)
                if size is None:
                    if self.leaves:
                        raise ConnectionResetError
                    return None
                return table({b"length": lambda _self: size})

            return following

        known = table({b"get": lambda _self, _name: table(metadata)})
        stream = table({b"dynamicMetadata": lambda _self: known})
        return table(
            {
                b"stats": lambda _self: table({b"gauge": gauge}),
                b"headers": lambda _self: table({b"get": lambda _self, name: headers.get(name)}),
                b"bodyChunks": chunks,
                b"streamInfo": lambda _self: stream,
            }
        )

    def spend(self, tokens: int, client: str | None = "web", route: str = "one") -> str | None:
        """What is said of a call that is not let in."""
        name = client.encode() if client else None
        found = _LUA.call("spend", self.handle(), _route(route), name, tokens)
        return None if found is None else bytes(found[1]).decode()

    def wait(self, tokens: int, client: str | None = "web") -> int:
        found = _LUA.call("spend", self.handle(), _route("one"), client and client.encode(), tokens)
        return int(bytes(found[0][b"retry-after"]))

    def settle(self, estimated: int, client: str = "web", **more: bool) -> None:
        known = {b"client": client.encode(), b"est_tokens": b"%d" % estimated}
        known |= {name.encode(): value for name, value in more.items()}
        _LUA.call("settle", self.handle(), _route("one"), known)


def _route(name: str) -> Any:
    return _LUA.constant("ROUTES")[name.encode()]


def test_until_it_is_spent() -> None:
    """Just so many tokens as there are, and the first that is too many says when there are some."""
    envoy = Envoy()
    assert [envoy.spend(40), envoy.spend(60)] == [None, None]
    assert envoy.wait(1) == 36
    envoy.now += 35
    assert envoy.wait(1) == 1
    envoy.now += 1
    assert envoy.spend(1) is None
    assert envoy.wait(100) == 3600


def test_no_more_than_the_whole_comes_in() -> None:
    """Who spends nothing for days has one budget, not several."""
    envoy = Envoy()
    envoy.spend(10)
    envoy.now += 1e6
    assert envoy.spend(100) is None
    assert envoy.spend(1) is not None


def test_a_debt_is_paid_before_the_next_call() -> None:
    """An answer that cost five budgets is paid off in five periods, not in one."""
    envoy = Envoy(total=500)
    envoy.spend(10)
    envoy.settle(10)
    assert envoy.wait(10) == 41 * 360
    envoy.now += 41 * 360
    assert envoy.spend(10) is None


def test_what_was_not_used_is_given_back() -> None:
    """An estimate that was too high counts no longer than until the answer's end."""
    envoy = Envoy(total=4)
    for _ in range(25):
        assert envoy.spend(90) is None
        envoy.settle(90)
        envoy.now += 4 * 36


@pytest.mark.parametrize("status", [b"400", b"429", b"503"])
def test_an_error_costs_nothing(status: bytes) -> None:
    """All of the estimate comes back."""
    envoy = Envoy(status=status)
    envoy.spend(90)
    envoy.settle(90)
    assert envoy.spend(100) is None


def test_what_was_refused_is_given_back_once() -> None:
    """The answer to a call that the budget itself refused settles nothing."""
    envoy = Envoy(status=b"429")
    envoy.spend(90)
    assert envoy.spend(90) is not None
    envoy.settle(90, over_budget=True)
    assert envoy.wait(100) == 90 * 36


def test_an_answer_that_does_not_tell() -> None:
    """The estimate stands."""
    envoy = Envoy(chunks=(1000,))
    envoy.spend(90)
    envoy.settle(90)
    assert envoy.wait(20) == 360


def test_a_stream_counts_as_it_comes() -> None:
    """Until it tells what it cost its bytes are counted; then that holds in their place."""
    left = Envoy(kind=b"text/event-stream", chunks=(150, 300, 1), leaves=True)
    left.spend(10)
    with pytest.raises(ConnectionResetError):
        left.settle(10)
    assert left.wait(100) == 14 * 36
    whole = Envoy(kind=b"text/event-stream; charset=utf-8", chunks=(150, 300, 1), total=20)
    whole.spend(10)
    whole.settle(10)
    assert whole.wait(100) == 20 * 36


def test_all_of_them_or_none() -> None:
    """What one budget refuses is not taken from the other."""
    envoy = Envoy()
    assert [envoy.spend(90, "batch"), envoy.spend(10, "batch")] == [None, None]
    envoy.now += 3600
    said = envoy.spend(90, "batch")
    assert said == (
        'the client "batch" has used up a limit, 150 tokens a day for all providers; the prompt is '
        "about 90 tokens long: try again in 6 h"
    )
    assert [envoy.spend(50, "batch"), envoy.spend(4, "batch")] == [None, None]


def test_a_prompt_larger_than_the_budget() -> None:
    """It is told that it will never do, and takes nothing."""
    envoy = Envoy()
    assert "more than clients without a name may send at all" in (envoy.spend(101, None) or "")
    assert envoy.spend(100, None) is None


def test_each_client_its_own() -> None:
    """Whom the config names has one by itself; all without a name have one together."""
    envoy = Envoy()
    for client in ("web", "batch", None):
        assert envoy.spend(100, client) is None
        assert envoy.spend(1, client) is not None
    assert envoy.spend(10_000, route="free") is None


def test_names_of_strangers_share_some() -> None:
    """However many names a credential may hold, there are never more gauges than that."""
    envoy = Envoy()
    for number in range(20_000):
        envoy.spend(1, f"user-{number}")
    assert 3000 < len(envoy.gauges) <= 4096


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 s"), (120, "120 s"), (121, "3 min"), (7200, "120 min"), (7201, "3 h")],
)
def test_how_long_that_is(seconds: int, words: str) -> None:
    """In the unit that says it shortest, never too short."""
    assert bytes(_LUA.call("in_words", seconds)).decode() == words
