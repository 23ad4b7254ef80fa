"""Logs, metrics and the trace context. None of them ever holds a prompt or a key.

Logs are JSON lines on standard error: names, lengths, scores and hashes. Metrics are
Prometheus's, in a registry of the process's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
import traceback
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from extproc.counters import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
# The request's id, the trace it belongs to, and the gateways it has passed (RFC 8586).
ONWARD = ("x-request-id", TRACEPARENT, TRACESTATE, "cdn-loop")

log = structlog.stdlib.get_logger("extproc")


def configure_logs(level: str = "info") -> None:
    """JSON lines on standard error, for our own logger and for the libraries'."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", _Losing(sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


class _Losing:
    """A file that takes what it can: with the disk full a line is lost, but no request."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._file.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()


class Metrics:
    """Every metric of the process, named here and nowhere else."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            registry, "archgw_extproc_requests", "Prompts decided, by what became of them",
            ["outcome"],
        )  # fmt: skip
        self.seconds = Histogram(
            registry, "archgw_extproc_request_seconds", "From the body to the decision",
            bounds=SECONDS,
        )  # fmt: skip
        self.stages = Histogram(
            registry, "archgw_extproc_stage_seconds", "Time in a stage of the pipeline", ["stage"],
            bounds=SECONDS,
        )  # fmt: skip
        self.outside = Histogram(
            registry, "archgw_extproc_outside_seconds", "Time waited for others", ["what"],
            bounds=SECONDS,
        )  # fmt: skip
        self.outside_active = Gauge(
            registry, "archgw_extproc_outside_active", "Calls that wait for others", ["what"]
        )
        self.errors = Counter(registry, "archgw_extproc_errors", "Errors, by code", ["code"])
        self.exceptions = Counter(
            registry, "archgw_extproc_exceptions", "Errors that nothing foresaw"
        )
        self.fail_closed = Counter(
            registry, "archgw_extproc_fail_closed",
            "Prompts that went nowhere because nothing could judge them", ["code"],
        )  # fmt: skip
        self.verdicts = Counter(
            registry, "archgw_extproc_guard_verdicts", "Prompts that the guard judged", ["verdict"]
        )
        self.guard_hits = Counter(
            registry, "archgw_extproc_guard_refusals", "Prompts refused by a guard", ["guard"]
        )
        self.withheld = Counter(
            registry, "archgw_extproc_api_answers_withheld",
            "Answers of APIs that no LLM was given, by guard or why none judged them", ["reason"],
        )  # fmt: skip
        self.intents = Counter(registry, "archgw_extproc_intents", "Where prompts went", ["result"])
        self.targets = Counter(
            registry, "archgw_extproc_targets", "Calls that prompts wanted, by target", ["target"]
        )
        self.asked = Counter(
            registry, "archgw_extproc_questions",
            "Questions of the gateway, for values or to confirm", ["reason"],
        )  # fmt: skip
        self.replies = Counter(
            registry, "archgw_extproc_replies", "Plain replies to such a question", ["reply"]
        )
        self.calls = Counter(
            registry, "archgw_extproc_api_calls", "Calls of the application's APIs",
            ["upstream", "status"],
        )  # fmt: skip
        self.traces = traces_counter(registry)
        self.active = Gauge(registry, "archgw_extproc_active", "Requests being decided")

    def text(self) -> bytes:
        """The exposition in Prometheus's text format."""
        return generate_latest(self.registry)


def traces_counter(registry: CollectorRegistry) -> Counter:
    """Each process that makes spans has one."""
    return Counter(
        registry, "archgw_traces", "Traced requests, by whether the collector has their spans",
        ["of", "result"],
    )  # fmt: skip


def trace_of(error: BaseException) -> list[str]:
    """Where an error came from, without its words: those may quote what a caller sent."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return [*places, type(error).__qualname__]


def redacted(content: bytes) -> str:
    """A body in a log: its length, and a hash to tell two of them apart."""
    return f"[{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:16]}]"


def onward(headers: Mapping[str, str]) -> dict[str, str]:
    """What every call on behalf of a request carries. Nothing of the client's credentials."""
    return {name: headers[name] for name in ONWARD if headers.get(name)}
