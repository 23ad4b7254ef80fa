"""`archgw init`: a commented config for a new user, which `archgw up` takes as it is."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.terminal import failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, default=Path("arch_config.yaml"))
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(args: argparse.Namespace) -> int:
    if args.file.exists() and not args.force:
        failure(f"{args.file} is there already; --force replaces it")
        return COULD_NOT_RUN
    args.file.write_text(starter(), "utf-8")
    print(f"wrote {args.file}")
    print(f"next: export OPENAI_API_KEY=…  and  archgw up {args.file}")
    return DONE


def starter() -> str:
    return (resources.files("controlplane") / "starter.yaml").read_text("utf-8")
