"""Loads, and plain Envoys to compare with: one that answers at once, one that only forwards.

Rounds alternate and the median counts: machines are shared, ratios within a run are not. Of Envoy's
own time on the CPU for each request, which others' load only makes larger, the least counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.e2e.harness import ENVOY, wait_until_open

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLIENT_KEY = "client-0123456789"
"""What wrk calls with; only a gateway that knows clients asks for it."""
ROUNDS = 3
SECONDS = 4

_BODY = {"model": "gpt-one", "messages": [{"role": "user", "content": "Tell me a story. " * 20}]}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Once upon a time. " * 20},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 90, "completion_tokens": 80, "total_tokens": 170},
}


Serves = dict[str, Sequence[object]]
"""`routes` of an Envoy, with their `clusters` and `filters`."""


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@dataclass(frozen=True)
class Load:
    rps: float
    p50_ms: float
    p99_ms: float
    errors: int
    """Answers that are none, and connections that broke or were silent."""
    requests: int
    cpu_us: float = 0
    """Of the server, for each request."""


def post_script(folder: Path) -> Path:
    """What wrk sends."""
    if not shutil.which("wrk"):
        sys.exit("the benchmark needs wrk: apt-get install wrk")
    script = folder / "post.lua"
    script.write_text(
        f"wrk.method='POST'; wrk.body=[[{json.dumps(_BODY)}]]\n"
        "wrk.headers['content-type']='application/json'; wrk.headers['x-user']='a'\n"
        f"wrk.headers['authorization']='Bearer {CLIENT_KEY}'\n"
    )
    return script


def compare(servers: Mapping[str, Server], script: Path) -> dict[str, float]:
    """Each with the one that is called plain, at sixteen connections and at one."""
    many = _alternate(servers, script, connections=16)
    one = _alternate(servers, script, connections=1)
    errors = sum(load.errors for rounds in (many, one) for name in rounds for load in rounds[name])
    assert errors == 0, f"{errors} requests failed"
    found: dict[str, float] = {}
    for name in servers:
        found[f"{name}_rps_16"] = rps = _median(many[name], "rps")
        found[f"{name}_cpu_us_16"] = round(min(load.cpu_us for load in many[name]), 1)
        found[f"{name}_p50_ms_1"] = p50 = _median(one[name], "p50_ms")
        if name != "plain":
            found[f"{name}_ratio_rps_16"] = round(rps / found["plain_rps_16"], 3)
            found[f"{name}_added_p50_ms_1"] = round(p50 - found["plain_p50_ms_1"], 3)
    return {**found, "load_average": round(os.getloadavg()[0], 1)}


def _median(loads: list[Load], what: str) -> float:
    return round(statistics.median(getattr(load, what) for load in loads), 3)


def _alternate(
    servers: Mapping[str, Server], script: Path, connections: int
) -> dict[str, list[Load]]:
    results: dict[str, list[Load]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            results[name].append(_measured(server, script, connections))
    return results


def _measured(server: Server, script: Path, connections: int) -> Load:
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    load = wrk(server.port, script, connections)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return replace(load, cpu_us=used * 1e6 / load.requests)


def wrk(port: int, script: Path, connections: int, seconds: int = SECONDS) -> Load:
    """The script may name a path of its own."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["--latency", "-s", str(script), f"http://127.0.0.1:{port}/v1/chat/completions"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Load(
        rps=float(_found(r"Requests/sec:\s+([\d.]+)", text)[0]),
        p50_ms=_milliseconds(50, text),
        p99_ms=_milliseconds(99, text),
        errors=sum(map(int, re.findall(_FAILED, text))),
        requests=int(_found(r"(\d+) requests in", text)[0]),
    )


_FAILED = r"(?:Non-2xx or 3xx responses:|(?:connect|read|write|timeout)) (\d+)"


def _milliseconds(percentile: int, text: str) -> float:
    value, unit = _found(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    assert match, text
    return match.groups()


@contextlib.contextmanager
def envoy(folder: Path, port: int, serves: Serves) -> Iterator[subprocess.Popen[bytes]]:
    """An Envoy with some routes and nothing else."""
    folder.mkdir()
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network"
        ".http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": serves["routes"]}]
        },
        "http_filters": [
            *serves.get("filters", ()),
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            },
        ],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chain = {
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
        ]
    }
    listener = {"address": address, "filter_chains": [chain]}
    bootstrap = {
        "static_resources": {"listeners": [listener], "clusters": serves.get("clusters", ())}
    }
    file = folder / "bootstrap.json"
    file.write_text(json.dumps(bootstrap))
    command = [str(ENVOY), "-c", str(file), "--concurrency", "2", "--disable-hot-restart"]
    process = subprocess.Popen([*command, "-l", "error"])
    try:
        wait_until_open(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def direct_response() -> Serves:
    return {"routes": [answered("/", "application/json", json.dumps(ANSWER))]}


def answered(prefix: str, kind: str, text: str) -> dict[str, object]:
    """A route; Envoy takes 4,096 bytes of text at most."""
    headers = [{"header": {"key": "content-type", "value": kind}}]
    action = {"status": 200, "body": {"inline_string": text}}
    route = {"match": {"prefix": prefix}, "direct_response": action}
    return {**route, "response_headers_to_add": headers}


def forward(port: int) -> Serves:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    cluster = {
        "name": "provider",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "provider",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    route = {"match": {"prefix": "/"}, "route": {"cluster": "provider", "timeout": "0s"}}
    return {"routes": [route], "clusters": [cluster]}
