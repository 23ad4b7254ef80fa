"""A provider is chosen by a script and, for prompts, once before by extproc: both must choose alike."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from lupa.luajit21 import LuaRuntime

from controlplane.compile import check_text
from controlplane.defaults import Machine
from controlplane.emit.lua import choose_source
from controlplane.lower import lower
from controlplane.problem import has_errors

if TYPE_CHECKING:
    from pathlib import Path

    from controlplane import ir

CONFIG = """
version: v0.1
listeners:
  ingress_traffic: {auth: {api_keys: [{directory: clients}]}}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}
llm_providers:
  - {name: main, provider: openai, model: gpt-4o, access_key: k-0123456789, DEFAULT clients: [web]}
  - {name: other, provider: mistral, model: m-1, access_key: k-0123456789, clients: [web, batch]}
  - {name: free, provider: groq, access_key: k-0123456789}
  - {name: one, provider: xai, model: shared, access_key: k-0123456789, clients: [batch]}
  - {name: two, provider: xai, model: shared, access_key: k-0123456789, clients: [web]}
model_aliases: {clever: {target: m-1}}
overrides: {unknown_model: OTHERS}
"""
MODELS = (
    None, "", "--", "default", "main", "gpt-4o", "openai/gpt-4o", "openai/gpt-5", "GPT-5", "m-1",
    "mistral/x", "clever", "shared", "one", "free", "groq/llama/4", "unheard-of", "x/y", "/x", "xai/",
    "xai/grok-5", 7,
)  # fmt: skip
HINTS = ("", "main", "other", "shared", "default", "nobody", "clever")
CLIENTS = (None, "web", "batch", "we")


def compiled(text: str, folder: Path) -> ir.Gateway:
    (folder / "clients").mkdir()
    for name in ("web", "batch"):
        (folder / "clients" / name).write_text(f"key-of-{name}-0123456789")
    checked = check_text(text, folder / "arch_config.yaml", {})
    assert checked.model is not None
    assert not has_errors(checked.problems)
    return lower(checked.model, Machine("/ca.pem"))


@pytest.mark.parametrize("others", ["refuse", "default"])
@pytest.mark.parametrize("default", ["default: true,", ""])
def test_alike(default: str, others: str, tmp_path: Path) -> None:
    """Whatever is asked for by whomever: the same provider, and refused here as there."""
    text = CONFIG.replace("DEFAULT", default).replace("OTHERS", others)
    gateway = compiled(text, tmp_path)
    assert gateway.prompts is not None
    assert gateway.prompts.providers is not None
    lua = LuaRuntime(encoding=None, unpack_returned_tuples=True)
    source = choose_source(gateway, None) + "return {choose = choose, not_allowed = not_allowed}"
    script = lua.execute(source.encode())
    for hint, model, client in product(HINTS, MODELS, CLIENTS):
        said = model.encode() if isinstance(model, str) else None
        name = client and client.encode()
        theirs = script[b"choose"](hint.encode(), said, name)
        theirs = None if isinstance(theirs, tuple) else theirs.decode()
        ours = gateway.prompts.providers.chosen(hint, model)
        if theirs is None and ours is not None and others == "refuse":
            # A model that nobody knows: extproc has refused it before.
            known = gateway.prompts.models
            assert known is None or not known.has(str(model))
            continue
        assert ours == theirs, (hint, model)
        if ours is not None:
            refused = script[b"not_allowed"](name, ours.encode())
            told = gateway.prompts.providers.told(client)
            assert bytes(refused[b"message"]).decode().endswith(told)


def test_nothing_to_choose(tmp_path: Path) -> None:
    """Where no provider is reserved extproc has nothing to look into."""
    text = CONFIG.replace("DEFAULT", "default: true,").replace("OTHERS", "refuse")
    for reserved in (
        " clients: [web]",
        ", clients: [web, batch]",
        ", clients: [batch]",
        ", clients: [web]",
    ):
        text = text.replace(reserved, "")
    prompts = compiled(text, tmp_path).prompts
    assert prompts is not None
    assert prompts.providers is None
