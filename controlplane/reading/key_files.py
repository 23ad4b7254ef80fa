"""Keys and sets of keys that lie in files of their own, which whoever renews them writes anew.

Kubernetes mounts secrets so, a link into a folder for each, and Docker and systemd do, too. A
file is read with the config, as its variables are; what was looked into is remembered, so that
a change there is seen like one of the config.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from controlplane import jwks
from controlplane.model import Secret
from controlplane.problem import MISSING_KEY_FILE, UNFIT_FILE
from controlplane.reading.values import Text, check_key, label

if TYPE_CHECKING:
    from controlplane.model import Path
    from controlplane.reading.values import JsonSchema, Reading
    from controlplane.reading.yaml_tree import Node

_MOST_BYTES = 64 << 10
_LARGEST_SET = 1 << 20
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys in a file: one, or one a line. While a key changes both may stand there."""

    def read(self, node: Node, reading: Reading) -> tuple[Secret, ...]:
        file = _named(node, reading)
        return _keys(file, node.path, reading) if file else ()

    def schema(self) -> JsonSchema:
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """The keys in a folder's files, each with the file's name."""

    def read(self, node: Node, reading: Reading) -> tuple[tuple[str, Secret], ...]:
        folder = _named(node, reading)
        if folder is None:
            return ()
        try:
            # Links of Kubernetes' own begin with two dots, and unfinished files with one.
            entries = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
        except OSError as error:
            _unreadable(error, node.path, reading)
            return ()
        files = (entry for entry in entries[:_MOST_FILES] if entry.is_file())
        found = ((file.name, _keys(file, node.path, reading)) for file in files)
        return tuple((name, key) for name, keys in found for key in keys)

    def schema(self) -> JsonSchema:
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class KeySetFile:
    """The keys that tokens are checked with, as a JSON Web Key Set; one may be a shared secret."""

    def read(self, node: Node, reading: Reading) -> Secret | None:
        file = _named(node, reading)
        if file is None:
            return Secret(None)
        text = _text(file, _LARGEST_SET, node.path, reading)
        if text is None:
            return Secret(None, file=str(file))
        if fault := jwks.fault(text):
            message = f"{label(node.path)}: {file.name} {fault}"
            reading.warn(UNFIT_FILE, node.path, message, "no token could be checked with it")
        return Secret(text, file=str(file))

    def schema(self) -> JsonSchema:
        return {"type": "string"}


def _named(node: Node, reading: Reading) -> FilePath | None:
    written = Text(env=True).read(node, reading)
    if not written or "$" in written:  # a variable that is not set was told already
        return None
    path = (reading.document.folder / FilePath(written).expanduser()).absolute()
    reading.key_files.append(str(path))
    return path


def _keys(file: FilePath, path: Path, reading: Reading) -> tuple[Secret, ...]:
    text = _text(file, _MOST_BYTES, path, reading)
    if text is None:
        return ()
    keys = [line.strip() for line in text.splitlines() if line.strip()]
    for key in keys:
        check_key(key, path, reading)
    if not keys:
        reading.warn(MISSING_KEY_FILE, path, f"{label(path)}: there is no key in {file.name}")
    return tuple(Secret(key, file=str(file)) for key in keys)


def _text(file: FilePath, most: int, path: Path, reading: Reading) -> str | None:
    reading.key_files.append(str(file))
    try:
        with file.open("rb") as opened:
            return opened.read(most).decode("utf-8", "replace")
    except OSError as error:
        _unreadable(error, path, reading)
        return None


def _unreadable(error: OSError, path: Path, reading: Reading) -> None:
    reason = (error.strerror or type(error).__name__).lower()
    message = f"{label(path)} cannot be read: {reason}"
    hint = "relative paths begin at the config's folder"
    reading.warn(MISSING_KEY_FILE, path, message, hint)
