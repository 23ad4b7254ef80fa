"""What docs/ shows is true of the code: every config in it is read, every import comes out so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from controlplane.acceptance.cases import read_suite
from controlplane.cli.main import parser
from controlplane.compile import compile_file
from controlplane.importing import imported
from controlplane.problem import UNFIT_FILE, Severity

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
TESTS, OF_LITELLM, OF_V0_1 = "\ntests:\n", "# LiteLLM\n", "# archgw 0.1\n"
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(YAML.findall(page.read_text("utf-8")))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_read(block: str, tmp_path: Path) -> None:
    """A config has no problem, one of v0.1 no error; golden conversations are read."""
    file = tmp_path / "arch_config.yaml"
    # In a pod they are elsewhere.
    file.write_text(block.replace("/etc/archgw-clients", "keys/clients"))
    # And these are the files that the pages say to write beside it.
    (tmp_path / "keys" / "clients").mkdir(parents=True)
    for name in ("batch", "clients/mobile"):
        (tmp_path / "keys" / name).write_text(f"key-of-{name}-0123456789abcdef")
        (tmp_path / "keys" / name).chmod(0o600)
    if TESTS in block:
        assert read_suite(file).suite is not None
        assert not read_suite(file).problems
        return
    if block.startswith(OF_LITELLM):
        assert imported("litellm", block, file).text
        return
    names = {name: f"k-{name}-0123456789abcdef" for name in re.findall(r"\$(\w+)", block)}
    problems = compile_file(file, names).problems
    found = [each for each in problems if each.code != UNFIT_FILE]
    if block.startswith(OF_V0_1):
        found = [each for each in found if each.severity is Severity.ERROR]
    assert found == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_every_command_is_one(page: Path) -> None:
    """What a page tells to type is taken by the command line, with its options."""
    typed = [line for block in SHELL.findall(page.read_text("utf-8")) for line in _commands(block)]
    for command in typed:
        words = shlex.split(command, comments=True)
        try:
            parser({words[1]}).parse_args(words[1:])
        except SystemExit as error:
            assert error.code == 0, command  # noqa: PT017


def _commands(block: str) -> list[str]:
    return [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("archgw ")]


def test_an_import_comes_out_as_it_is_shown() -> None:
    """Of LiteLLM's config stands below what `archgw import` makes of it, to the letter."""
    blocks = YAML.findall((ROOT / "docs" / "migration.md").read_text("utf-8"))
    number = next(n for n, block in enumerate(blocks) if block.startswith(OF_LITELLM))
    assert imported("litellm", blocks[number], Path("config.yaml")).text == blocks[number + 1]


def test_values_of_the_chart_are_there() -> None:
    """What the table of values names is a value of the chart, by that name."""
    values = yaml.safe_load((ROOT / "deploy" / "helm" / "archgw" / "values.yaml").read_text())
    table = (
        (ROOT / "docs" / "kubernetes.md").read_text("utf-8").partition("\n## The values that")[2]
    )
    rows = re.findall(r"^\| (`.+?) \|", table.partition("\n\n`values.yaml`")[0], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]
    assert len(named) > 10
    for name in named:
        found = values
        for part in name.split("."):
            assert part in found, name
            found = found[part]


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody is led to is read by nobody."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    named = [page for entry in nav for page in entry.values()]
    assert sorted(named) == [page.name for page in PAGES]
