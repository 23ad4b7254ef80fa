"""`archgw completion SHELL`: a script that shtab makes from the parsers, so it is never behind.

bash   eval "$(archgw completion bash)"              in ~/.bashrc
zsh    eval "$(archgw completion zsh)"               in ~/.zshrc, after `compinit`
fish   archgw completion fish > ~/.config/fish/completions/archgw.fish
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli import main
from controlplane.exit_codes import DONE

if TYPE_CHECKING:
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace) -> int:
    import shtab  # noqa: PLC0415  --help needs none of it

    parser = main.parser(set(main.COMMANDS))
    for action in _actions(parser):
        if action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, args.shell))
    return DONE


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    # argparse gives no other look at itself.
    for action in parser._actions:  # noqa: SLF001
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _actions(command)
