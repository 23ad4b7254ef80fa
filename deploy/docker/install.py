"""Inside a build: install the wheels of a folder into the environment whose Python runs this.

    python3 install.py FOLDER        # the wheels, and leave-out.txt

With a `requirements.txt` each is checked by its hash. Ours was made just now, so no hash of it
stands anywhere. What `leave-out.txt` names, by patterns of paths below site-packages, is not part
of the image. Bytecode is written here, since the file system is read-only where the image runs.
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode


def main(folder: Path) -> None:
    packages = Path(sysconfig.get_path("purelib"))
    (pip,) = Path(__file__).parent.glob("pip-*.whl")
    install = [sys.executable, pip / "pip", "install", "--no-index", "--find-links", folder]
    install += ["--no-deps", "--no-compile", "--no-cache-dir", "--disable-pip-version-check"]
    requirements = folder / "requirements.txt"
    pinned = ["--require-hashes", "--requirement", requirements]
    what = pinned if requirements.exists() else list(folder.glob("*.whl"))
    subprocess.run([*install, *what], check=True)
    for pattern in (folder / "leave-out.txt").read_text("utf-8").split():
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    # By content and unchecked: times of files are no part of an image that can be built again.
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(packages, quiet=2, invalidation_mode=unchecked)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
