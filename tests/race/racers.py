"""Who races: each started as its makers start it, for as many cores as there are.

All have the same provider: an Envoy that answers from memory, in one piece below one path and as a stream
below another. So each of them chooses by what its clients say, as ever: by the model, or by a header.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench import plain
from tests.e2e.archgw import Archgw
from tests.e2e.harness import free_port
from tests.race.install import LITELLM, PORTKEY, why_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

KINDS = ("json", "sse")
_PATH = "/v1/chat/completions"
_PROVIDER_KEY = "sk-of-the-provider"
_SENTENCE = "Tell me a story. "
_WORDS = "Once upon a time "
_CHUNKS = 20
_PATIENCE = 900
"""Seconds for a start: LiteLLM's takes a minute of CPU, of which a busy machine gives little."""


class Left(Exception):
    """Who cannot take part, and why."""


@dataclass(frozen=True)
class Racer:
    name: str
    port: int
    pid: int
    """Of the process that all others of it descend from."""
    paths: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(KINDS, _PATH))
    """By kind of answer."""
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    start_seconds: float = 0
    """Until the first answer of a model."""

    def script(self, kind: str, size: int, folder: Path) -> Path:
        """What wrk sends."""
        headers = "\n".join(f"wrk.headers[{name!r}]={value!r}" for name, value in self._sent(kind))
        script = folder / f"{self.name}-{kind}-{size}.lua".replace(" ", "-")
        script.write_text(
            f"wrk.method='POST'\nwrk.path={self.paths[kind]!r}\nwrk.body=[[{body(kind, size)}]]\n"
            f"{headers}\n"
        )
        return script

    def ask(self, kind: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", self.paths[kind], body(kind), dict(self._sent(kind)))
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status != 200:
            raise ConnectionError(f"{self.name}: {answer.status} {text}")
        return text

    def check(self) -> None:
        """That it answers what the provider does, in either form."""
        whole = json.loads(self.ask("json"))["choices"][0]["message"]["content"]
        assert whole == plain.ANSWER["choices"][0]["message"]["content"], (self.name, whole)
        events = [line[6:] for line in self.ask("sse").splitlines() if line.startswith("data: ")]
        assert events[-1] == "[DONE]", (self.name, events)
        told = "".join(_delta(json.loads(event)) for event in events[:-1])
        assert told == _WORDS * _CHUNKS, (self.name, told)

    def cpu(self) -> float:
        """Seconds so far, of all its processes."""
        times = (each.cpu_times() for each in self._processes())
        return sum(each.user + each.system for each in times)

    def memory(self) -> float:
        """In MB: what each process has by itself, and its part of what it shares."""
        return sum(each.memory_full_info().pss for each in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def _sent(self, kind: str) -> list[tuple[str, str]]:
        sent = {"content-type": "application/json", "x-user": "a"}
        sent |= {"authorization": f"Bearer {plain.CLIENT_KEY}", **self.headers.get(kind, {})}
        return list(sent.items())


def body(kind: str, size: int = 400) -> str:
    """A request of about so many bytes."""
    rest = '"stream": true, ' if kind == "sse" else ""
    text = _SENTENCE * ((size - 80) // len(_SENTENCE))
    return f'{{"model": "gpt-{kind}", {rest}"messages": [{{"role": "user", "content": "{text}"}}]}}'


def provider() -> plain.Serves:
    """It reads a body to its end, as providers do; at `/` it takes spans, too."""
    buffer = {
        "name": "envoy.filters.http.buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
            "max_request_bytes": 16 << 20,
        },
    }
    return {
        "routes": [
            plain.answered("/sse/", "text/event-stream", _stream()),
            *plain.direct_response()["routes"],
        ],
        "filters": [buffer],
    }


def _stream() -> str:
    # Short ones: Envoy answers with 4,096 bytes at most.
    base = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{"index": 0, "delta": {"content": _WORDS}}] * _CHUNKS
    ends = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [json.dumps({**base, "choices": [each]}) for each in (*deltas, ends)]
    return "".join(f"data: {event}\n\n" for event in (*events, "[DONE]"))


def _delta(event: dict[str, Any]) -> str:
    return "".join(each["delta"].get("content") or "" for each in event["choices"])


@contextlib.contextmanager
def plain_envoy(folder: Path, asked: int) -> Iterator[Racer]:
    port, began = free_port(), time.monotonic()
    with plain.envoy(folder / "plain", port, plain.forward(asked)) as process:
        paths = {kind: f"/{kind}{_PATH}" for kind in KINDS}
        yield _started(Racer("plain", port, process.pid, paths), began)


_PROVIDERS = """\
llm_providers:
  - name: json
    provider: local
    base_url: http://127.0.0.1:{asked}/json/v1
    model: gpt-json
    access_key: $KEY
    default: true{more}
  - name: sse
    provider: local
    base_url: http://127.0.0.1:{asked}/sse/v1
    model: gpt-sse
    access_key: $KEY{more}
"""
_DEFAULTS = """\
version: v0.1
listeners:
  egress_traffic: {{address: 127.0.0.1, port: {port}}}
overrides: {{stats_port: 0}}
"""
_ALL = """\
version: v0.1
listeners:
  egress_traffic:
    address: 127.0.0.1
    port: {port}
    auth: {{api_keys: [{{name: someone, key: $CLIENT_KEY}}]}}
tracing: {{random_sampling: 100, otlp: "http://127.0.0.1:{asked}"}}
overrides: {{stats_port: 0, access_log_format: json}}
"""
_MORE = """
    price: {input: 2, output: 10, cached: 0.5}
    rate_limits:
      - {selector: {client: true}, limit: {tokens: 4000000000, unit: second}}
      - {selector: {http_header: {name: x-user, value: ""}}, limit: {tokens: 4000000000, unit: second}}"""


def defaults(folder: Path, asked: int) -> contextlib.AbstractContextManager[Racer]:
    return _archgw("archgw", folder, asked, _DEFAULTS + _PROVIDERS, "")


def everything(folder: Path, asked: int) -> contextlib.AbstractContextManager[Racer]:
    """Clients, their budgets, limits, prices, JSON logs, and every call traced."""
    return _archgw("archgw, all on", folder, asked, _ALL + _PROVIDERS, _MORE)


@contextlib.contextmanager
def _archgw(name: str, folder: Path, asked: int, config: str, more: str) -> Iterator[Racer]:
    port, place = free_port(), folder / ("all" if more else "own")
    place.mkdir()
    gateway = Archgw(place, {"KEY": _PROVIDER_KEY, "CLIENT_KEY": plain.CLIENT_KEY})
    gateway.config.write_text(config.format(port=port, asked=asked, more=more))
    began = time.monotonic()
    done = gateway.up()
    if done.returncode:
        raise AssertionError(done.stderr)
    try:
        up = time.monotonic()
        pid = gateway.status()["pid"]
        began += time.monotonic() - up  # which is no part of the start
        yield _started(Racer(name, port, pid), began)
    finally:
        gateway.run("down", "--timeout", "0")


_LITELLM = """\
model_list:
  - model_name: gpt-json
    litellm_params: {{model: openai/gpt-json, api_base: "http://127.0.0.1:{asked}/json/v1", api_key: {key}}}
  - model_name: gpt-sse
    litellm_params: {{model: openai/gpt-sse, api_base: "http://127.0.0.1:{asked}/sse/v1", api_key: {key}}}
general_settings: {{master_key: {client}}}
litellm_settings: {{telemetry: false}}
"""


@contextlib.contextmanager
def litellm(folder: Path, asked: int) -> Iterator[Racer]:
    """A worker for each core, as its manual has it for production, without a database."""
    if why := why_missing(LITELLM):
        raise Left(why)
    port, place = free_port(), folder / "litellm"
    place.mkdir()
    config = place / "config.yaml"
    config.write_text(_LITELLM.format(asked=asked, key=_PROVIDER_KEY, client=plain.CLIENT_KEY))
    # Python by its path: a script in there names the folder that it was installed into.
    command = [LITELLM / "bin" / "python", LITELLM / "bin" / "litellm", "--config", config]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--num_workers", str(os.cpu_count())]
    # By itself it ends workers that take more than five seconds to begin, and begins them anew.
    command += ["--timeout_worker_healthcheck", str(_PATIENCE)]
    # Else it asks GitHub for prices before it begins.
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with _child(command, place, quiet) as (process, began):
        yield _started(Racer("LiteLLM", port, process.pid), began)


@contextlib.contextmanager
def portkey(folder: Path, asked: int) -> Iterator[Racer]:
    """One process: it makes no others, and has no key of its own to ask for."""
    if why := why_missing(PORTKEY):
        raise Left(why)
    port, place = free_port(), folder / "portkey"
    place.mkdir()
    server = PORTKEY / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    trusted = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "NODE_ENV": "production"}
    headers = {
        kind: {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{asked}/{kind}/v1",
        }
        for kind in KINDS
    }
    command = ["node", server, "--headless", f"--port={port}"]
    with _child(command, place, trusted) as (process, began):
        yield _started(Racer("Portkey", port, process.pid, headers=headers), began)


RACERS: Mapping[str, Callable[[Path, int], contextlib.AbstractContextManager[Racer]]] = {
    "plain": plain_envoy,
    "archgw": defaults,
    "archgw, all on": everything,
    "LiteLLM": litellm,
    "Portkey": portkey,
}


@contextlib.contextmanager
def _child(
    command: list[Any], place: Path, more: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """In a session of its own, so that its workers end with it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(place), **more}
    began = time.monotonic()
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=env, cwd=place, stdout=log, stderr=log, start_new_session=True
        )
    family = psutil.Process(process.pid)
    try:
        yield process, began
    except (OSError, AssertionError) as failed:
        raise AssertionError((place / "log").read_text()[-3000:]) from failed
    finally:
        for each in [*family.children(recursive=True), family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(10)


def _started(racer: Racer, began: float) -> Racer:
    """Once it has answered as it should, with the time that took."""
    while True:
        try:
            racer.ask("json")
            break
        except (OSError, http.client.HTTPException):
            ended = psutil.Process(racer.pid).status() == psutil.STATUS_ZOMBIE
            if ended or time.monotonic() - began > _PATIENCE:
                raise
            time.sleep(0.05)
    spent = time.monotonic() - began
    racer.check()
    return replace(racer, start_seconds=spent)
