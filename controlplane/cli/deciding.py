"""What the commands share that decide prompts: the gateway of a config, its decisions, one by one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from controlplane.cli.home import show_problems
from controlplane.cli.terminal import failure, paint, progress
from controlplane.exit_codes import COULD_NOT_RUN, FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from controlplane import ir
    from controlplane.home_paths import Home


class CannotDecideError(Exception):
    """Told already; `code` is for the shell."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def gateway_of(config: Path) -> ir.Gateway:
    """Of a config that takes prompts."""
    from controlplane.compile import compile_file  # noqa: PLC0415  slow, and --help needs none
    from controlplane.problem import Severity, exit_code  # noqa: PLC0415

    compiled = compile_file(config, os.environ)
    if code := exit_code(compiled.problems):
        errors = [each for each in compiled.problems if each.severity is Severity.ERROR]
        show_problems(compiled.located(errors))
        raise CannotDecideError(code)
    if compiled.gateway is None or compiled.gateway.prompts is None:
        failure(f"{config} takes no prompts: there are no targets, guards or prompt listener in it")
        raise CannotDecideError(FOUND)
    return compiled.gateway


def decisions(
    gateway: ir.Gateway, home: Home, requests: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One for each request, in their order; how many there are, a terminal is told meanwhile."""
    from controlplane.rehearsal.decisions import rehearsed  # noqa: PLC0415
    from controlplane.rehearsal.models import NoModelsError  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    try:
        with rehearsed(gateway, home, requests, progress) as decided:
            for decision in decided:
                found.append(decision)
                _count(len(found), len(requests))
    except NoModelsError as error:
        failure(str(error))
        raise CannotDecideError(COULD_NOT_RUN) from None
    if len(found) < len(requests):
        failure("not every decision could be made; the lines above tell why")
        raise CannotDecideError(COULD_NOT_RUN)
    return found


def _count(done: int, of: int) -> None:
    if of > 1 and sys.stderr.isatty():
        told = paint(f"… {done} of {of}", "dim", sys.stderr) if done < of else ""
        sys.stderr.write(f"\r{told}\x1b[K")
