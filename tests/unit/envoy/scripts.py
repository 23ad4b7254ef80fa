"""Runs the scripts of `envoy/` in LuaJIT, the runtime that Envoy has, without Envoy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lupa.luajit21 import LuaRuntime

FOLDER = Path(__file__).parents[3] / "envoy"


class Script:
    """One script with its constants; calls its local functions. Strings are bytes."""

    def __init__(self, constants: str, entry: str, *functions: str) -> None:
        parts = [constants, *((FOLDER / name).read_text() for name in ("json.lua", entry))]
        parts.append("return {" + ",".join(f"{name}={name}" for name in functions) + "}")
        self._runtime = LuaRuntime(encoding=None, unpack_returned_tuples=True)
        self._functions = self._runtime.execute("\n".join(parts).encode())

    def call(self, function: str, *arguments: Any) -> Any:
        """A dict goes in as a table; several results come out as a tuple."""
        ready = (
            self._runtime.table_from(argument) if isinstance(argument, dict) else argument
            for argument in arguments
        )
        return self._functions[function.encode()](*ready)
