"""Keys on disk, for Envoy alone: a 0600 file each, in a 0700 directory, gone after `down`.

Envoy watches the directory and takes a new key when a file is renamed into it, so every write
is a rename: a reader sees the old key or the new one, never half of one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.supervise.private import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class SecretStore:
    """`files`: name → content. Keys and the SDS files that point at them are treated alike."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self) -> None:
        private_directory(self._directory)

    def write_new(self, files: Mapping[str, str]) -> frozenset[str]:
        """Adds what is not there yet and touches nothing else; returns what it added."""
        added = {name: text for name, text in files.items() if not self._path(name).exists()}
        self.write(added)
        return frozenset(added)

    def write(self, files: Mapping[str, str]) -> None:
        # Keys before the files that name them: Envoy reads the key when it sees the other.
        for name in sorted(files, key=lambda name: (not name.endswith(".key"), name)):
            self._replace(name, files[name])

    def rotate(self, files: Mapping[str, str]) -> frozenset[str]:
        """Writes what differs. A changed key also renews the file that names it.

        Envoy looks at a key again when the file that names it is renamed into place.
        """
        changed = {name for name, text in files.items() if self._read(name) != text}
        named = {f"{name.removesuffix('.key')}.sds.yaml" for name in changed}
        self.write({name: files[name] for name in files if name in changed | named})
        return frozenset(changed)

    def keep_only(self, names: Iterable[str]) -> None:
        keep = set(names)
        if self._directory.is_dir():
            for path in self._directory.iterdir():
                if path.name not in keep:
                    path.unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def clear(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    def _path(self, name: str) -> Path:
        if name != Path(name).name or name.startswith("."):
            raise ValueError(f"not a plain file name: {name!r}")
        return self._directory / name

    def _read(self, name: str) -> str | None:
        try:
            return self._path(name).read_text("utf-8")
        except OSError:
            return None

    def _replace(self, name: str, text: str) -> None:
        path = self._path(name)
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=self._directory)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
