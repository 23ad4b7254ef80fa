"""Does anything that is installed run by itself when a program starts? `make lint` asks.

Beside what Python itself runs there are entry points: a program loads those of some groups as soon as
it starts, whoever brought them along. Which packages may have some is in `start_hooks.toml`.
"""

from __future__ import annotations

import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.start_hooks import NAMES, unknown_hooks
from deploy.licences import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ALLOWED = Path(__file__).with_suffix(".toml")


def main() -> int:
    allowed = tomllib.loads(ALLOWED.read_text("utf-8"))
    found = [*unknown_hooks(), *loaded_unasked(metadata.distributions(), allowed)]
    for line in found:
        sys.stderr.write(f"deploy/start_hooks: {line} at each start: who asked for that?\n")
    return int(bool(found))


def loaded_unasked(
    packages: Iterable[metadata.Distribution], allowed: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for package in packages:
        name = canonical(package.metadata["Name"])
        for each in package.entry_points:
            if each.group in allowed and name not in allowed[each.group]:
                yield f"{each.value} of {name} is loaded by its entry point in {each.group}"


def of_wheel(wheel: Path) -> list[str]:
    """Files that Python would run at each start. What an image holds needs none."""
    with zipfile.ZipFile(wheel) as opened:
        return [name for name in opened.namelist() if NAMES.search(name)]


if __name__ == "__main__":
    sys.exit(main())
