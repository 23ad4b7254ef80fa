"""All children of one gateway, in the order of `services`, and the file that remembers them.

The file names every child by pid and start time, for `leftovers`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from controlplane.supervise.processes.child import Child

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from controlplane.supervise.messages import ChildStatus
    from controlplane.supervise.processes.child import ChildSpec
    from controlplane.supervise.processes.process import Identity

log = logging.getLogger("archgw.children")


class Children:
    def __init__(self, record: Path) -> None:
        self._record_file = record
        self._identities: dict[str, Identity] = {}
        self._children: dict[str, Child] = {}
        self._settled = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Gets the exception of the first child that is given up."""

    def start_new(self, specs: Iterable[ChildSpec]) -> tuple[Child, ...]:
        """Starts those whose names are new; nothing that runs is touched."""
        new = [spec for spec in specs if spec.name not in self._children]
        return tuple(self._start(spec) for spec in new)

    async def reconcile(self, specs: Iterable[ChildSpec], grace: float) -> None:
        """Stops what is wanted no more or otherwise, then starts what is missing."""
        wanted = {spec.name: spec for spec in specs}
        leaving = [
            child for name, child in self._children.items() if wanted.get(name) != child.spec
        ]
        await self.drop(leaving, grace)
        self.start_new(wanted.values())

    async def drop(self, children: Iterable[Child], grace: float) -> None:
        leaving = tuple(children)
        for child in leaving:
            del self._children[child.spec.name]
        await asyncio.gather(*(child.stop(grace) for child in leaving))

    def waited_for(self) -> tuple[Child, ...]:
        """Those that can say whether they are healthy."""
        return tuple(child for child in self._children.values() if child.spec.probe)

    def settle(self) -> None:
        """The gateway is up: from now on a child that dies is restarted."""
        self._settled = True
        for child in self._children.values():
            child.settled = True

    def all(self) -> tuple[Child, ...]:
        return tuple(self._children.values())

    def statuses(self) -> tuple[ChildStatus, ...]:
        return tuple(child.status() for child in self._children.values())

    def logs(self) -> tuple[tuple[int, Path], ...]:
        """Where each child writes, and under which name that is to be found."""
        return tuple(
            (child.log_descriptor, child.spec.log)
            for child in self._children.values()
            if child.log_descriptor is not None
        )

    async def stop(self, grace: float) -> None:
        """Envoy first: with its clients gone, the others have nothing left to answer."""
        await self.drop([each for each in self._children.values() if each.spec.essential], grace)
        await self.drop(list(self._children.values()), grace)
        self.failed.cancel()
        self._record_file.unlink(missing_ok=True)

    def _start(self, spec: ChildSpec) -> Child:
        child = Child(spec, self._record)
        child.settled = self._settled
        self._children[spec.name] = child
        child.start().add_done_callback(self._ended)
        return child

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self.failed.done():
            self.failed.set_exception(error)

    def _record(self, name: str, who: Identity | None) -> None:
        if who:
            self._identities[name] = who
        else:
            self._identities.pop(name, None)
        content = {name: [who.pid, who.started] for name, who in self._identities.items()}
        temporary = self._record_file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps(content), "utf-8")
            temporary.replace(self._record_file)
        except OSError as error:
            # The start times in the old record keep a later `up` from ending somebody else.
            log.warning("%s cannot be written: %s", self._record_file, error.strerror)
