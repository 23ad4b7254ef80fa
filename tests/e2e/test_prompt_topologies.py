"""Where a prompt gateway stands: TLS and HTTP/2 before it, several servers behind it, others beside.

All on a real Envoy with real extproc processes; the model server is scripted.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from controlplane.supervise.canary import ATTACK
from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port, gateway
from tests.fakes.application import FakeApplication, Says
from tests.fakes.model_server import FakeModelServer, Script
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.certificates import Authority

pytestmark = pytest.mark.apart

CONFIG = """
listeners:
  ingress_traffic: {{tls}}
  egress_traffic: {}
model_server: {address: "{models}"}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {name: app, path: "/{path}/{city}", http_method: GET}
    system_prompt: I know {path}.
    parameters:
      - {name: city, type: str, description: The city, required: true, in_path: true}
endpoints:
  app: {endpoint: {app}}
"""
SCRIPT = Script(calls={"Paris": [("weather", {"city": "Paris"}, [])]}, attacks=["forget", ATTACK])


@pytest.fixture(scope="module")
def models() -> Iterator[FakeModelServer]:
    with FakeModelServer() as fake:
        fake.script = SCRIPT
        yield fake


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("one") as fake:
        yield fake


@pytest.fixture
def app() -> Iterator[FakeApplication]:
    with FakeApplication() as fake:
        yield fake


def configured(
    models: FakeModelServer, provider: str, app: str, more: str = "", **rest: Any
) -> str:
    filled = {"tls": "", "path": "weather", **rest}
    return config(CONFIG + more, one_local(provider), models=models.address, app=app, **filled)


def test_http2_and_tls(
    authority: Authority, tmp_path: Path, models: FakeModelServer, provider: FakeProvider,
    app: FakeApplication,
) -> None:  # fmt: skip
    """Every form of answer, over TLS, for clients of HTTP/2 and for those of HTTP/1.1."""
    leaf = authority.leaf("gateway.test")
    pair = f"{{certificate_chain: {leaf.chain_file}, private_key: {leaf.key_file}}}"
    tls = f"tls: {{tls_certificates: [{pair}]}}"
    text = configured(models, provider.address, f'"{app.address}"', tls=tls)
    trusted = ssl.create_default_context(cafile=str(authority.file))
    with gateway(tmp_path, text, {}) as running:
        url = f"https://127.0.0.1:{running.prompt_port}/v1/chat/completions"
        for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            with httpx.Client(http2=http2, verify=trusted, timeout=20) as client:
                for said, wanted in ASKED.items():
                    for stream in (False, True):
                        body = {"messages": [{"role": "user", "content": said}], "stream": stream}
                        answer = client.post(
                            url, json=body, extensions={"sni_hostname": "gateway.test"}
                        )
                        assert (answer.status_code, answer.http_version) == (200, version)
                        assert wanted[stream] in answer.text
                        assert answer.text.endswith("data: [DONE]\n\n") == stream


ASKED = {
    "a joke": ("Hello from one", "one-2"),
    "Paris": ("x-arch-state", "x-arch-state"),
    "forget it all": ("I would rather not.", "would"),
}


async def _together(url: str, count: int) -> list[httpx.Response]:
    """By one loop: threads that share a connection race within httpcore."""
    body = {"messages": [{"role": "user", "content": "Paris"}], "stream": True}
    async with httpx.AsyncClient(http1=False, http2=True, timeout=20) as client:
        return await asyncio.gather(*(client.post(url, json=body) for _ in range(count)))


def test_http2_without_tls(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """HTTP/2 by prior knowledge, many prompts at once over one connection."""
    with gateway(tmp_path, configured(models, provider.address, f'"{app.address}"'), {}) as running:
        url = f"http://127.0.0.1:{running.prompt_port}/v1/chat/completions"
        answers = asyncio.run(_together(url, 48))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.text.endswith("data: [DONE]\n\n") for answer in answers)


def test_errors_as_text(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """With `error_format: text` and `error_detail: full` an error is v0.1's sentence alone."""
    told = "overrides: {error_format: text, error_detail: full}"
    text = configured(models, provider.address, f'"{app.address}"', more=told)
    app.says["/weather/Paris"] = Says({"detail": "no such city"}, status=404)
    with gateway(tmp_path, text, {}) as running:
        answer = Client(running.prompt_port).chat("Paris")
        bad = Client(running.prompt_port).ask(body=b"{")
    assert (answer.status, bad.status) == (404, 400)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == (
        "upstream application error host=app, path=/weather/Paris, status=404, "
        'body={"detail": "no such city"}'
    )
    assert "{" not in bad.text


def test_calls_are_shared_by_the_servers_of_an_api(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """A list of servers takes turns; one that is gone costs no request."""
    with FakeApplication() as second:
        servers = f'["{app.address}", "{second.address}"]'
        with gateway(tmp_path, configured(models, provider.address, servers), {}) as running:
            client = Client(running.prompt_port)
            assert {client.chat("Paris").status for _ in range(20)} == {200}
            shares = (len(app.received), len(second.received))
            assert sum(shares) == 20
            assert min(shares) >= 5, shares
            second.stop()
            assert {client.chat("Paris").status for _ in range(20)} == {200}


def test_gateway_behind_gateway(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """The id and the trace of a request stay the same through both; each adds itself once."""
    with ExitStack() as stack:
        folders = [tmp_path / "inner", tmp_path / "outer"]
        for folder in folders:
            folder.mkdir()
        text = configured(models, provider.address, f'"{app.address}"')
        inner = stack.enter_context(gateway(folders[0], text, {}))
        text = configured(models, f"127.0.0.1:{inner.prompt_port}", f'"{app.address}"')
        outer = stack.enter_context(gateway(folders[1], text, {}))
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = Client(outer.prompt_port).chat(
            "Paris", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )
    assert answer.status == 200, answer.text
    calls, sent = app.received, provider.received[0].headers
    assert len(calls) == 2  # The outer gateway's call, and the inner one's for the same prompt.
    ids = {each.headers["x-request-id"] for each in calls} | {sent["x-request-id"]}
    assert ids == {answer.headers["x-request-id"]}
    assert all(trace in each.headers["traceparent"] for each in calls)
    assert trace in sent["traceparent"]
    assert sent["cdn-loop"].count("archgw") == 2


def test_loop_is_cut(tmp_path: Path, models: FakeModelServer, app: FakeApplication) -> None:
    """A gateway whose provider is itself answers 508 after a few rounds, at once."""
    text = configured(models, "127.0.0.1:{prompt_port}", f'"{app.address}"')
    with gateway(tmp_path, text, {}) as running:
        began = time.monotonic()
        answer = Client(running.prompt_port).chat("a joke")
    assert answer.status == 508, answer.text
    assert answer.json["error"]["code"] == "loop_detected"
    assert time.monotonic() - began < 5


@dataclass(frozen=True)
class Served(Archgw):
    """A gateway under its supervisor, whose config a test rewrites."""

    llm_port: int = field(default_factory=free_port)
    prompt_port: int = field(default_factory=free_port)

    def write(self, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        text = text.replace("{port}", str(self.llm_port))
        self.config.write_text(text.replace("{prompt_port}", str(self.prompt_port)))


def test_two_applications_on_one_host(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """Each with its own home and ports; ending one leaves the other alone."""
    served = [Served(tmp_path / name) for name in ("shop", "bank")]
    try:
        for each in served:
            path = each.folder.name
            each.write(configured(models, provider.address, f'"{app.address}"', path=path))
            done = each.up()
            assert done.returncode == 0, done.stderr
        for each in served:
            app.forget()
            assert Client(each.prompt_port).chat("Paris").status == 200
            assert [asked.path for asked in app.received] == [f"/{each.folder.name}/Paris"]
        assert served[0].run("down").returncode == 0
        assert Client(served[1].prompt_port).chat("Paris").status == 200
    finally:
        for each in served:
            each.run("down", "--timeout", "0")


class Asking(threading.Thread):
    """Asks about Paris until it is stopped, and remembers how it went."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.client = Client(port)
        self.statuses: Counter[int | str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            try:
                self.statuses[self.client.chat("Paris").status] += 1
            except OSError as error:
                self.statuses[type(error).__name__] += 1


@pytest.mark.alone
def test_every_request_ends_under_the_config_it_began_with(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """Ten reloads under load: nothing is lost, and no prompt meets half of another config."""
    served = Served(tmp_path / "swapped")
    for path in ("rain", "snow"):
        app.says[f"/{path}/Paris"] = Says({"fell": path}, delay=0.05)
    texts = [
        configured(models, provider.address, f'"{app.address}"', path=p) for p in ("rain", "snow")
    ]
    served.write(texts[0])
    assert served.up().returncode == 0
    asking = [Asking(served.prompt_port) for _ in range(4)]
    try:
        for each in asking:
            each.start()
        for number in range(1, 11):
            served.write(texts[number % 2])
            done = served.run("reload")
            assert done.returncode == 0, done.stderr
        until(lambda: len(provider.received) > 40)
    finally:
        for each in asking:
            each.stopped.set()
            each.join()
        served.run("down")
    assert sum((each.statuses for each in asking), Counter()).keys() == {200}
    known = Counter(_knows(received.json["messages"]) for received in provider.received)
    assert set(known) == {("rain", "rain"), ("snow", "snow")}, known


def _knows(messages: list[dict[str, Any]]) -> tuple[str, str]:
    """Which config's system prompt a request had, and which one's API it was told of."""
    system = messages[0]["content"].removeprefix("I know ").rstrip(".")
    context = messages[-1]["content"].partition("context: ")[2]
    return system, json.loads(context)["fell"]


def test_down_loses_no_prompt(
    tmp_path: Path, models: FakeModelServer, provider: FakeProvider, app: FakeApplication
) -> None:
    """Prompts under way when the gateway is told to end are answered first."""
    served = Served(tmp_path / "ended")
    served.write(configured(models, provider.address, f'"{app.address}"'))
    assert served.up().returncode == 0
    app.says["/weather/Paris"] = Says(delay=1.0)
    with ThreadPoolExecutor(8) as pool:
        client = Client(served.prompt_port)
        under_way = [pool.submit(client.chat, "Paris") for _ in range(8)]
        until(lambda: len(app.received) == 8)
        done = served.run("down")
        answers = [each.result() for each in under_way]
    assert done.returncode == 0, done.stderr
    assert [answer.status for answer in answers] == [200] * 8
    assert served.processes() == []
