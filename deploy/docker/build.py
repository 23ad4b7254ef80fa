"""Build both images without Docker: `make images`, or by hand

    python deploy/docker/build.py                  # on the base that the Containerfile names
    python deploy/docker/build.py --debian         # on one made here of Debian's packages
    python deploy/docker/build.py --twice          # again without a cache: is it the same to the bit?
    python deploy/docker/build.py --context        # gather what docker build needs, and stop
    python deploy/docker/build.py --lock           # choose versions anew: requirements-*.txt

Run by a Python 3.11 that has the extra `images`. Images are made by buildah, the base by mmdebstrap.
What is gathered lies in `build/images`; what was downloaded or made once is not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from deploy.start_hooks import of_wheel  # noqa: E402  of the checkout itself
from install import UNUSED_FILES, UNUSED_PACKAGES  # noqa: E402

BUILD = ROOT / "build" / "images"
CONTEXT = BUILD / "context"
WHEELS = BUILD / "wheels"
BASE_ARCHIVE = BUILD / "base.tar"
DEBIAN_BASE = "localhost/archgw-base:bookworm"
TARGETS = ("gateway", "modelserver")

SHARED = (
    *("aiohttp", "cachetools", "httptools", "orjson", "prometheus-client", "psutil"),
    *("pyyaml", "regex", "structlog", "uvloop"),
)
"""What the model server needs of the gateway's dependencies, beside those of the extra `models`."""
LEFT_OUT = {
    "gateway": ("modelserver/weights",),
    "modelserver": (
        *("controlplane", "extproc"),
        *("../../../bin/archgw", "../../../bin/archgw-ratelimit"),
    ),
}
NEVER_RUN = (
    # Redis' client for extensions of a server, and for several servers at once: loaded on demand.
    *(f"redis/commands/{each}" for each in ("bf", "json", "search", "timeseries", "vectorset")),
    *("redis/multidb", "redis/asyncio/multidb"),
    # What compiled modules were made of.
    *("**/*.pyx", "**/*.pxd", "**/*.pxi", "uvloop/**/*.c"),
)
DEBIAN = ("python3", "usr-is-merged")
"""The second spares us a script that needs all of Perl."""
NOT_NEEDED = ("doc", "info", "lintian", "locale", "man")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--debian", action="store_true", help="make the base of Debian's packages")
    parser.add_argument("--base", metavar="IMAGE", help="another base")
    parser.add_argument("--target", choices=TARGETS, help="one image alone")
    parser.add_argument("--twice", action="store_true", help="fail unless both builds are the same")
    parser.add_argument("--context", action="store_true", help="gather the context alone")
    parser.add_argument("--lock", action="store_true", help="write the requirements anew")
    options = parser.parse_args()
    if options.lock:
        lock()
        return
    targets = (options.target,) if options.target else TARGETS
    gather(targets)
    if options.context:
        return
    base = debian_base() if options.debian else options.base
    for target in targets:
        made = image(target, base)
        if options.twice and content(image(target, base, "--no-cache")) != content(made):
            sys.exit(f"{target}: built twice, and not the same")
        say(f"{name(target)}: {made}, {megabytes(name(target))} MB")


# What is installed --------------------------------------------------------------------------------


def lock() -> None:
    """The newest versions that pyproject.toml allows, and the hashes of all their files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = project["dependencies"]
    models = [
        *project["optional-dependencies"]["models"],
        *(need for need in ours if need.partition(">")[0] in SHARED),
    ]
    for what, needs in (("gateway", ours), ("modelserver", models), ("tools", ["pip"])):
        _lock(what, needs)


def _lock(what: str, needs: list[str]) -> None:
    target = ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_36"]
    how = ["--generate-hashes", "--no-annotate", "--no-header", "--no-config", "--system-certs"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as never:
        # What tokenizers asks for and does not need, with all that comes along.
        never.writelines(f"{package}; python_version < '3'\n" for package in UNUSED_PACKAGES)
        never.flush()
        command = [tool("uv"), "pip", "compile", "-", "--quiet", *target, *how]
        command += ["--override", never.name, "--output-file", str(requirements(what))]
        subprocess.run(command, input="\n".join(needs), text=True, check=True)
    say(f"wrote {requirements(what)}")


def requirements(what: str) -> Path:
    return HERE / f"requirements-{what}.txt"


# The context --------------------------------------------------------------------------------------


def gather(targets: tuple[str, ...]) -> None:
    """All that a build needs, in one folder: no network is asked after this."""
    shutil.rmtree(CONTEXT, ignore_errors=True)
    ours = our_wheel()
    tools = CONTEXT / "tools"
    tools.mkdir(parents=True)
    shutil.copy(HERE / "install.py", tools)
    for wheel in downloaded("tools"):
        shutil.copy(wheel, tools)
    for target in targets:
        folder = CONTEXT / target
        # Apart, since ours changes with each commit, and the others seldom.
        wheels = _folder(folder / "wheels", downloaded(target), (*UNUSED_FILES, *NEVER_RUN))
        shutil.copy(requirements(target), wheels / "requirements.txt")
        _folder(folder / "ours", [ours], LEFT_OUT[target])
        bill_of_materials(target, folder / "sbom.cdx.json")
    shutil.copy(HERE / "Containerfile", CONTEXT)


def _folder(folder: Path, wheels: list[Path], left_out: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True)
    for wheel in wheels:
        if hooks := of_wheel(wheel):
            sys.exit(f"{wheel.name} has {', '.join(hooks)}, which would run at each start")
        shutil.copy(wheel, folder)
    (folder / "leave-out.txt").write_text("\n".join(left_out) + "\n", "utf-8")
    return folder


def our_wheel() -> Path:
    """Made of what git knows alone, so that no stray file gets in, with the time of the commit."""
    out = BUILD / "ours"
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for file in output("git", "ls-files", "-z").split("\0"):
            source, copy = ROOT / file, Path(folder, file)
            if file and (source.is_symlink() or source.exists()):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy, follow_symlinks=False)
        pip("wheel", "--no-deps", "--wheel-dir", str(out), folder)
    (wheel,) = out.glob("*.whl")
    return wheel


def downloaded(what: str) -> list[Path]:
    """The wheels of one file of requirements, checked by their hashes."""
    folder = WHEELS / what
    pinned = requirements(what)
    seal = folder / hashlib.sha256(pinned.read_bytes()).hexdigest()[:16]
    if not seal.exists():
        shutil.rmtree(folder, ignore_errors=True)
        how = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        pip("download", *how, "--requirement", str(pinned), "--dest", str(folder))
        seal.touch()
    return sorted(folder.glob("*.whl"))


def bill_of_materials(target: str, file: Path) -> None:
    command = [tool("cyclonedx-py"), "requirements", str(requirements(target))]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    command += ["--output-format", "JSON", "--output-file", str(file)]
    # It would rather know which package needs which; of a list of all that is no loss.
    subprocess.run(command, env={**os.environ, "PYTHONWARNINGS": "ignore"}, check=True)


# The images ---------------------------------------------------------------------------------------


def debian_base() -> str:
    """Debian's Python 3.11 on what Debian calls minimal: for where no registry is."""
    if subprocess.run(
        ["buildah", "inspect", DEBIAN_BASE], capture_output=True, check=False
    ).returncode:
        if not BASE_ARCHIVE.exists():
            _debian_archive(BASE_ARCHIVE)
        lines = ("FROM scratch", f"ADD {BASE_ARCHIVE.name} /", "")
        description = BUILD / "Containerfile.base"
        description.write_text("\n".join(lines), "utf-8")
        _buildah(DEBIAN_BASE, description, BUILD, "--timestamp", "0")
    return DEBIAN_BASE


def _debian_archive(archive: Path) -> None:
    say("making a base of Debian's packages (a minute or two)")
    fresh = archive.with_suffix(".new.tar")
    away = " ".join(f"usr/share/{folder}" for folder in NOT_NEEDED)
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(DEBIAN)}", "--quiet"]
    command += ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
    command += ['--aptopt=Apt::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"']
    command += [f'--customize-hook=cd "$1" && rm -rf {away} var/cache/debconf var/log/*']
    # Times are those of the packages: the same archive as long as Debian has the same packages.
    env = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    subprocess.run([*command, "bookworm", str(fresh)], env=env, check=True)
    fresh.replace(archive)


def image(target: str, base: str | None, *more: str) -> str:
    """Its id."""
    arguments = [f"--build-arg=VERSION={version()}", f"--build-arg=REVISION={revision()}"]
    if base:
        arguments.append(f"--build-arg=BASE={base}")
    how = ["--target", target, "--timestamp", commit_time(), *arguments, *more]
    return _buildah(name(target), CONTEXT / "Containerfile", CONTEXT, *how)


def content(identity: str) -> tuple[Any, Any]:
    """The digests of its layers, and how it is started. Its id also says which steps were cached."""
    found = json.loads(output("buildah", "inspect", "--type", "image", identity))["OCIv1"]
    return found["rootfs"], found["config"]


def _buildah(tag: str, description: Path, context: Path, *more: str) -> str:
    with tempfile.NamedTemporaryFile("r") as identity:
        # Docker's format, since OCI's has no health check.
        command = ["buildah", "bud", "--isolation", "chroot", "--network", "host", "--quiet"]
        command += ["--format", "docker", "--layers", "--iidfile", identity.name]
        command += [*more, "--tag", tag, "--file", str(description), str(context)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return identity.read().strip()


def name(target: str) -> str:
    return f"localhost/archgw-{target}:{version()}"


def megabytes(tag: str) -> int:
    size = output("buildah", "images", "--format", "{{.Size}}", tag)
    number, unit = size.split()
    return round(float(number) * {"KB": 0.001, "MB": 1, "GB": 1000}[unit])


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def revision() -> str:
    return output("git", "rev-parse", "HEAD")


def commit_time() -> str:
    return output("git", "log", "-1", "--format=%ct")


# Tools --------------------------------------------------------------------------------------------


def pip(*arguments: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        arguments[0],
        "--quiet",
        "--quiet",
        "--disable-pip-version-check",
    ]
    env = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
    subprocess.run([*command, *arguments[1:]], env=env, check=True)


def tool(program: str) -> str:
    """One of the extra `images`, beside the Python that runs this."""
    found = Path(sys.executable).with_name(program)
    if not found.exists():
        sys.exit(f"{program} is missing: `python3 install.py images` installs it")
    return str(found)


def output(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
