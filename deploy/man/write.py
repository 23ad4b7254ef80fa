"""The manual page: `python -m deploy.man.write` writes archgw.1 from the parsers of the commands.

What `--help` says stands in it, so there is one home for it; `man archgw` finds it where the wheel is
installed, and `man deploy/man/archgw.1` in a checkout.
"""

from __future__ import annotations

import argparse
import inspect
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.main import COMMANDS, parser

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PAGE = HERE / "archgw.1"
_PROJECT = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]

_ENDS = """\
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
problems in the input
.TP
.B 2
could not run
.SH FILES
.TP
.I arch_config.yaml
The config; a file
.I .env
beside it holds variables that the environment lacks.
.TP
.I ~/.archgw
Sockets, keys and logs of a gateway, or where
.B \\-\\-home
or the variable
.B ARCHGW_HOME
says.
"""


def page() -> str:
    whole = parser(set(COMMANDS))
    (commands,) = (each for each in whole._actions if isinstance(each, argparse._SubParsersAction))  # noqa: SLF001
    return "".join(
        (
            f'.TH ARCHGW 1 "" "archgw {_PROJECT["version"]}" "archgw"\n',
            f".SH NAME\narchgw \\- {_plain(_PROJECT['description'])}\n",
            ".SH SYNOPSIS\n.B archgw\n.I COMMAND\n[\\fIoptions\\fR]\n.br\n.B archgw \\-\\-version\n",
            ".SH COMMANDS\n",
            *(_command(name, commands.choices[name]) for name in COMMANDS),
            _ENDS,
        )
    )


def _command(name: str, command: argparse.ArgumentParser) -> str:
    actions = [each for each in command._actions if each.dest != "help"]  # noqa: SLF001  no other look
    asked = " ".join(_word(each) for each in actions if not each.option_strings)
    head = f'.SS "archgw {_plain(" ".join(filter(None, (name, asked))))}"\n'
    told = "".join(_paragraph(each) for each in _paragraphs(command.description or COMMANDS[name]))
    return head + told + "".join(_action(each) for each in actions)


def _paragraphs(text: str) -> Iterator[str]:
    """Lines that stand further in are examples, kept as they are."""
    yield from re.split(r"\n\s*\n", inspect.cleandoc(text))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > 1 and any(re.search(r"\S {2,}\S|^ ", line) for line in lines):
        return ".PP\n.nf\n" + "".join(f"{_line(each)}\n" for each in lines) + ".fi\n"
    return f".PP\n{_line(' '.join(lines))}\n"


def _action(action: argparse.Action) -> str:
    if action.help == argparse.SUPPRESS or not (action.help or action.choices):
        return ""
    names = ", ".join(f"\\fB{_plain(each)}\\fR" for each in action.option_strings)
    value = "" if action.nargs == 0 else f"\\fI{_plain(_word(action, whole=False))}\\fR"
    default = "" if action.default is None else str(action.default)
    told = (action.help or "").replace("%(default)s", default).replace("%%", "%")
    return f".TP\n{' '.join(filter(None, (names, value)))}\n{_line(told) or '.'}\n"


def _word(action: argparse.Action, *, whole: bool = True) -> str:
    """Its value, as usage lines have it."""
    word = action.metavar or ("|".join(map(str, action.choices or ())) or action.dest.upper())
    name = word if isinstance(word, str) else " ".join(word)
    if not whole or action.nargs is None:
        return name
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(str(action.nargs), name)


def _plain(text: str) -> str:
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in plain)


def _line(text: str) -> str:
    """A line of text: one that begins with a dot or a quote would be a command of roff's."""
    plain = _plain(text)
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
