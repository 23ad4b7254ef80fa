"""The body rewrite in LuaJIT against a second implementation in Python, on 10 000 odd bodies."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.bodies import Choices, body
from tests.fakes.reference_rewrite import (
    CHAT,
    COMPLETIONS,
    RefusedBody,
    Target,
    estimated_tokens,
    rewrite,
)
from tests.unit.envoy.scripts import Script

_PATHS = (CHAT, COMPLETIONS, "/v1/embeddings")
_MODELS = ("gpt-4o", 'odd "\\\x01é', None)
_LITERALS = ('"gpt-4o"', '"odd \\034\\092\\001\\195\\169"', "nil")
_SCRIPTS = [
    Script(
        f'local MODEL = {literal}\nlocal ROUTE = "main"\nlocal PATHS = {{}}',
        "rewrite.lua",
        "rewritten",
        "scan",
        "outline",
    )
    for literal in _LITERALS
]


def _by_lua(
    made: bytes, which: int, target: Target, path: str, outline: bytes | None = None
) -> bytes | None:
    chosen = {
        key: value.encode()
        for key, value in ((b"route", target.route), (b"model", target.route_model))
        if value is not None
    }
    if outline is not None:
        chosen[b"outline"] = outline
    result = _SCRIPTS[which].call("rewritten", made, path.encode(), chosen)
    return result if isinstance(result, bytes) else None


def _by_python(made: bytes, target: Target, path: str) -> bytes | None:
    try:
        return rewrite(made, target, path)
    except RefusedBody:
        return None


@pytest.mark.slow
@settings(
    max_examples=10_000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.binary(min_size=150, max_size=500))
def test_the_rewrite_agrees_with_the_reference(data: bytes) -> None:
    """Lua and Python refuse the same bodies and write the same bytes for all others."""
    choices = Choices(data)
    path = choices.pick(_PATHS)
    which = choices.below(len(_MODELS))
    chosen = choices.pick(((None, None), ("embed", "text-embedding-3-small"), ("main", "gpt-4o")))
    target = Target(_MODELS[which], "main", *chosen)
    made = body(choices)
    expected = _by_python(made, target, path)
    assert _by_lua(made, which, target, path) == expected
    if expected is not None:
        seen = _SCRIPTS[which].call("scan", made)
        assert max(1, -(-seen[b"weight"] // 20)) == estimated_tokens(made)
        outline = _SCRIPTS[which].call("outline", made, seen, path.encode())
        assert _by_lua(made, which, target, path, outline) == expected
