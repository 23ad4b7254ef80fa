"""Addresses of other gateways' configs, as `base_url` takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.hosts import split
from controlplane.importing.variables import referred
from controlplane.providers import maker

if TYPE_CHECKING:
    from controlplane.importing.notes import Notes
    from controlplane.importing.variables import Variables
    from controlplane.reading.yaml_tree import Node

_WITH_PATHS = frozenset({"local", "openai", "mistral", "groq", "deepseek", "together", "xai"})
"""Kinds whose addresses are written with the path of the API."""


def base_url(node: Node, kind: str, wanted: str, variables: Variables, notes: Notes) -> str:
    """A URL, or the variable that has it."""
    text = node.text.strip()
    if referred(text):
        return f"${variables.address(node, wanted)}"
    where, _, query = text.partition("?")
    host = split(where) if node.kind == "scalar" and "$" not in where else None
    if host is None or host.scheme not in ("http", "https"):
        return f"${variables.address(node, wanted)}"
    if query or host.user is not None:
        notes.left_out(node.path, "what stands behind `?` or before `@` of the address")
    if not host.path.strip("/") and kind in _WITH_PATHS:
        notes.assumed(node.path, "the address has no path, so calls go to its /v1")
    port = f":{host.port}" if host.port else ""
    name = f"[{host.name}]" if ":" in host.name else host.name
    return f"{host.scheme}://{name}{port}{host.path.rstrip('/')}"


def is_of_another(node: Node, model: str) -> bool:
    """Whether OpenAI's API is spoken to somebody else, as far as can be told."""
    host = split(node.text.strip())
    if host is None or referred(node.text):
        return maker(model) != "openai"
    return not f".{host.name}".endswith(".openai.com")
