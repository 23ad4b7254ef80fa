"""What the commands share that decide prompts: a config's gateway, files of tests, decisions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.home import show_errors, show_problems
from controlplane.cli.terminal import failure, paint, progress
from controlplane.exit_codes import COULD_NOT_RUN, FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane import ir
    from controlplane.acceptance.cases import Suite
    from controlplane.compile import Compiled
    from controlplane.home_paths import Home

CONFIG = Path("arch_config.yaml")
"""Where neither the command nor a file of tests names another."""


class CannotDecideError(Exception):
    """Told already; `code` is for the shell."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def gateway_of(config: Path) -> ir.Gateway:
    """Of a config that takes prompts."""
    from controlplane.compile import compile_file  # noqa: PLC0415  slow, and --help needs none

    compiled = compile_file(config, os.environ)
    if code := show_errors(compiled):
        raise CannotDecideError(code)
    return taking_prompts(compiled)


def taking_prompts(compiled: Compiled) -> ir.Gateway:
    """The gateway of a config without errors, if it takes prompts."""
    if compiled.gateway is None or compiled.gateway.prompts is None:
        failure(
            f"{compiled.file} takes no prompts: there are no targets, guards or prompt listener in it"
        )
        raise CannotDecideError(FOUND)
    return compiled.gateway


def require_client(gateway: ir.Gateway, client: str | None) -> None:
    """Nobody who is called so may ask: then the decision would be another one's."""
    from controlplane.reading.values import did_you_mean  # noqa: PLC0415

    doors = [each.auth for each in gateway.listeners if each.name == "prompt" and each.auth]
    known = [name for auth in doors for name in auth.clients]
    anybody = any(auth.tokens for auth in doors)
    if client is not None and not anybody and client not in known:
        hint = did_you_mean(client, known) if known else "no client is asked who it is"
        failure(f"the prompt listener knows no client {client}: {hint}")
        raise CannotDecideError(COULD_NOT_RUN)


def suite_of(file: Path) -> Suite | None:
    """The golden conversations of a file; None where it is wrong, which is told."""
    from controlplane.acceptance.cases import read_suite  # noqa: PLC0415  --help needs none
    from controlplane.report import locate  # noqa: PLC0415

    read = read_suite(file)
    show_problems(locate(file, read.text, read.document, read.problems))
    return read.suite


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
