"""`archgw completion SHELL`: a script made from the parsers themselves, so it is never behind.

bash   eval "$(archgw completion bash)"              in ~/.bashrc
zsh    eval "$(archgw completion zsh)"               in ~/.zshrc
fish   archgw completion fish > ~/.config/fish/completions/archgw.fish
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Option:
    flags: tuple[str, ...]
    help: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    help: str
    options: tuple[Option, ...]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "completion",
        help="print a shell completion script",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace) -> int:
    commands = tuple(_commands())
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell](commands))
    return 0


def _commands() -> Iterator[Command]:
    top = main.parser(set(main.COMMANDS))
    actions = top._actions  # noqa: SLF001  argparse gives no other look at itself
    choices = next(each.choices for each in actions if isinstance(each.choices, dict))
    for name, parser in choices.items():
        yield Command(name, main.COMMANDS[name][1], tuple(_options(parser)))


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:  # noqa: SLF001
        if action.option_strings and action.help != argparse.SUPPRESS:
            choices = tuple(map(str, action.choices or ()))
            text = (action.help or "").split(";")[0].split("(")[0].strip()
            yield Option(tuple(action.option_strings), text, choices)


_BASH = """\
_archgw() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}}
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{names} --help --version" -- "$word"))
        return
    fi
    case "$command $before" in
{values}
    esac
    case "$word" in
        -*) case "$command" in
{options}
        esac ;;
        *) COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}}
complete -o filenames -F _archgw archgw"""


def _bash(commands: tuple[Command, ...]) -> str:
    values, options = [], []
    for command in commands:
        flags = " ".join(flag for option in command.options for flag in option.flags)
        options.append(
            f'            {command.name}) COMPREPLY=($(compgen -W "{flags}" -- "$word")) ;;'
        )
        for option in command.options:
            if option.choices:
                cases = "|".join(f'"{command.name} {flag}"' for flag in option.flags)
                words = " ".join(option.choices)
                values.append(
                    f'        {cases}) COMPREPLY=($(compgen -W "{words}" -- "$word")); return ;;'
                )
    names = " ".join(command.name for command in commands)
    return _BASH.format(names=names, values="\n".join(values), options="\n".join(options))


def _zsh(commands: tuple[Command, ...]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands)


def _fish(commands: tuple[Command, ...]) -> str:
    lines = ["complete -c archgw -n __fish_use_subcommand -l version -d 'show the version'"]
    for command in commands:
        text = command.help.replace("'", "\\'")
        lines.append(f"complete -c archgw -n __fish_use_subcommand -a {command.name} -d '{text}'")
        lines += [_fish_option(command.name, option) for option in command.options]
    return "\n".join(lines)


def _fish_option(command: str, option: Option) -> str:
    flags = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
    )
    values = f" -x -a '{' '.join(option.choices)}'" if option.choices else ""
    text = option.help.replace("'", "\\'")
    return (
        f"complete -c archgw -n '__fish_seen_subcommand_from {command}' {flags}{values} -d '{text}'"
    )
