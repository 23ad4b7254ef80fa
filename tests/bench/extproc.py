"""What extproc costs: µs of each step by itself, and what Envoy's clients see of the whole.

    python -m tests.bench.extproc [--seconds 3]

No model: a scripted model server answers at once, from a process of its own. "plain" is the
same Envoy with the same route and no ext_proc; the difference is what the prompt path adds.
Load and servers share one machine, so only ratios between figures of one run mean anything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from extproc import phases
from extproc.chat import types
from extproc.clients import HttpModels
from extproc.contract import GUARDED_HEADER
from extproc.events import Forward, RequestHeaders
from extproc.exchange import World
from extproc.record.keeping import Records
from extproc.runtime import compiled
from extproc.session import Session
from extproc.telemetry import Metrics, configure_logs
from extproc.wire import archgw_ext_proc_pb2 as wire
from modelserver import schema
from tests.e2e.extproc_stage import stage
from tests.fakes.application import FakeApplication
from tests.fakes.model_server import FakeModelServer, Script
from tests.fakes.provider import FakeProvider
from tests.playbook import (
    FakeEndpoints,
    FakeModels,
    body,
    guard,
    headers,
    parameter,
    settings,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WEATHER = target("weather", parameter("city", required=True), parameter("days", "integer"))
BODY = {
    "model": "gpt-4o",
    "messages": [
        {"role": "user", "content": "Hello there, I want to plan a trip. " * 4},
        {"role": "assistant", "content": "Where would you like to go, and when? " * 4},
        {"role": "user", "content": "What is the weather like in Lisbon next week? " * 4},
    ],
    "temperature": 0.2,
}


def run(_folder: Path, seconds: float = 3.0) -> dict[str, Any]:
    configure_logs("warning")
    return {
        "steps_us": steps(),
        "model_call_us": asyncio.run(_model_call()),
        "envoy": through_envoy(seconds),
        "load_average": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }


def steps() -> dict[str, float]:
    """The parts that need nobody else, in µs."""
    raw = json.dumps(BODY).encode()
    message = _headers_message()
    forward = Forward(raw, {GUARDED_HEADER: "1"}, members='"metadata":{},')
    event = RequestHeaders({":path": "/v1/chat/completions"}, end_of_stream=False)
    return {
        "decode_headers": _timed(lambda: phases.decode(message)),
        "next_phase": _timed(lambda: phases.next_phase(phases.Phase.START, event)),
        "read_body": _timed(lambda: types.read(raw, "application/json")),
        "encode_forward": _timed(lambda: phases.encode(forward)),
        "session": asyncio.run(_pipeline()),
    }


class _AtOnce(FakeModels):
    """Gives the same decision without working on it."""

    def __init__(self) -> None:
        super().__init__()
        asked = schema.DecideRequest((schema.Message("user", "hi"),), ()).to_json()
        self._decision = schema.DecideResponse.from_json(self.script.decide(asked))

    async def decide(self, *_: object) -> schema.DecideResponse:
        return self._decision


async def _pipeline(times: int = 2000) -> float:
    """Both events of a request through a session, the model server's answer given, in µs."""
    runtime = compiled("0123456789abcdef", settings(WEATHER, guards=(guard(),)))
    world = World(_AtOnce(), FakeEndpoints(), Metrics(), Records(b"key"))
    first, second = headers(), body(BODY)
    found = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            session = Session(runtime, world)
            await session.on(first)
            await session.on(second)
        found.append((time.perf_counter() - began) / times * 1e6)
    return round(statistics.median(found), 2)


def _headers_message() -> bytes:
    names = {
        ":method": "POST", ":path": "/v1/chat/completions", ":authority": "localhost",
        ":scheme": "http", "content-type": "application/json", "content-length": "900",
        "user-agent": "bench", "x-request-id": "5e8a9b0c-0000-4000-8000-000000000000",
        "x-forwarded-proto": "http", "accept": "*/*",
    }  # fmt: skip
    values = [wire.HeaderValue(key=k, raw_value=v.encode()) for k, v in names.items()]
    sent = wire.HttpHeaders(headers=wire.HeaderMap(headers=values))
    return wire.ProcessingRequest(request_headers=sent).SerializeToString()


def _timed(work: Callable[[], object], times: int = 2000) -> float:
    """Median of five runs, in µs a call."""
    found = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            work()
        found.append((time.perf_counter() - began) / times * 1e6)
    return round(statistics.median(found), 2)


async def _model_call() -> float:
    """One decision over HTTP from a server that answers at once, in µs (median)."""
    request = schema.DecideRequest((schema.Message("user", "hi"),), ())
    with _models() as address:
        client = HttpModels()
        found = []
        for _ in range(500):
            began = time.perf_counter()
            await client.decide(address, request, {}, 5)
            found.append((time.perf_counter() - began) * 1e6)
        await client.close()
    return round(statistics.median(found), 1)


def through_envoy(seconds: float) -> dict[str, Any]:
    """Latency at one connection and requests a second at sixteen, with extproc and without."""
    figures: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-extproc-")))
        llm = stack.enter_context(_llm())
        app = stack.enter_context(FakeApplication())
        models = stack.enter_context(_models())
        config = settings(
            WEATHER, guards=(guard(),), model_server=models,
            internal_socket=str(folder / "internal.sock"),
        )  # fmt: skip
        running = stack.enter_context(stage(folder, config, llm, app.port, processes=2))
        for name, extra in (("plain", {"x-plain": "1"}), ("prompts", {})):
            before = sum(_cpu(each.process.pid) for each in running.extprocs)
            figures[name] = asyncio.run(_load(running.port, extra, seconds))
            used = sum(_cpu(each.process.pid) for each in running.extprocs) - before
            figures[name]["extproc_cpu_us"] = round(used / figures[name].pop("count") * 1e6, 1)
    figures["added_p50_ms"] = round(figures["prompts"]["p50_ms"] - figures["plain"]["p50_ms"], 3)
    figures["rps_ratio"] = round(figures["prompts"]["rps_16"] / figures["plain"]["rps_16"], 3)
    return figures


async def _load(port: int, extra: dict[str, str], seconds: float) -> dict[str, float]:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    raw = json.dumps(BODY).encode()
    sent = {"content-type": "application/json", **extra}
    async with aiohttp.ClientSession() as session:
        alone = await _ask_for(session, url, raw, sent, seconds)
        many = await asyncio.gather(
            *(_ask_for(session, url, raw, sent, seconds) for _ in range(16))
        )
    ordered = sorted(alone)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 3),
        "rps_16": round(sum(len(each) for each in many) / seconds, 1),
        "count": len(alone) + sum(len(each) for each in many),
    }


def _cpu(pid: int) -> float:
    """Seconds of processor time so far. Unlike latency it does not grow with others' load."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _ask_for(
    session: aiohttp.ClientSession, url: str, raw: bytes, sent: dict[str, str], seconds: float
) -> list[float]:
    found: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        async with session.post(url, data=raw, headers=sent) as response:
            body = await response.read()
            if response.status != 200:
                raise AssertionError(body)
        found.append(time.perf_counter() - began)
    return found


@contextmanager
def _models() -> Iterator[str]:
    """The scripted model server in a process of its own, so that it shares no lock with us."""
    with _process(_serve_models) as port:
        yield f"127.0.0.1:{port}"


@contextmanager
def _llm() -> Iterator[int]:
    with _process(_serve_llm) as port:
        yield port


@contextmanager
def _process(serve: Callable[[Any], None]) -> Iterator[int]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join(10)


def _serve_models(pipe: Any) -> None:
    with FakeModelServer() as server:
        server.script = Script()
        pipe.send(server.port)
        pipe.recv()


def _serve_llm(pipe: Any) -> None:
    with FakeProvider("llm") as server:
        pipe.send(server.port)
        pipe.recv()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    print(json.dumps(run(Path(), options.seconds), indent=2))


if __name__ == "__main__":
    main()
