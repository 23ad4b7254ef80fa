"""`archgw schema`: the config's JSON Schema, for editors and other tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.exit_codes import DONE

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print the JSON Schema of a config. Save it, and name it in the first line of"
        " a config for completion and checks while typing:"
        " `# yaml-language-server: $schema=arch_config.schema.json`."
    )
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="a file to write")


def run(args: argparse.Namespace) -> int:
    from controlplane.reading.schema import config_schema  # noqa: PLC0415 - `--help` needs none of it

    text = json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"
    if args.output:
        args.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return DONE
