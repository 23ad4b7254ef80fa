"""What a request costs, by path and process, and whether more servers carry as much more as they should.

    python -m tests.bench.scaling           # prints the figures
    python -m tests.bench.scaling --write   # and keeps them for docs/scaling.md: `make golden` draws from them

CPU time counts, which a busy machine stretches (its caches are shared) but does not multiply. A real
gateway and four real model servers run on this machine; two and three of them are killed on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import itertools
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from deploy.scaling import simulation
from deploy.scaling.model import FIGURES
from tests.bench import plain, streams
from tests.e2e.archgw import Archgw, until
from tests.e2e.harness import free_port
from tests.e2e.model_servers import TOKEN, Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVERS = (4, 2, 1)
CALLERS = 32
SECONDS, IDLE_SECONDS = 5.0, 4.0
STREAMS, ROUNDS = 30, 3
PROBES, SCRAPES = 800, 10

CONFIG = """\
version: v0.1
listeners:
  ingress_traffic: {{address: 127.0.0.1, port: {prompt}}}
  egress_traffic: {{address: 127.0.0.1, port: {llm}}}
llm_providers:
  - {{name: one, provider: local, base_url: "http://127.0.0.1:{one}/v1", model: gpt-one, access_key: $KEY, default: true}}
  - {{name: stream, provider: local, base_url: "http://127.0.0.1:{stream}/v1", model: gpt-two, access_key: $KEY}}
model_server: {{address: {servers}, token: $MODEL_SERVER_TOKEN}}
prompt_guards: {{input_guards: {{jailbreak: {{on_exception: {{message: I would rather not.}}}}}}}}
endpoints: {{app: {{endpoint: "127.0.0.1:9"}}}}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {{name: app, path: /weather}}
    parameters: [{{name: city, type: str, description: The city, required: true}}]
  - name: reboot_device
    description: Reboot a device of the network.
    endpoint: {{name: app, path: /reboot}}
    parameters: [{{name: device, type: str, description: Its name, required: true}}]
  - name: book_leave
    description: Book days of vacation for an employee.
    endpoint: {{name: app, path: /leave}}
    parameters: [{{name: days, type: int, description: How many, required: true}}]
overrides: {{stats_port: {stats}, access_log_format: json}}
"""


@dataclasses.dataclass(frozen=True)
class Stage:
    gateway: Archgw
    servers: list[Server]
    prompt: int
    llm: int
    stats: int

    def cpu(self) -> dict[str, float]:
        """Seconds so far, of each process of the gateway and of the model servers that live."""
        status = self.gateway.status()
        pids = {each["name"]: each["pid"] for each in status["children"]}
        pids["supervisor"] = status["pid"]
        pids |= {f"models-{n}": each.process.pid for n, each in enumerate(self.alive())}
        return {name: _cpu(pid) for name, pid in pids.items()}

    def alive(self) -> list[Server]:
        return [each for each in self.servers if each.process.poll() is None]

    def well(self) -> int:
        url = f"http://127.0.0.1:{self.stats}/stats?filter=cluster.models.membership_healthy"
        return int(httpx.get(url, timeout=10).text.split(": ")[1])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder, _stage(Path(folder)) as stage:
        figures = measured(stage, plain.post_script(Path(folder)))
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if "--write" in sys.argv[1:]:
        FIGURES.write_text(text, "utf-8")


def measured(stage: Stage, script: Path) -> dict[str, Any]:
    json_call = _json_call(stage, script)
    figures: dict[str, Any] = {
        "llm_json": {"envoy": json_call},
        "llm_stream_chunk": {"envoy": _chunk(stage, json_call)},
        "health_check": {"models": _probe(stage)},
        "scrape": _scrape(stage),
        "memory_mb": _memory(stage),
        "runs": [],
    }
    for count in SERVERS:
        for each in stage.alive()[count:]:
            each.end(signal.SIGKILL)
        until(lambda: stage.well() == len(stage.alive()), 20)
        figures["runs"].append(_run(stage, count))
    alone = figures["runs"][-1]
    figures["prompt"] = alone["cpu"]
    figures["runs"].sort(key=lambda run: run["servers"])
    for run in figures["runs"]:
        run["simulated"] = _simulated(run, alone["mean_cpu"])
    figures["machine"] = {
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }
    return figures


def _run(stage: Stage, count: int) -> dict[str, Any]:
    """Prompts as fast as they are answered, none of them asked before.

    What the processes spend on nothing, health checks among it, is not counted with the prompts.
    """
    asyncio.run(_prompts(stage.prompt, 1.0))
    idle = _idle(stage)
    answered = [each.answered() for each in stage.alive()]
    rounds = [_round(stage, idle) for _ in range(ROUNDS)]
    shares = [each.answered() - was for each, was in zip(stage.alive(), answered, strict=True)]
    done, seconds = sum(len(each.waits) for each in rounds), sum(each.seconds for each in rounds)
    return {
        "servers": count,
        "prompts": done,
        "per_second": round(done / seconds, 2),
        "cores": round(sum(sum(each.spent.values()) for each in rounds) / seconds, 3),
        "median_ms": round(statistics.median(w for each in rounds for w in each.waits) * 1000, 1),
        "busiest": round(max(shares) * count / sum(shares), 3),
        "idle": {name: round(cores, 5) for name, cores in idle.items()},
        # The least is what it costs where the machine leaves it alone; with the mean it is simulated.
        "cpu": {part: round(min(each.cost(part) for each in rounds), 6) for part in PARTS},
        "mean_cpu": {
            part: round(sum(each.of(part) for each in rounds) / done, 6) for part in PARTS
        },
    }


PARTS = ("envoy", "extproc", "models")


@dataclasses.dataclass(frozen=True)
class _Round:
    seconds: float
    waits: list[float]
    spent: dict[str, float]

    def of(self, part: str) -> float:
        return sum(spent for name, spent in self.spent.items() if name.startswith(part))

    def cost(self, part: str) -> float:
        return self.of(part) / len(self.waits)


def _round(stage: Stage, idle: Mapping[str, float]) -> _Round:
    before, began = stage.cpu(), time.monotonic()
    waits = asyncio.run(_prompts(stage.prompt, SECONDS))
    seconds, after = time.monotonic() - began, stage.cpu()
    spent = {name: max(0.0, after[name] - before[name] - idle[name] * seconds) for name in after}
    return _Round(seconds, waits, spent)


def _idle(stage: Stage) -> dict[str, float]:
    """The part of a core that each process uses while nobody asks anything."""
    time.sleep(1)
    began, before = time.monotonic(), stage.cpu()
    time.sleep(IDLE_SECONDS)
    after, seconds = stage.cpu(), time.monotonic() - began
    return {name: (after[name] - before[name]) / seconds for name in after}


_numbers = itertools.count()


async def _prompts(port: int, seconds: float) -> list[float]:
    latencies: list[float] = []
    ends = time.monotonic() + seconds

    async def ask(client: httpx.AsyncClient) -> None:
        while (began := time.monotonic()) < ends:
            text = f"Tell me a story of {next(_numbers)} words about a river, please."
            body = {"messages": [{"role": "user", "content": text}]}
            answer = await client.post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, answer.text
            latencies.append(time.monotonic() - began)

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        await asyncio.gather(*(ask(client) for _ in range(CALLERS)))
    return latencies


def _simulated(run: Mapping[str, Any], cost: Mapping[str, float]) -> dict[str, float]:
    """The same callers before as many servers, with the cores that the run was given.

    What a prompt costs elsewhere than in its model server is part of the question: all of it runs on
    one machine here.
    """
    setup = simulation.Setup(run["servers"], 3, sum(cost.values()), run["cores"], shared=True)
    found = simulation.closed(setup, CALLERS, seconds=SECONDS)
    return {
        "per_second": round(found.per_second, 2),
        "median_ms": round(found.median * 1000, 1),
        "busiest": round(found.busiest, 3),
    }


def _json_call(stage: Stage, script: Path) -> float:
    """Envoy's seconds for a call that is answered in one piece; the least of some rounds."""
    found = []
    for _ in range(ROUNDS):
        before, began = stage.cpu()["envoy"], time.monotonic()
        load = plain.wrk(stage.llm, script, connections=16)
        assert load.errors == 0, f"{load.errors} calls failed"
        calls = load.rps * (plain.SECONDS)
        assert time.monotonic() - began >= plain.SECONDS
        found.append((stage.cpu()["envoy"] - before) / calls)
    return min(found)


def _chunk(stage: Stage, call: float) -> float:
    """Envoy's seconds for each chunk of a stream, whose usage is taken out."""
    body = {"model": "stream", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    found = []
    for _ in range(ROUNDS):
        before = stage.cpu()["envoy"]
        connection = http.client.HTTPConnection("127.0.0.1", stage.llm, timeout=60)
        for _ in range(STREAMS):
            headers = {"content-type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            assert connection.getresponse().read().count(b"data: ") > streams.CHUNKS
        connection.close()
        spent = stage.cpu()["envoy"] - before - STREAMS * call
        found.append(spent / (STREAMS * streams.CHUNKS))
    return min(found)


def _probe(stage: Stage) -> float:
    """A model server's seconds for one health check, of those that Envoy makes all the time."""
    server = stage.servers[0]

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            for _ in range(PROBES // 8):
                await asyncio.gather(*(client.get("/healthz") for _ in range(8)))

    found = []
    for _ in range(ROUNDS):
        before, began = _cpu(server.process.pid), time.monotonic()
        asyncio.run(ask())
        # Envoy asks twice a second meanwhile.
        made = PROBES + 2 * (time.monotonic() - began)
        found.append((_cpu(server.process.pid) - before) / made)
    return min(found)


def _scrape(stage: Stage) -> dict[str, float]:
    url = f"http://127.0.0.1:{stage.stats}/stats/prometheus"
    before = stage.cpu()
    for _ in range(SCRAPES):
        text = httpx.get(url, timeout=10).text
    after = stage.cpu()
    names = [name for name in after if not name.startswith("models")]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    spent = sum(after[name] - before[name] for name in names)
    return {"series": len(lines), "gateway": spent / SCRAPES}


def _memory(stage: Stage) -> dict[str, float]:
    """What each process has by itself and its part of what it shares, in MB."""
    status = stage.gateway.status()
    pids = {each["name"]: each["pid"] for each in status["children"]}
    pids |= {"supervisor": status["pid"], "models": stage.servers[0].process.pid}
    return {name: round(_pss(pid), 1) for name, pid in pids.items()}


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _cpu(pid: int) -> float:
    """Of all its threads that live, to the nanosecond: ticks of ten milliseconds are too coarse."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@contextlib.contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    servers = [Server(folder) for _ in range(max(SERVERS))]
    made = Archgw(folder, {"MODEL_SERVER_TOKEN": TOKEN, "KEY": "sk-1"})
    prompt, llm, stats, one = (free_port() for _ in range(4))
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_streaming())
        stack.enter_context(plain.envoy(folder / "provider", one, plain.direct_response()))
        for each in servers:
            each.launch()
            stack.callback(each.end, signal.SIGKILL)
        addresses = json.dumps([f"127.0.0.1:{each.port}" for each in servers])
        made.config.write_text(
            CONFIG.format(
                prompt=prompt, llm=llm, stats=stats, one=one, stream=stream, servers=addresses
            )
        )
        for each in servers:
            each.wait()
        stack.callback(made.run, "down", "--timeout", "0")
        done = made.up()
        assert done.returncode == 0, done.stderr
        stage = Stage(made, servers, prompt, llm, stats)
        until(lambda: stage.well() == len(servers), 20)
        yield stage


@contextlib.contextmanager
def _streaming() -> Iterator[int]:
    """A provider that writes every chunk by itself, as an LLM does."""
    port, loop = free_port(), asyncio.new_event_loop()
    loop.run_until_complete(asyncio.start_server(streams.answer, "127.0.0.1", port))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    yield port
    loop.call_soon_threadsafe(loop.stop)


if __name__ == "__main__":
    main()
