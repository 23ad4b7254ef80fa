"""Runs the scripts of `envoy/` in LuaJIT, the runtime that Envoy has, without Envoy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupa.luajit21 import LuaRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[3] / "envoy"


def load(
    constants: str, entry: str, *names: str
) -> tuple[LuaRuntime, dict[str, Callable[..., Any]]]:
    """The runtime, and local functions of the script by name. Strings are bytes."""
    parts = [constants, *((FOLDER / name).read_text() for name in ("json.lua", entry))]
    parts.append("return {" + ",".join(f"{name}={name}" for name in names) + "}")
    runtime = LuaRuntime(encoding=None, unpack_returned_tuples=True)
    exported = runtime.execute("\n".join(parts).encode())
    return runtime, {name: exported[name.encode()] for name in names}
