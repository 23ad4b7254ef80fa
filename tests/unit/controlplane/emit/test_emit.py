"""What the emitters promise beyond their golden files."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from controlplane import ir, surfaces
from controlplane.emit import names, proto, ratelimit
from controlplane.emit.lua import literal, origin_pattern
from extproc import contract

MINUTE = timedelta(minutes=1)
ENVOY = Path(__file__).parents[4] / "envoy"


@given(
    st.recursive(
        st.one_of(st.none(), st.text()),
        lambda inner: st.one_of(
            st.lists(inner.filter(lambda value: value is not None)),
            st.dictionaries(st.text(), inner),
        ),
    )
)
def test_lua_literals_read_back(value: object) -> None:
    """Whatever a name in a config holds, Lua reads the same bytes and runs nothing of it."""
    lua = LuaRuntime(encoding=None)
    assert _python(lua.execute(f"return {literal(value)}".encode())) == _bytes(value)


@pytest.mark.parametrize("file", sorted(ENVOY.glob("*.lua")), ids=lambda file: file.name)
def test_scripts_spell_no_shared_name(file: Path) -> None:
    """Headers, metadata and paths come to a script from Python, each under a name there is."""
    code = re.sub(r"--.*", "", file.read_text("utf-8"))
    shared = {**vars(names), **vars(contract), **vars(surfaces)}
    assert not [text for text in re.findall(r'"([^"]*)"', code) if text in shared.values()]
    used = set(re.findall(r"\b[A-Z_]+_(?:HEADER|METADATA|KEY|PATH)\b", code))
    assert used <= shared.keys()


_ORIGINS = (
    "https://app.ours.test", "https://ours.test", "https://a.b.ours.test", "https://app-ours.test",
    "https://x.test#.ours.test", "http://localhost:5173", "http://localhost", "null", "",
    "https://evil.test/https://app.ours.test", "https://app.ours.test.evil.test",
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        ("https://app.ours.test", {"https://app.ours.test"}),
        ("https://*.ours.test", {"https://app.ours.test", "https://a.b.ours.test"}),
        ("http://localhost:*", {"http://localhost:5173"}),
        ("*", set(_ORIGINS)),
    ],
)
def test_origins_are_the_same_everywhere(written: str, allowed: set[str]) -> None:
    """Envoy and extproc go by one expression, Envoy's scripts by their own: they agree."""
    find = LuaRuntime().eval("string.find")
    pattern = origin_pattern(written)
    assert {each for each in _ORIGINS if find(each, pattern)} == allowed
    assert {each for each in _ORIGINS if contract.is_allowed(each, (written,))} == allowed


def _bytes(value: object) -> object:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [_bytes(item) for item in value]
    if isinstance(value, dict):
        kept = {key.encode(): _bytes(item) for key, item in value.items() if item is not None}
        return kept or []
    return value


def _python(value: object) -> object:
    if not hasattr(value, "items"):
        return value
    pairs = {key: _python(item) for key, item in value.items()}
    if all(isinstance(key, int) for key in pairs):
        return [pairs[number] for number in range(1, len(pairs) + 1)]
    return pairs


def route(name: str, *limits: ir.TokenLimit) -> ir.LlmRoute:
    return ir.LlmRoute(name, None, ((),), MINUTE, MINUTE, 0, limits)


def test_slots() -> None:
    """Limits share a slot by header; a second one on the same value needs a second slot."""
    user = ir.TokenLimit("x-user", None, 10, MINUTE)
    vip = ir.TokenLimit("x-user", "vip", 20, MINUTE)
    slow = ir.TokenLimit("x-user", None, 100, timedelta(hours=1))
    everybody = ir.TokenLimit(None, None, 5, MINUTE)
    slots = ratelimit.slots((route("a", user, vip, slow), route("b", user, everybody)))
    assert [(slot.number, slot.header) for slot in slots] == [
        (0, None),
        (1, "x-user"),
        (2, "x-user"),
    ]
    assert slots[0].limits == (("b", everybody),)
    assert slots[1].limits == (("a", user), ("a", vip), ("b", user))
    assert slots[2].limits == (("a", slow),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(seconds=5), "5s"),
        (timedelta(milliseconds=5), "0.005s"),
        (timedelta(minutes=2), "120s"),
        (timedelta(0), "0s"),
        (timedelta(seconds=100), "100s"),
    ],
)
def test_durations(value: timedelta, text: str) -> None:
    """Durations are written as Envoy reads them."""
    assert proto.duration(value) == text
