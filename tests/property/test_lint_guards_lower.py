"""What lint lets through can be built: the rules and `lower` agree on what a config may say."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from controlplane.compile import check_text
from controlplane.defaults import Machine
from controlplane.lower import lower
from controlplane.problem import for_compile, has_errors

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("beyond_v0_1", "keys_of_0_1_7", "full_reference_v0_1", "seed_v0_1", "seed_0_1_beta")
VARIABLES = dict.fromkeys(
    (
        *("K", "OPENAI_API_KEY", "AZURE_KEY", "OTHER_KEY"),
        *("MISTRAL_API_KEY", "OPEN_AI_KEY", "MISTRAL_KEY"),
    ),
    "a-value",
)
CONFIGS = [yaml.safe_load((GOLDEN / name / "in.yaml").read_text("utf-8")) for name in NAMES]
MISSING = object()
ODD = (
    *(MISSING, None, True, 0, 1, -1, 443, 0.5, 1e300, "", "a", "a b", "日本", "$K", "$NONE", "$$1"),
    *("http://a/x", "https://[::1]:8/v1", "127.0.0.1:80", "[::1]:80", "::1", "a:0", "a:99999"),
    *("HTTP://A", "ftp://x", "user@h", "a..b", ".", "..", "a/b", "http://h?q=1", "http://h:x/y"),
    *("/x/{id}", "{", "default", "app", "local", "azure_openai", "openai", "gpt-4o", "x" * 200),
    *("http://$NONE:$NONE/v1", "$NONE:1", "h:$$P"),
    *([], {}, ["a", "b"], [1], {"a": 1}),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from paths(child, (*path, key))


@st.composite
def changed_configs(draw: st.DrawFn) -> Any:
    """A sound config with one or two of its values replaced or removed."""
    config = copy.deepcopy(draw(st.sampled_from(CONFIGS)))
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(list(paths(config))))
        holder = config
        for step in way:
            holder = holder[step]
        odd = draw(st.sampled_from(ODD))
        if odd is MISSING:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(odd)
    return config


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(changed_configs())
def test_what_lint_lets_through_is_lowered(config: Any) -> None:
    """A config without errors becomes a gateway whose upstreams all have hosts."""
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    checked = check_text(text, Path("in.yaml"), VARIABLES)
    assume(checked.model is not None)
    assert checked.model is not None
    assume(not has_errors(for_compile(checked.problems)))
    gateway = lower(checked.model, Machine("/etc/ca.pem"))
    called = (*(each.upstream for each in gateway.providers), *gateway.upstreams)
    assert all(address.host for upstream in called for address in upstream.addresses)
