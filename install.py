"""Fill .venv and say so at each step: what `make install` runs, with nothing but Python.

    python3 install.py             what serving and the tests need
    python3 install.py check       what `make lint` and `make types` need beside it

The words are extras of pyproject.toml. Some packages bring along what nothing here runs, a
quarter of all bytes; it is left out again, each for the reason that stands beside it. A plain
`pip install .` keeps it and works as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

UNUSED_PACKAGES = (
    # A client of a model hub: tokenizers asks it for a tokenizer of a name. Ours are files.
    "huggingface_hub",
    "hf_xet",
    "fsspec",
    "filelock",
)
UNUSED_FILES = (
    # The C++ library for programs in other languages: Python's module has all of it built in.
    "onnxruntime/capi/libonnxruntime.so.*",
    # Cases for those who write another engine; nothing imports them.
    "onnx/backend/test",
    # Packages' tests of themselves.
    "numpy/**/tests",
    "regex/tests",
)

# What pip says of a package on a server, or of a file of a local index.
FOUND = re.compile(r"(Collecting|Processing) (\S*/)?(?P<name>[A-Za-z0-9_.]+(-[A-Za-z_]\w*)*)")

# Bytecode of what is imported, and of nothing else, by importing it; which also shows that nothing
# of it was left out.
IMPORT_ALL = """
import importlib, pkgutil
import httpx, hypothesis, openai, pytest
for package in ("controlplane", "extproc", "modelserver"):
    for module in pkgutil.walk_packages([package], package + "."):
        if ".training" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def main(extras: list[str]) -> int:
    if not PYTHON.exists():
        print(f"making {VENV}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    if extras:
        # By the names of packages: by that of the extra, pip would bring back what was left out.
        needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [need for extra in extras for need in needs["optional-dependencies"][extra]]
    else:
        wanted = ["--editable", f"{ROOT}[test]"]
    if status := _pip_install(wanted):
        return status
    print("leaving out what nothing runs", flush=True)
    _leave_out()
    print("compiling what is imported", flush=True)
    _compile()
    print(f"done: .venv has {_mebibytes(VENV)} MiB", flush=True)
    return 0


def _pip_install(wanted: list[str]) -> int:
    """The exit status of pip. Each package is named as it is found; a failure is told whole."""
    # Without bytecode: of a hundred megabytes of it, a tenth is ever run.
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    print("looking for packages (a minute or two the first time)", flush=True)
    said = []
    with subprocess.Popen(
        [*command, *wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if found := FOUND.match(line):
                print(found["name"], end=" ", flush=True)
            elif line.startswith("Installing collected packages: "):
                print(f"\ninstalling {line.count(',') + 1} packages", flush=True)
    if pip.returncode:
        print("\n" + "".join(said), end="", file=sys.stderr)
    return pip.returncode


def _leave_out() -> None:
    command = [str(PYTHON), "-m", "pip", "uninstall", "--quiet", "--quiet", "--yes"]
    subprocess.run([*command, *UNUSED_PACKAGES], check=True)
    (packages,) = VENV.glob("lib/python*/site-packages")
    for pattern in UNUSED_FILES:
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _compile() -> None:
    # Where the environment forbids Python to write bytecode, it is written here all the same:
    # a gateway is several processes, and each would compile everything at each start.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([PYTHON, "-c", IMPORT_ALL], cwd=ROOT, env=env, check=True)


def _mebibytes(folder: Path) -> int:
    """What the folder takes on disk, as `du -sm` counts it."""
    taken = [path.lstat().st_blocks * 512 for path in folder.rglob("*")]
    return sum(taken) >> 20


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
