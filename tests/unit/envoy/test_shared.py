"""Limits that gateways share: which of them concern a call, what it cost, and how a refusal is worded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.envoy.scripts import Script

_CONSTANTS = """
local TEXT_ERRORS = false
local CLIENTS = {}
local DAY = {name = "one.100-day", what = "one", tokens = 100, seconds = 86400, unit = "a day"}
local HOUR = {name = "one.9-hour", what = "one", tokens = 9, seconds = 3600, unit = "an hour"}
local ROUTES = {
  one = {shared = {
    limits = {
      {slot = "0", name = "one.5-hour.all", tokens = 5, seconds = 3600},
      {slot = "1", header = "x-user", name = "one.10-minute.x-user", tokens = 10, seconds = 60},
      {slot = "1", header = "x-user", value = "vip", name = "one.90-hour.x-user", tokens = 90, seconds = 3600},
    },
    budgets = {each = {DAY}, named = {batch = {DAY, HOUR}}},
  }},
  free = {},
}
"""
_LUA = Script(_CONSTANTS, "shared.lua", "spend", "settle", "ROUTES")
_PLAIN = Script(
    _CONSTANTS.replace("TEXT_ERRORS = false", "TEXT_ERRORS = true"),
    *("shared.lua", "spend", "settle", "ROUTES"),
)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return {_plain(k): _plain(v) for k, v in value.items()} if hasattr(value, "items") else value


@dataclass
class Call:
    """A call on its way, and what Envoy knows of it."""

    client: str | None = None
    route: str = "one"
    headers: dict[str, str] = field(default_factory=dict)
    known: dict[bytes, Any] = field(default_factory=dict)
    chunks: tuple[int, ...] = ()
    leaves: bool = False
    body: bytes = b""
    lua: Script = _LUA

    def asks(self, tokens: int = 7) -> dict[str, Any]:
        self.known |= {b"est_tokens": b"%d" % tokens, b"model": b"gpt"}
        if self.client:
            self.known[b"client"] = self.client.encode()
        self.lua.call("spend", self._handle(), self._route(), self.known.get(b"client"), tokens)
        return self.told("shared_")

    def is_answered(self, status: int = 200, *, counted: bool = True, total: int | None = None,
                    **headers: str) -> dict[str, Any]:  # fmt: skip
        self.headers = {":status": str(status), "content-type": "application/json"}
        if counted:
            self.headers["x-ratelimit-limit"] = "100, 100;w=86400"
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        if total is not None:
            self.known[b"total_tokens"] = total
        self.lua.call("settle", self._handle(), self._route(), self.lua.table(self.known))
        return self.told("reserved", "cost")

    def told(self, *beginnings: str) -> dict[str, Any]:
        found = {_plain(key): _plain(value) for key, value in self.known.items()}
        return {key: value for key, value in found.items() if key.startswith(beginnings)}

    def _route(self) -> Any:
        return self.lua.constant("ROUTES")[self.route.encode()]

    def _handle(self) -> Any:
        table, headers = self.lua.table, self.headers

        def replace(_self: object, name: bytes, value: bytes) -> None:
            headers[name.decode()] = value.decode()

        def setting(_self: object, _name: bytes, key: bytes, value: Any) -> None:
            self.known[key] = value

        def set_bytes(_self: object, value: bytes) -> None:
            self.body = value

        def chunks(_self: object) -> Any:
            coming = iter(self.chunks)

            def following(*_state: object) -> Any:
                size = next(coming, None)
                if size is None and self.leaves:
                    raise ConnectionResetError
                return None if size is None else table({b"length": lambda _self: size})

            return following

        def value_of(_self: object, name: bytes) -> bytes | None:
            value = headers.get(name.decode())
            return None if value is None else value.encode()

        known = table({b"get": lambda _self, _name: table(self.known), b"set": setting})
        body = {
            b"length": lambda _self: len(self.body),
            b"getBytes": lambda _self, _from, _to: self.body,
            b"setBytes": set_bytes,
        }
        methods = {
            b"get": value_of,
            b"replace": replace,
            b"remove": lambda _self, name: headers.pop(name.decode(), None),
        }
        stream = table({b"dynamicMetadata": lambda _self: known})
        return table(
            {
                b"headers": lambda _self: table(methods),
                b"streamInfo": lambda _self: stream,
                b"bodyChunks": chunks,
                b"body": lambda _self, _always: table(body),
            }
        )


def _names(found: dict[str, Any]) -> list[str]:
    return [found[key]["name"] for key in sorted(found)]


def test_which_limits_concern_a_call() -> None:
    """Those for everybody, one of each header, and the budgets of the client, with their numbers."""
    found = Call("web", headers={"x-user": "ada"}).asks()
    assert _names(found) == ["one.5-hour.all", "one.10-minute.x-user", "one.100-day"]
    assert found["shared_1"]["who"] == "all"
    assert found["shared_2"] | {"who": ""} == {
        "name": "one.10-minute.x-user",
        "who": "",
        "value": "ada",
        "requests_per_unit": 10,
        "unit": "MINUTE",
    }
    assert found["shared_3"]["who"] == "web"


def test_one_value_goes_before_any() -> None:
    """A limit on the very value of a header stands in place of the one for each value."""
    found = Call("batch", headers={"x-user": "vip"}).asks()
    assert _names(found) == ["one.5-hour.all", "one.90-hour.x-user", "one.100-day", "one.9-hour"]


def test_nobody_and_nothing() -> None:
    """Who has no name shares one sum with all such, and a route without limits asks nobody."""
    found = Call().asks()
    assert [each["who"] for each in found.values()] == ["all", "-"]
    assert Call(route="free").asks() == {}


def test_the_value_of_a_header_leaves_as_a_digest() -> None:
    """A key that is counted by is told to nobody; two of them are two."""
    who = [
        Call(headers={"x-user": key}).asks()["shared_2"]["who"]
        for key in ("Bearer sk-canary-1", "Bearer sk-canary-2", "Bearer sk-canary-1")
    ]
    assert who[0] == who[2] != who[1]
    assert len(who[0]) == 16
    assert "canary" not in who[0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"total": 40}, ("7", "40")),
        ({"total": 0}, ("7", "0")),
        ({}, ("7", "7")),
        ({"status": 500}, ("7", "0")),
        ({"counted": False, "total": 40}, ("0", "40")),
        ({"counted": False, "status": 500}, None),
    ],
)
def test_what_a_call_cost(answer: dict[str, Any], told: tuple[str, str] | None) -> None:
    """What was taken is given back and what it cost is charged, as far as either was and did."""
    call = Call("web")
    call.asks(7)
    found = call.is_answered(**answer)
    assert found == ({} if told is None else {"reserved": told[0], "cost": told[1]})
    assert bool(call.told("settled_")) is (told is not None)


def test_a_stream_that_its_client_leaves() -> None:
    """It is noted as it comes, since nobody says at its end what it cost."""
    call = Call("web", chunks=(3000,) * 50, leaves=True)
    call.asks(7)
    with pytest.raises(ConnectionResetError):
        call.is_answered(content_type="text/event-stream")
    assert 7 + 950 < int(call.told("cost")["cost"]) <= 7 + 1000


def test_a_refusal_of_a_budget() -> None:
    """It has the words and headers of a gateway that counts by itself, and settles nothing."""
    call = Call("we\xe9b", body=b'{"error":{"message":"a limit that gateways share is used up"}}')
    call.asks(7)
    told = call.is_answered(
        429, x_arch_shared_limit="used up", x_ratelimit_limit="100, 100;w=86400",
        x_ratelimit_remaining="3", x_ratelimit_reset="7000",
    )  # fmt: skip
    assert told == {}
    assert call.headers["retry-after"] == call.headers["x-ratelimit-reset"] == "7000"
    assert "x-arch-shared-limit" not in call.headers
    assert call.headers["content-type"] == "application/json"
    assert call.body.decode() == (
        '{"error":{"message":"the client \\"we??b\\" has used up a limit, 100 tokens a day for one; '
        'the prompt is about 7 tokens long: try again in 117 min"}}'
    )


def test_a_refusal_of_a_limit_on_a_header() -> None:
    """It is told by its numbers, and says v0.1's words with the value that was counted."""
    call = Call(headers={"x-user": "a\"d'a"})
    call.asks(7)
    call.is_answered(
        429, x_arch_shared_limit="used up", x_ratelimit_limit="10, 10;w=60",
        x_ratelimit_remaining="3", x_ratelimit_reset="24",
    )  # fmt: skip
    assert call.headers["x-arch-error-message"] == (
        'exceeded limit provider=gpt, selector=Header { key: "x-user", value: "a"d\'a" }, tokens_used=7'
    )
    assert (call.headers["retry-after"], call.headers["x-ratelimit-limit"]) == ("24", "10")


def test_a_refusal_in_plain_text() -> None:
    """Where errors are text the words stand as they are."""
    call = Call("web", body=b"a limit that gateways share is used up", lua=_PLAIN)
    call.asks(7)
    call.is_answered(
        429, x_arch_shared_limit="used up", x_ratelimit_limit="100, 100;w=86400",
        x_ratelimit_remaining="3", x_ratelimit_reset="60",
    )  # fmt: skip
    assert call.body.startswith(b'the client "web" has used up a limit, 100 tokens a day for one; ')
