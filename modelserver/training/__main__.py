"""Train a model, or prepare for it: python -m modelserver.training guard|targets|base|contrast|judge …"""

from __future__ import annotations

import argparse
import importlib
import sys

MODELS = {
    "base": "a base encoder from a package",
    "contrast": "check or show contrast sets",
    "guard": "is a text a jailbreak or a prompt injection",
    "judge": "figures on public sets",
    "targets": "which tool is wanted, and with which arguments",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m modelserver.training", description=__doc__)
    parser.add_argument("model", choices=MODELS, help="; ".join(map(": ".join, MODELS.items())))
    known = parser.parse_args(sys.argv[1:2])
    # Only the chosen one is imported: each brings its own heavy libraries.
    module = importlib.import_module(f"modelserver.training.{known.model}.command")
    own = argparse.ArgumentParser(prog=f"{parser.prog} {known.model}", description=module.__doc__)
    module.add_arguments(own)
    module.run(own.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    main()
