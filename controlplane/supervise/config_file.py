"""The config on disk, the keys beside it, the caller's variables: read, watched, read again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlplane.compile import check
from controlplane.problem import for_start
from controlplane.report import masked
from controlplane.supervise.messages import Looked
from controlplane.supervise.plan import Refused, Sound, read
from controlplane.xds.watch import FileWatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ConfigFile:
    def __init__(self, path: Path | None, env: Mapping[str, str]) -> None:
        """`path` is None for a model server alone."""
        self.path = path
        self._env = dict(env)
        self._always = (path, path.parent / ".env") if path else ()
        self._watch = FileWatch(self._always)
        self._read_marks = self._watch.marks()
        """The files as they were last read: `archgw reload` may be quicker than the watch."""

    def add_variables(self, env: Mapping[str, str]) -> None:
        self._env.update(env)

    async def read(self) -> Sound | Refused | None:
        if self.path is None:
            return None
        while True:
            self._read_marks = self._watch.marks()
            found = await asyncio.to_thread(read, self.path, dict(self._env))
            paths = self._always + found.key_files
            if paths == self._watch.paths:
                return found
            # A file may have changed between its reading and its first mark: once more.
            self._watch.paths = paths

    def look(self) -> Looked:
        """At the file as it is now; nothing comes of it."""
        if self.path is None:
            return Looked("", ())
        checked = check(self.path, dict(self._env))
        lines = (checked.text or "").splitlines(keepends=True)
        problems = checked.located(for_start(checked.problems))
        return Looked("".join(map(masked, lines)), tuple(problems))

    async def changed(self) -> None:
        """Returns once the files are other than when they were last read."""
        while True:
            await self._watch.wait()
            if self._watch.marks() != self._read_marks:
                return
