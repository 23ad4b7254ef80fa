"""What a package would have run at each start of Python is found, wherever it put it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from deploy import start_hooks

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("innocent.pth", "import os; os.getenv('KEY')\n", "innocent.pth runs `import os; os.getenv('KEY')`"),
        ("far.pth", "/nowhere\n\nimport\tsys\n", "far.pth runs `import\tsys`"),
        ("__editable__.other-1.pth", "import __editable___other_1_finder",
         "__editable__.other-1.pth runs `import __editable___other_1_finder`"),
        ("sitecustomize.py", "", "sitecustomize.py is run"),
        ("usercustomize/__init__.py", "", "usercustomize is run"),
        ("sitecustomize.cpython-311-x86_64-linux-gnu.so", "",
         "sitecustomize.cpython-311-x86_64-linux-gnu.so is run"),
        ("paths.pth", "/nowhere\n# import os\n", None),
        ("_virtualenv.pth", "import _virtualenv\n", None),
        ("customize.py", "", None),
        ("sitecustomizer.py", "", None),
    ],
)  # fmt: skip
def test_of_an_installation(tmp_path: Path, file: str, text: str, told: str | None) -> None:
    """Told by the Python that would run it; a `.pth` that only names folders runs nothing."""
    folder = tmp_path / "site-packages"
    hook = folder / file
    hook.parent.mkdir(parents=True)
    hook.write_text(text)
    look = (
        "import site, sys; site.getsitepackages = lambda: sys.argv[1:]; sys.path.append(sys.argv[1]);"
        "from controlplane.cli.start_hooks import unknown_hooks; print('\\n'.join(unknown_hooks()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == (f"{folder}/{told}" if told else "")


def test_of_what_is_installed_here(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing runs that nobody asked for."""
    assert (start_hooks.main(), capsys.readouterr().err) == (0, "")


def test_entry_points(tmp_path: Path) -> None:
    """Of a group that is loaded unasked, by packages that are not allowed in it."""
    folder = tmp_path / "a-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: A_Package\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(
        "[pytest11]\na = a.inside\n[console_scripts]\na = a:b\n"
    )
    package = PathDistribution(folder)
    told = ["a.inside of a-package is loaded by its entry point in pytest11"]
    assert list(start_hooks.loaded_unasked([package], {"pytest11": {}})) == told
    assert list(start_hooks.loaded_unasked([package], {"pytest11": {"a-package": "why"}})) == []


def test_of_a_wheel(tmp_path: Path) -> None:
    """In whatever folder of it: some are unpacked beside the packages, and not into them."""
    hooks = [
        "a.pth",
        "a-1.data/purelib/b.pth",
        "a-1.data/data/lib/sitecustomize.py",
        "usercustomize/x.py",
    ]
    file = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        for name in (*hooks, "a/pth.py", "a/customize.py", "a/mysitecustomize.py"):
            wheel.writestr(name, "")
    assert start_hooks.of_wheel(file) == hooks
