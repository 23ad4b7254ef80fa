"""A child process that stays alive: started, probed, restarted, and given up with a reason.

A child that dies is restarted at once, then ever later (0.1 to 5 seconds, with jitter, so that
several do not come back in step). One that never lives long is in a crash loop: an essential
child then ends the gateway, any other one is tried again for ever, and `status` shows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from controlplane.supervise.messages import ChildStatus
from controlplane.supervise.private import appending
from controlplane.supervise.processes import leash
from controlplane.supervise.processes.environment import clean_environment
from controlplane.supervise.processes.process import Identity, identity, work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from controlplane.supervise.http import Place

log = logging.getLogger("archgw.children")

STABLE_AFTER = 10.0
CRASH_LOOP = 8
STOP_GRACE = 5.0
"""Between a SIGTERM and a SIGKILL."""
_FIRST_DELAY, _LAST_DELAY = 0.1, 5.0
_PROBE_EVERY = 1.0
_STILL = 2
"""Noes in a row of a child that did nothing meanwhile: it is stopped or waits for itself. One that
works is given the whole of its patience, for others may use the machine."""
_START_LIMIT = 60.0
"""For the first start; one that it was too short for has twice as long the next time."""
_LONGEST_START = 960.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    name: str
    argv: tuple[str, ...]
    log: Path
    environment: tuple[tuple[str, str], ...] = ()
    """Beside the allow-list."""
    essential: bool = True
    probe: Callable[[], Awaitable[bool]] | None = field(default=None, compare=False)
    """Asked every second. Once it has said yes, or the time for a start has gone, `patience` noes in
    a row replace the child, and fewer where it does nothing."""
    patience: int = field(default=5, compare=False)
    metrics: Place | None = field(default=None, compare=False)
    """Where it answers `GET /metrics`."""


class ChildFailedError(Exception):
    """A child that would not run; carries what it last said."""

    def __init__(self, name: str, how: str, tail: str) -> None:
        self.name = name
        shown = f"; its last lines:\n{tail}" if tail else ", and it logged nothing"
        super().__init__(f"{name} {how}{shown}")


def backoff(failures: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before start number `failures` + 1."""
    longest = min(_LAST_DELAY, _FIRST_DELAY * 2.0 ** (failures - 1))
    return float(longest * (0.5 + 0.5 * chance()))


def last_lines(path: Path, since: int = 0, count: int = 12) -> str:
    """The end of a log, but nothing from before byte `since`."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            begins = since if since <= size else 0  # it has been made small meanwhile
            file.seek(max(begins, size - 16384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


class Child:
    def __init__(self, spec: ChildSpec, record: Callable[[str, Identity | None], None]) -> None:
        self.spec = spec
        self.state = "starting"
        self.restarts = 0
        self.settled = False
        """Set once the gateway is up: from then on a death means a restart, not a failure."""
        self._record = record
        self._process: asyncio.subprocess.Process | None = None
        self._began = 0.0
        self._log: IO[bytes] | None = None
        self._log_start = 0
        self._answered = False
        """Since its last start: before that it is slow, not hung, for as long as a start may take."""
        self._start_limit = _START_LIMIT
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """The task ends only by `stop`, or with ChildFailedError."""
        self._task = asyncio.create_task(self._keep_alive(), name=self.spec.name)
        return self._task

    async def stop(self, grace: float) -> None:
        self._stopping = True
        process = self._process
        if process and process.returncode is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace)
            if process.returncode is None:
                log.warning("%s did not stop within %.0f s: killed", self.spec.name, grace)
                _signal(process, signal.SIGKILL)
                await process.wait()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._close_log()
        self._record(self.spec.name, None)
        self.state = "stopped"

    async def answers(self, within: float) -> bool:
        """Waits for the first yes of its probe."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + within
        while self.spec.probe and not await self.spec.probe():
            if clock() >= deadline:
                return False
            await asyncio.sleep(0.05)
        self._answered = True
        return True

    def status(self) -> ChildStatus:
        process = self._process
        running = process is not None and process.returncode is None
        uptime = self._lived() if running else 0.0
        pid = process.pid if process and running else None
        return ChildStatus(self.spec.name, self.state, pid, self.restarts, round(uptime, 1))

    async def _keep_alive(self) -> None:
        failures = 0
        while not self._stopping:
            how = await self._run_once()
            if self._stopping:
                return
            lived = self._lived()
            failures = 1 if lived >= STABLE_AFTER else failures + 1
            self._judge(how, failures)
            delay = backoff(failures)
            log.error("%s %s after %.1f s; restart in %.2f s", self.spec.name, how, lived, delay)
            await asyncio.sleep(delay)
            self.restarts += 1

    def _judge(self, how: str, failures: int) -> None:
        tail = last_lines(self.spec.log, self._log_start)
        if not self.settled:
            self.state = "failed"
            raise ChildFailedError(self.spec.name, how, tail)
        if failures < CRASH_LOOP:
            self.state = "restarting"
            return
        self.state = "crash loop"
        if self.spec.essential:
            reason = f"is in a crash loop: {failures} times in a row it {how}"
            raise ChildFailedError(self.spec.name, reason, tail)

    def _lived(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    async def _run_once(self) -> str:
        """How it ended, as the end of a sentence."""
        process = await self._spawn()
        self._process = process
        self.state = "running"
        self._record(self.spec.name, identity(process.pid))
        probing = asyncio.create_task(self._probe(process))
        try:
            code = await process.wait()
        finally:
            probing.cancel()
        hung = (await asyncio.gather(probing, return_exceptions=True))[0] is True
        return "stopped answering and was killed" if hung else _ending(code)

    async def _spawn(self) -> asyncio.subprocess.Process:
        spec = self.spec
        self._began = asyncio.get_running_loop().time()
        self._answered = False
        self._close_log()
        self._log = output = _appending(spec.log)
        self._log_start = output.tell()
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *spec.argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**clean_environment(os.environ), **dict(spec.environment)},
            # Its own group: a Ctrl-C at the terminal is for the supervisor to handle.
            process_group=0,
        )

    @property
    def log_descriptor(self) -> int | None:
        """Of what it writes into, which may have been moved since it began."""
        return self._log.fileno() if self._log else None

    def _close_log(self) -> None:
        if self._log:
            self._log.close()
            self._log = None

    async def _probe(self, process: asyncio.subprocess.Process) -> bool:
        """True when the child hung and was killed for it."""
        probe = self.spec.probe
        if probe is None:
            return False
        misses = still = 0
        while misses < self.spec.patience and still < _STILL:
            done = work(process.pid)
            await asyncio.sleep(_PROBE_EVERY)
            healthy = await probe()
            self._answered = self._answered or healthy
            slow = not self._answered and self._lived() < self._start_limit
            misses = 0 if healthy or slow else misses + 1
            rests = misses and done is not None and work(process.pid) == done
            still = still + 1 if rests else 0
        log.error("%s did not answer %d probes", self.spec.name, misses)
        if not self._answered:
            # On a machine that is too busy for it, the same limit would end every start alike.
            self._start_limit = min(2 * self._start_limit, _LONGEST_START)
        _signal(process, signal.SIGKILL)
        return True


def _appending(path: Path) -> IO[bytes]:
    """The log, or nothing at all: a child matters more than what it says."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return appending(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error.strerror)
        return open(os.devnull, "ab")


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
