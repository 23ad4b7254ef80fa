"""What Python runs of an installation's packages at each start, before a line of ours, and unasked.

A process that holds keys need import nothing of a package that was tampered with: a line of a `.pth`
file that begins with `import` is run at every start, and so are modules named `sitecustomize` and
`usercustomize`.
"""

from __future__ import annotations

import re
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAMES: Final = re.compile(r"(^|/)((site|user)customize(\.[^/]+|/.*)?|[^/]+\.pth)$")
"""Of files that may be one, wherever a wheel puts them."""
_KNOWN: Final = (
    # setuptools, so that its own distutils is found.
    (
        r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, 'local'\) =="
        r" 'local'; enabled and __import__\('_distutils_hack'\)\.add_shim\(\);"
    ),
    # virtualenv, in what it makes.
    r"import _virtualenv",
    # A checkout of ours, where it was installed with `--editable`.
    r"import (__editable___archgw_\w+_finder); \1\.install\(\)",
)


def unknown_hooks() -> Iterator[str]:
    """Of the Python that runs this: the file, and what of it is run."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    for folder in map(Path, dict.fromkeys([*site.getsitepackages(), *user])):
        yield from _lines(folder)
    # What comes with Python itself is the business of who made that.
    own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    yield from _modules(Path(each or ".") for each in sys.path if each not in own)


def _lines(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("*.pth")):
        for line in file.read_text("utf-8", "replace").splitlines():
            runs = line.startswith(("import ", "import\t"))
            if runs and not any(re.fullmatch(known, line.strip()) for known in _KNOWN):
                yield f"{file} runs `{line[:60].strip()}`"


def _modules(folders: Iterable[Path]) -> Iterator[str]:
    for folder in dict.fromkeys(folders):
        files = sorted(folder.glob("*customize*")) if folder.is_dir() else []
        yield from (f"{file} is run" for file in files if NAMES.search(file.name))
