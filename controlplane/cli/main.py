"""`archgw`: finds the command, prints, sets the exit code, nothing more.

Only the chosen command's module is imported, which keeps `archgw --version` and `--help` quick. The
module of a command has its name (`import_`, where Python has the word), `add_arguments(parser)` and
`run(args) -> int`, an exit code.
"""

from __future__ import annotations

import argparse
import importlib
import keyword
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "up": "start a gateway from a config",
    "down": "drain and stop it",
    "status": "what runs, and how it is",
    "reload": "apply the changed config now and tell the verdict",
    "logs": "show or follow the logs",
    "console": "see what it does, in a browser",
    "usage": "what calls to LLMs used and cost",
    "lint": "find every problem of a config",
    "compile": "print what a config is compiled to",
    "diff": "tell in words what a new config would change",
    "explain": "how a prompt would be decided, and why",
    "test": "golden conversations: are prompts decided as expected",
    "targets": "which prompt targets are taken for one another",
    "calibrate": "the threshold of targets, by golden conversations",
    "schema": "print the config's JSON Schema, for editors",
    "init": "write a commented config to start from",
    "import": "write the config of LiteLLM or Portkey as an Arch config",
    "doctor": "check this machine: ports, Envoy, certificates, …",
    "completion": "print a shell completion script",
}

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    parsed = parser({chosen} if chosen in COMMANDS else set()).parse_args(arguments)
    if parsed.command is None:
        parser(set()).print_help()
        return DONE
    try:
        code: int = _module(parsed.command).run(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # `archgw logs | head` has seen enough. Python would complain at exit once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"archgw {parsed.command}: {what}", file=sys.stderr)
        return COULD_NOT_RUN
    return code


def parser(wanted: set[str]) -> argparse.ArgumentParser:
    """With the full options of the wanted commands, and one line for each of the others."""
    top = argparse.ArgumentParser(
        prog="archgw",
        description="A prompt gateway: one Arch YAML file in, a running Envoy out.",
        epilog="`archgw COMMAND --help` tells a command's options.",
    )
    top.add_argument("--version", action=_Version)
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, summary in COMMANDS.items():
        command = subparsers.add_parser(name, help=summary)
        if name in wanted:
            _module(name).add_arguments(command)
    return top


def _module(command: str) -> ModuleType:
    name = f"{command}_" if keyword.iskeyword(command) else command
    return importlib.import_module(f"controlplane.cli.{name}")


class _Version(argparse.Action):
    """Looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(
            option_strings,
            dest,
            nargs=0,
            help="show the version, Envoy's and the models', and exit",
        )

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from controlplane.cli import versions  # noqa: PLC0415  costs more than all the rest

        print("\n".join(versions.lines()))
        parser.exit()
