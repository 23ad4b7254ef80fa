"""Each decision's record to where the config wants it. Nothing here may fail a request."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from extproc.record.file import RecordFile
from extproc.record.ring import Ring
from extproc.record.taken import record
from extproc.record.telling import Telling
from extproc.telemetry import log, trace_of

if TYPE_CHECKING:
    from extproc.events import Outcome
    from extproc.exchange import Exchange
    from extproc.traces.keeping import Traces


class Records:
    """In memory always; in the file, and to the collector, of the request's own config."""

    def __init__(self, key: bytes, traces: Traces | None = None) -> None:
        self._key = key
        self._traces = traces
        self.ring = Ring()
        self._files: dict[str, RecordFile] = {}
        self._unwritable: set[str] = set()

    def keep(self, exchange: Exchange, outcome: Outcome | None) -> None:
        try:
            self._keep(exchange, outcome)
        except Exception as error:  # noqa: BLE001 - a record that cannot be made is not worth one
            log.error("record.lost", trace=trace_of(error))

    def _keep(self, exchange: Exchange, outcome: Outcome | None) -> None:
        wanted = exchange.runtime.config.decisions
        ended = time.time_ns()
        found = record(exchange, outcome, Telling(wanted.content, self._key))
        body = orjson.dumps(found)
        self.ring.keep(exchange.caller.request_id, body)
        if wanted.file and random.random() < wanted.sample:  # noqa: S311
            self._write(wanted.file, body)
        tracing, span = exchange.runtime.config.tracing, exchange.caller.span
        if self._traces and tracing and span:
            if tracing.content:
                found = record(exchange, outcome, Telling("all", self._key))
                body = orjson.dumps(found)
            self._traces.keep(tracing, span, found, ended, len(body))

    def _write(self, path: str, body: bytes) -> None:
        """A line that cannot be written is lost; that is told once, until one can be again."""
        try:
            self._file(path).write(body)
        except OSError as error:
            if path not in self._unwritable:
                log.warning("record.unwritten", path=path, reason=error.strerror)
            self._unwritable.add(path)
        else:
            self._unwritable.discard(path)

    def _file(self, path: str) -> RecordFile:
        if path not in self._files:
            self._files[path] = RecordFile(Path(path))
        return self._files[path]
