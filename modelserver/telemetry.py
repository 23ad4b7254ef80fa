"""Logs and metrics. Neither ever holds a prompt: logs carry scores, names and lengths.

Logs are JSON lines on standard error. Metrics are Prometheus's, in a registry of the
server's own, so that two servers in one test do not count into each other.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson
import psutil
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelserver.engine.batching import BatchSeen

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)
ROWS = (1, 2, 4, 8, 16, 32, 64)
TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

log = structlog.stdlib.get_logger("modelserver")


def configure_logs(level: str = "info") -> None:
    """JSON lines on standard error, for our own logger and for the libraries'."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
    """Every metric of the server, named here and nowhere else."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.requests = Counter(
            "archgw_modelserver_requests", "Requests answered", ["route", "status"],
            registry=registry,
        )  # fmt: skip
        self.request_seconds = Histogram(
            "archgw_modelserver_request_seconds", "Time from body to answer", ["route"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.refused = Counter(
            "archgw_modelserver_refused", "Requests refused, by error code", ["code"],
            registry=registry,
        )  # fmt: skip
        self.left = Counter(
            "archgw_modelserver_callers_left", "Callers who left before their answer",
            registry=registry,
        )  # fmt: skip
        self.active = Gauge(
            "archgw_modelserver_active_requests", "Requests being answered", registry=registry
        )
        self.batch_rows = Histogram(
            "archgw_modelserver_batch_rows", "Rows in a batch", ["model"], buckets=ROWS,
            registry=registry,
        )  # fmt: skip
        self.batch_tokens = Histogram(
            "archgw_modelserver_batch_padded_tokens", "Padded tokens in a batch", ["model"],
            buckets=TOKENS, registry=registry,
        )  # fmt: skip
        self.batch_seconds = Histogram(
            "archgw_modelserver_batch_seconds", "Time a model took for a batch", ["model"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.tokens = Counter(
            "archgw_modelserver_tokens", "Tokens computed", ["model", "kind"], registry=registry
        )
        self.queue = Gauge(
            "archgw_modelserver_queue_tokens", "Tokens waiting for a model", ["model"],
            registry=registry,
        )  # fmt: skip
        self.cache = Counter(
            "archgw_modelserver_cache", "Look-ups in the answer caches", ["cache", "result"],
            registry=registry,
        )  # fmt: skip
        self.verdicts = Counter(
            "archgw_modelserver_guard_verdicts", "Texts judged", ["verdict"], registry=registry
        )
        self.intents = Counter(
            "archgw_modelserver_intents", "Intents decided", ["result"], registry=registry
        )
        self.function_calls = Counter(
            "archgw_modelserver_function_calls", "Function calls, by who made them",
            ["backend", "outcome"], registry=registry,
        )  # fmt: skip
        self.ready = Gauge("archgw_modelserver_ready", "1 once warm", registry=registry)
        self.warm_seconds = Gauge(
            "archgw_modelserver_warm_seconds", "From process start to ready", registry=registry
        )
        self.model_info = Gauge(
            "archgw_modelserver_model_info", "1 for each loaded model", ["task", "model"],
            registry=registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """The exposition in Prometheus's text format."""
        return generate_latest(self.registry)

    def batch(self, model: str) -> Callable[[BatchSeen], None]:
        """What a batcher calls after each batch."""
        rows = self.batch_rows.labels(model)
        padded = self.batch_tokens.labels(model)
        seconds = self.batch_seconds.labels(model)
        useful, waste = self.tokens.labels(model, "text"), self.tokens.labels(model, "padding")

        def seen(batch: BatchSeen) -> None:
            rows.observe(batch.rows)
            padded.observe(batch.padded)
            seconds.observe(batch.seconds)
            useful.inc(batch.tokens)
            waste.inc(batch.padded - batch.tokens)

        return seen

    def looked_up(self, cache: str) -> Callable[[bool], None]:
        """What a cache calls after each look-up."""
        hit, miss = self.cache.labels(cache, "hit"), self.cache.labels(cache, "miss")
        return lambda found: (hit if found else miss).inc()


def trace_of(error: BaseException) -> list[str]:
    """Where an error came from, without its words: those may quote what a caller sent."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return [*places, type(error).__qualname__]


def process_age() -> float:
    """Seconds since this process was started, imports included."""
    started = psutil.Process().create_time() - psutil.boot_time()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started
