"""Is every installed package under a licence that `licences.toml` allows? `make lint` asks.

Packages say their licence in three ways: as an SPDX expression, as classifiers, or in words.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HERE = Path(__file__).parent
_IMAGES = HERE / "docker"
_OPERATOR = re.compile(r"\s+(?:AND|OR|WITH)\s+|[()]")


def main() -> int:
    rules = tomllib.loads((HERE / "licences.toml").read_text("utf-8"))
    allowed, exceptions = frozenset(rules["allowed"]), rules["exceptions"]
    found = [*faults(metadata.distributions(), allowed, exceptions), *shipped(exceptions)]
    for line in sorted(found):
        sys.stderr.write(f"deploy/licences.toml: {line}\n")
    return int(bool(found))


def faults(
    packages: Iterable[metadata.Distribution],
    allowed: frozenset[str],
    exceptions: Mapping[str, str],
) -> Iterator[str]:
    for package in packages:
        name = canonical(package.metadata["Name"])
        unknown = (licences(package) or {"no licence that it names"}) - allowed
        if unknown and name not in exceptions:
            told = ", ".join(sorted(unknown))
            yield f"{name} is under {told}: allow it, say why it may come in, or do without"


def shipped(exceptions: Mapping[str, str]) -> Iterator[str]:
    for file in sorted(_IMAGES.glob("requirements-*.txt")):
        pinned = re.findall(r"^([\w.-]+)==", file.read_text("utf-8"), re.MULTILINE)
        for name in sorted(exceptions.keys() & {canonical(each) for each in pinned}):
            yield f"{name} is an exception, and {file.name} puts it into an image"


def licences(package: metadata.Distribution) -> frozenset[str]:
    """All that are named, whether one of them would do or not."""
    told = package.metadata
    classifiers = told.get_all("Classifier") or []
    found = {each.split(" :: ")[-1] for each in classifiers if each.startswith("License ::")}
    expression = told.get("License-Expression")
    if found and not expression:
        return frozenset(found)
    words = expression or (told.get("License") or "").strip().partition("\n")[0]
    return frozenset(part.strip() for part in _OPERATOR.split(words) if part.strip())


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
