"""The wheel: whole, or not at all; and of use outside of the checkout it was made in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.provider import FakeProvider

pytestmark = [pytest.mark.images, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PACKAGES = ("controlplane", "extproc", "modelserver")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would check out, without what lies around."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, copy = ROOT / name, folder / name
        if source.is_symlink() or source.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `pip wheel .` makes it."""
    out = tmp_path_factory.mktemp("wheel")
    done = make(clone, out)
    assert done.returncode == 0, done.stderr
    (found,) = out.glob("*.whl")
    return found


def make(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(out)]
    return subprocess.run(
        [*command, str(source)], capture_output=True, text=True, timeout=170, check=False
    )


def test_it_has_all_that_git_has_of_the_packages(wheel: Path, clone: Path) -> None:
    """Lua, weights, tables, types: a file that was forgotten would fail at the first request."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    known = {
        str(file.relative_to(clone))
        for package in PACKAGES
        for file in (clone / package).rglob("*")
        if file.is_file() and "training" not in file.parts
    }
    assert any(name.endswith("/share/man/man1/archgw.1") for name in inside)
    known |= {f"controlplane/assets/{file.name}" for file in (clone / "envoy").glob("*.lua")}
    assert sorted(known - inside) == []
    assert not any("training" in name for name in inside)


def test_a_tree_without_lua_is_refused(clone: Path, tmp_path: Path) -> None:
    """As a copy that did not follow links has it: no wheel, and the reason."""
    shutil.copytree(clone, tmp_path / "copy", symlinks=True)
    shutil.rmtree(tmp_path / "copy" / "envoy")
    done = make(tmp_path / "copy", tmp_path / "out")
    assert done.returncode != 0
    assert "nothing is there for controlplane/assets/*.lua" in done.stderr + done.stdout
    assert not list(tmp_path.glob("out/*.whl"))


def test_neither_is_source_made_of_it(clone: Path, tmp_path: Path) -> None:
    """An sdist without Lua would be refused where it is built, by whoever has nothing else."""
    shutil.copytree(clone, tmp_path / "copy", symlinks=True)
    shutil.rmtree(tmp_path / "copy" / "envoy")
    done = source_of(tmp_path / "copy", tmp_path / "out")
    assert done.returncode != 0
    assert "nothing is there for controlplane/assets/*.lua" in done.stderr + done.stdout
    assert not list(tmp_path.glob("out/*.tar.gz"))


def test_a_wheel_of_the_source_is_the_same(clone: Path, wheel: Path, tmp_path: Path) -> None:
    """The sdist is whole: what is built of it has the same files."""
    copy = tmp_path / "copy"
    shutil.copytree(clone, copy, symlinks=True)
    assert source_of(copy, tmp_path / "sdist").returncode == 0
    (archive,) = (tmp_path / "sdist").glob("*.tar.gz")
    done = make(archive, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (built,) = (tmp_path / "out").glob("*.whl")
    assert zipfile.ZipFile(built).namelist() == zipfile.ZipFile(wheel).namelist()


def source_of(tree: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """As `python -m build --sdist` makes it, by what pyproject.toml wants for it."""
    out.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(out / "tools")]
    subprocess.run([*install, "setuptools>=75"], check=True, timeout=120)
    call = f"from setuptools import build_meta; build_meta.build_sdist({str(out)!r})"
    return subprocess.run(
        [sys.executable, "-c", call],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(out / "tools")},
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip


def test_it_serves_outside_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Installed by itself, from another folder, `archgw up` answers a call and goes again."""
    place = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(place)]
    subprocess.run([*install, "--quiet", str(wheel)], check=True, timeout=120)
    # What it depends on is of this environment, but neither ours nor the folder of the checkout:
    # `-P` keeps the current one out, and a path of Python's own comes before links of editable ones.
    others = sysconfig.get_path("purelib")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{place}:{others}"}

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-S", "-P", *arguments],
            cwd=tmp_path, env=env, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def archgw(*arguments: str) -> str:
        return python("-m", "controlplane.cli", *arguments)

    for package in PACKAGES:
        where = python("-c", f"import {package}; print({package}.__file__)")
        assert where.startswith(str(place))
    port = free_port()
    with FakeProvider("one") as provider:
        (tmp_path / "arch_config.yaml").write_text(
            f"version: v0.1\nlisteners: {{egress_traffic: {{port: {port}}}}}\n"
            "llm_providers:\n  - {name: main, provider: local, model: m, default: true,"
            f" endpoint: '127.0.0.1:{provider.port}'}}\n"
        )
        archgw("up", "--home", str(tmp_path / "h"))
        try:
            assert archgw("status", "--ready", "--home", str(tmp_path / "h")) == "ready\n"
            assert Client(port).chat().status == 200
        finally:
            archgw("down", "--home", str(tmp_path / "h"))
