"""`ARCHGW_BIND`: a container's listeners are reached from outside, and the rules know it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from controlplane.compile import check_text, compile_file
from controlplane.defaults import BIND
from tests.unit.controlplane.configs import codes

PROVIDER = "llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]\n"
GUARD = "prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}\n"
DOOR = "{auth: {api_keys: [{name: web, key: $CLIENT}]}}"
VARIABLES = {"K": "a-key", "CLIENT": "the-key-of-a-client", BIND: "0.0.0.0"}


def addresses(text: str, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "arch_config.yaml"
    file.write_text(text)
    gateway = compile_file(file, VARIABLES).gateway
    assert gateway is not None
    found = {each.name: each.address for each in gateway.listeners}
    return {**found, "stats": gateway.stats_address}


def test_what_is_this_machines_own_is_moved(tmp_path: Path) -> None:
    """Listeners of a config that names no address, or the loopback one, and the statistics."""
    text = PROVIDER + GUARD + f"listeners: {{egress_traffic: {DOOR}, ingress_traffic: {DOOR}}}\n"
    moved = {"llm": "0.0.0.0", "prompt": "0.0.0.0", "stats": "0.0.0.0"}
    assert addresses(text, tmp_path) == moved
    text = text.replace("{auth", "{address: 127.0.0.1, auth")
    assert addresses(text, tmp_path) == moved


def test_a_chosen_address_stays(tmp_path: Path) -> None:
    """Whoever wrote an address that others reach meant that one."""
    text = PROVIDER + "listeners: {egress_traffic: {address: 10.1.2.3, auth: none}}\n"
    assert addresses(text, tmp_path)["llm"] == "10.1.2.3"


def test_no_listener_is_made_up(tmp_path: Path) -> None:
    """A config without prompts has no prompt listener, wherever it listens."""
    text = PROVIDER + f"listeners: {{egress_traffic: {DOOR}}}\n"
    assert addresses(text, tmp_path).keys() == {"llm", "stats"}


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        (PROVIDER, 1),
        (PROVIDER + GUARD, 2),
        (PROVIDER + "listener: {address: 127.0.0.1, port: 10000}\n", 2),
        (PROVIDER + "listeners: {egress_traffic: {auth: none}}\n", 0),
        (PROVIDER + f"listeners: {{egress_traffic: {DOOR}}}\n", 0),
    ],
)
def test_nobody_opens_a_listener_unawares(text: str, open_: int) -> None:
    """Without a word on who may call it is an error, for v0.1's listener too: it asked for none."""
    problems = check_text(textwrap.dedent(text), Path("in.yaml"), VARIABLES).problems
    found = [each for each in problems if each.code in {"AG901", "AG902"}]
    assert [each.code for each in found] == ["AG901"] * open_
    assert all("0.0.0.0 (from ARCHGW_BIND)" in each.message for each in found)


def test_no_address() -> None:
    """A name is refused as it is in a config."""
    assert "AG701" in codes(PROVIDER, {**VARIABLES, BIND: "my-pod"})
