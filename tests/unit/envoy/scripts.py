"""Runs the scripts of `envoy/` in LuaJIT, which Envoy has, without Envoy."""

from __future__ import annotations

from typing import Any

from lupa.luajit21 import LuaRuntime

from controlplane.emit.lua import script

_LED_BY = {"choose.lua": ("budgets.lua",), "shared.lua": ("budgets.lua",)}


class Script:
    """One script with its constants; calls its local functions. Strings are bytes."""

    def __init__(self, constants: str, entry: str, *functions: str) -> None:
        parts = [constants, script("json.lua", "bodies.lua", *_LED_BY.get(entry, ()), entry)]
        parts.append("return {" + ",".join(f"{name}={name}" for name in functions) + "}")
        self._lua = LuaRuntime(encoding=None, unpack_returned_tuples=True)
        self._functions = self._lua.execute("\n".join(parts).encode())

    def table(self, members: dict[bytes, Any]) -> Any:
        return self._lua.table_from(members)

    def constant(self, name: str) -> Any:
        return self._functions[name.encode()]

    def call(self, function: str, *arguments: Any) -> Any:
        """A dict goes in as a table; several results come out as a tuple."""
        ready = (
            self.table(argument) if isinstance(argument, dict) else argument
            for argument in arguments
        )
        return self._functions[function.encode()](*ready)
