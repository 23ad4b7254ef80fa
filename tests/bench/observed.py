"""What it costs to see what the gateway does: CPU per request with all of it on, and with none.

Three gateways before the same provider, asked in turn: one that tells nothing of requests (no log,
no metric, no trace, which no config says: it is taken out of what Envoy is told), one with the
defaults, and one with JSON logs, every decision in a file and every request traced. What counts is
the time on a CPU of Envoy, both extproc processes and the one that makes spans, by request: others
may use this machine meanwhile. Of prompts there are figures with models that answer at once, and with
archgw's own, which belong to the gateway, too; no two prompts are alike, so that none is remembered.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import plain
from tests.bench.prompts import CONFIG
from tests.e2e.demo_stages import model_process
from tests.e2e.harness import Running, free_port, gateway
from tests.fakes.collector import FakeCollector
from tests.fakes.model_server import FakeModelServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PRICE = "    price: {{input: 1, output: 2, cached: 0.5}}\n"
_CONFIG = CONFIG.replace("    default: true\n", f"    default: true\n{_PRICE}")
_ALL = """
overrides: {{stats_port: 0, access_log_format: json}}
decisions: {{file: decisions.jsonl, content: all}}
tracing: {{random_sampling: 100, otlp: "{collector}"}}
"""
_DEFAULT = """
overrides: {{stats_port: 0}}
"""
_PROMPT = "Order %d-%d came too late again, what do you say to the customer who wrote us about it?"
_ROUNDS = 5
_CONNECTIONS = 8
_IDLE = 3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Side:
    running: Running
    pids: Mapping[str, tuple[int, ...]]

    def cpu(self) -> dict[str, float]:
        """Seconds that each part has spent so far."""
        return {name: sum(map(_seconds, pids)) for name, pids in self.pids.items()}


def run(folder: Path) -> dict[str, dict[str, float]]:
    script = never_alike(folder)
    with FakeModelServer() as models, _sides(folder / "fake", models.address, ()) as sides:
        found = {
            "prompts": _compared(sides, script, lambda each: each.prompt_port),
            "llm": _compared(sides, script, lambda each: each.port),
        }
    (folder / "models").mkdir()
    with (
        model_process(folder / "models") as (address, pid),
        _sides(folder / "real", address, (pid,)) as sides,
    ):
        return {**found, "models": _compared(sides, script, lambda each: each.prompt_port)}


def never_alike(folder: Path) -> Path:
    """What wrk sends: prompts of which none is asked again."""
    script = plain.post_script(folder)
    ask = "local n = 0\nfunction request()\n  n = n + 1\n"
    ask += f"  local text = string.format('{_PROMPT}', os.time(), n)\n"
    ask += """  local body = '{"messages": [{"role": "user", "content": "' .. text .. '"}]}'\n"""
    script.write_text(script.read_text() + ask + "  return wrk.format(nil, nil, nil, body)\nend\n")
    return script


@contextlib.contextmanager
def _sides(folder: Path, models: str, pids: tuple[int, ...]) -> Iterator[dict[str, _Side]]:
    """`pids`: of the models, where they are counted."""
    folder.mkdir()
    provider = free_port()
    with (
        FakeCollector() as collector,
        plain.envoy(folder / "provider", provider, plain.direct_response()),
        contextlib.ExitStack() as stack,
    ):
        names = {"provider": provider, "models": models, "collector": collector.url}

        def side(name: str, more: str, change: Callable[[Any], None] | None = None) -> _Side:
            config = (_CONFIG + more).format(**names)
            found = stack.enter_context(_serving(folder / name, config, collector.url, change))
            return replace(found, pids={**found.pids, "models": pids}) if pids else found

        yield {
            "none": side("none", _DEFAULT, _silenced),
            "defaults": side("defaults", _DEFAULT),
            "all": side("all", _ALL),
        }


@contextlib.contextmanager
def _serving(
    folder: Path, config: str, collector: str, change: Callable[[Any], None] | None
) -> Iterator[_Side]:
    folder.mkdir()
    with gateway(folder, config, {}, change) as running, contextlib.ExitStack() as stack:
        pids = {
            "envoy": (running.process.pid,),
            "extproc": tuple(each.process.pid for each in running.extprocs),
        }
        if "tracing:" in config:
            pids["spans"] = (stack.enter_context(_spans(running, collector)),)
        yield _Side(running, pids)


@contextlib.contextmanager
def _spans(running: Running, collector: str) -> Iterator[int]:
    """The process that the supervisor would start."""
    command = [sys.executable, "-m", "extproc.traces", "--service-name", "archgw"]
    command += ["--socket", str(running.home.spans_socket), "--collector", f"{collector}/v1/traces"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _silenced(bootstrap: Any) -> None:
    """Nothing is told of requests."""
    if isinstance(bootstrap, dict):
        bootstrap.pop("access_log", None)
        for each in bootstrap.values():
            _silenced(each)
    elif isinstance(bootstrap, list):
        for each in bootstrap:
            _silenced(each)


def _compared(
    sides: Mapping[str, _Side], script: Path, port: Callable[[Running], int]
) -> dict[str, float]:
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for _ in range(_ROUNDS):
        idle = _idle(sides)
        for name, side in sides.items():
            before, began = side.cpu(), time.perf_counter()
            load = plain.wrk(port(side.running), script, _CONNECTIONS)
            assert load.errors == 0, f"{load.errors} requests failed"
            after, took = side.cpu(), time.perf_counter() - began
            spent[name].append(
                {
                    each: 1e6
                    * (after[each] - before[each] - took * idle[name][each])
                    / load.requests
                    for each in after
                }
            )
    found: dict[str, float] = {}
    whole: dict[str, float] = {}
    for name, rounds in spent.items():
        for part in rounds[0]:
            found[f"{name}_{part}_us"] = round(statistics.median(each[part] for each in rounds), 1)
        whole[name] = statistics.median(sum(each.values()) for each in rounds)
    return {
        **found,
        "defaults_to_none": round(whole["none"] / whole["defaults"], 3),
        "all_to_none": round(whole["none"] / whole["all"], 3),
        "all_to_defaults": round(whole["defaults"] / whole["all"], 3),
    }


def _idle(sides: Mapping[str, _Side]) -> dict[str, dict[str, float]]:
    """What each part spends in a second of nobody's asking: on health checks, above all."""
    before, began = {name: side.cpu() for name, side in sides.items()}, time.perf_counter()
    time.sleep(_IDLE)
    took = time.perf_counter() - began
    return {
        name: {each: (now - before[name][each]) / took for each, now in side.cpu().items()}
        for name, side in sides.items()
    }


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
