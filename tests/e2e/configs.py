"""Configs of gateways that tests start: each states what it is about, all else is as usual."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Fields = Mapping[str, Any]


def config(
    text: str,
    providers: Mapping[str, Fields],
    *,
    port: int | str = "{port}",
    prompt_port: int | str = "{prompt_port}",
    **filled: object,
) -> str:
    """`text`, and what it leaves out: fields of the `providers` that it names, listeners' addresses.

    Where it names none of them it gets the provider `one` and the LLM listener. `{name}` in it becomes
    what `filled` has of that name; `null` leaves a field out. `harness.gateway` chooses the ports
    that are not given.
    """
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", str(value))
    whole = {
        "version": "v0.1",
        "listeners": {"egress_traffic": {}},
        "llm_providers": [{"name": "one"}],
        "overrides": {},
        **(yaml.safe_load(text) or {}),
    }
    ports = {"egress_traffic": port, "ingress_traffic": prompt_port}
    whole["listeners"] = {
        name: {"address": "127.0.0.1", "port": ports[name], **more}
        for name, more in whole["listeners"].items()
    }
    whole["llm_providers"] = [
        _completed(each, providers.get(each["name"], {})) for each in whole["llm_providers"]
    ]
    whole["overrides"] = _completed(whole["overrides"], {"stats_port": 0})
    # A port that is in quotes when it is chosen would be a text.
    return re.sub(r"'(\{(prompt_)?port\})'", r"\1", yaml.safe_dump(whole, sort_keys=False))


def _completed(stated: Fields, usual: Fields) -> Fields:
    whole = {**stated, **usual, **stated}
    return {key: value for key, value in whole.items() if value is not None}


def one_behind_tls(address: str, ca_file: Path) -> Mapping[str, Fields]:
    return {"one": {**behind_tls("one", address, ca_file), "default": True}}


def behind_tls(name: str, address: str, ca_file: Path) -> Fields:
    return {
        "provider": "openai",
        "base_url": f"https://{address}/v1",
        "model": f"gpt-{name}",
        "access_key": "$KEY",
        "tls": {"ca_file": str(ca_file)},
    }


def one_local(address: str) -> Mapping[str, Fields]:
    return {"one": {"provider": "local", "endpoint": address, "model": "m", "default": True}}
