"""The map is the territory: README, folders and import contracts name the same rooms.

A room is a folder with code in it, at any depth. Data beside the code (golden cases, weights,
written rows) may be on the map, too. `tests/unit` has the rooms of what it tests, so README
does not repeat them.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
UNIT = PurePosixPath("tests/unit")
CODE = {".py", ".lua", ".proto", ".mjs"}
ON_THE_MAP = re.compile(r"(?P<indent> *)(?P<name>[a-z_0-9]+)/ +(?P<found_there>\S.*)")

_LISTED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout
FILES = [PurePosixPath(line) for line in _LISTED.splitlines()]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
IMPORTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
LAYERS = {
    container: contract["layers"]
    for contract in IMPORTS["contracts"]
    if contract["type"] == "layers"
    for container in contract["containers"]
}


def test_every_room_is_on_the_map() -> None:
    """A newcomer finds in README what is in which folder."""
    rooms = {room for room in _rooms() if UNIT not in room.parents}
    assert sorted(map(str, rooms - _mapped())) == []


def test_every_room_on_the_map_exists() -> None:
    """README sends nobody to a folder that is gone."""
    folders = {folder for file in FILES for folder in file.parents}
    assert sorted(map(str, _mapped() - folders)) == []


@pytest.mark.parametrize("container", LAYERS)
def test_every_module_has_its_layer(container: str) -> None:
    """What a contract does not name could be imported by anything."""
    package = PurePosixPath(*container.split("."))
    below = {file.relative_to(package) for file in FILES if package in file.parents}
    code = {path for path in below if path.suffix == ".py"}
    modules = {path.parts[0].removesuffix(".py") for path in code} - {"__init__"}
    layered = [name for row in LAYERS[container] for name in re.split(r" *\| *", row)]
    assert sorted(layered) == sorted(modules)


def test_every_package_has_a_contract() -> None:
    """The packages that are installed are those whose layers are told."""
    installed = {file.parts[0] for file in FILES if file.name == "__init__.py"} - {"tests"}
    assert installed == set(IMPORTS["root_packages"]) <= set(LAYERS)


def test_unit_tests_stand_where_their_code_stands() -> None:
    """The tests of a room are found by its name."""
    tested = {room.relative_to(UNIT) for room in _rooms() if UNIT in room.parents}
    assert sorted(map(str, tested - _rooms())) == []


@pytest.mark.parametrize("folder", ["envoy", "protos"])
def test_no_python_where_another_reads(folder: str) -> None:
    """Envoy and protoc read these; a package `envoy` would hide the one that brings Envoy."""
    assert [file for file in FILES if file.parts[0] == folder and file.suffix == ".py"] == []


def test_what_contributors_are_sent_to_exists() -> None:
    """A recipe that names a file which has moved would send a newcomer astray."""
    known = {*FILES, *(folder for file in FILES for folder in file.parents)}
    named = set(re.findall(r"\b(?:[a-z_0-9]+/)+[a-z_0-9]+(?:\.[a-z]+)?", CONTRIBUTING))
    made_by_command = {"build/training", "venv/bin/python"}
    gone = {name for name in named - made_by_command if PurePosixPath(name) not in known}
    assert sorted(gone) == []
    assert len(named) > 20


def test_the_glossary_is_short() -> None:
    """Twenty-five words are learnt in a few minutes, and none stands twice."""
    glossary = CONTRIBUTING.partition("\n## Words\n")[2].partition("\n## ")[0]
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", glossary, re.MULTILINE)
    assert 10 < len(words) == len(set(words)) <= 25


def _rooms() -> set[PurePosixPath]:
    rooms = {folder for file in FILES if file.suffix in CODE for folder in file.parents}
    return rooms - {PurePosixPath()}


def _mapped() -> set[PurePosixPath]:
    """The rooms of README's map, by indentation; a line that is none fails."""
    readme = (ROOT / "README.md").read_text("utf-8")
    lines = readme.partition("\n## Map\n")[2].split("```\n")[1].splitlines()
    rooms: list[PurePosixPath] = []
    above: list[str] = []
    for line in lines:
        found = ON_THE_MAP.fullmatch(line)
        assert found, f"not a room: {line}"
        above = [*above[: len(found["indent"]) // 2], found["name"]]
        rooms.append(PurePosixPath(*above))
    assert len(rooms) == len(set(rooms)), "a room stands twice on the map"
    return set(rooms)
