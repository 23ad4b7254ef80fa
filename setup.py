"""What pyproject.toml cannot say: a tree that is not whole must not become a wheel.

`controlplane/assets` is a link to `envoy/`; weights and tables are data, too. A tree that was copied
without them would build without a word, and the gateway made of it fail at the first request.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import FileError

ROOT = Path(__file__).parent


class WholeBuild(build_py):
    def run(self) -> None:
        _refuse_what_is_not_whole()
        super().run()


class WholeSource(sdist):
    def run(self) -> None:
        _refuse_what_is_not_whole()
        super().run()


def _refuse_what_is_not_whole() -> None:
    if missing := _missing():
        raise FileError(
            f"this tree is not whole, nothing is there for {', '.join(missing)};"
            " build from a clone made by git, or from the sdist"
        )


def _missing() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    setuptools = settings["tool"]["setuptools"]
    wanted = [
        f"{package}/{pattern}"
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
    ]
    wanted += [pattern for patterns in setuptools["data-files"].values() for pattern in patterns]
    return [pattern for pattern in wanted if not any(each.is_file() for each in ROOT.glob(pattern))]


setup(cmdclass={"build_py": WholeBuild, "sdist": WholeSource})
