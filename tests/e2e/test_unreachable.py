"""What cannot be reached: clients learn which it is and the class of the cause, operators all."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import pytest

from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.certificates import Authority
from tests.fakes.model_server import FakeModelServer, Script
from tests.fakes.provider import FakeProvider

CONFIG = """\
listeners: {egress_traffic: {}, ingress_traffic: {}}
model_server: {address: "{models}"}
llm_providers:
  - {name: sound, provider: local, model: m, endpoint: "{sound}", default: true}
  - {name: by-dns, provider: local, model: m1, endpoint: "nowhere.invalid:80"}
  - {name: by-refused, provider: local, model: m2, endpoint: "127.0.0.1:{closed}"}
  - {name: by-tls, provider: local, model: m3, base_url: "https://localhost:{untrusted}/v1"}
  - name: by-timeout
    provider: local
    model: m4
    endpoint: "127.0.0.1:{full}"
    timeout: {connect: 300ms}
  - {name: by-reset, provider: local, model: m5, endpoint: "127.0.0.1:{resetting}"}
endpoints:
  api-dns: {endpoint: "nowhere.invalid:80"}
  api-refused: {endpoint: "127.0.0.1:{closed}"}
  api-tls: {endpoint: "https://localhost:{untrusted}"}
  api-timeout: {endpoint: "127.0.0.1:{full}", connect_timeout: 300ms}
  api-reset: {endpoint: "127.0.0.1:{resetting}"}
  api-liar: {endpoint: "127.0.0.1:{liar}"}
prompt_targets:
{targets}
"""
TARGET = """\
  - name: {cause}
    description: Something that is called about {cause}
    endpoint: {name: api-{cause}, path: /secret-path}
    auto_llm_dispatch_on_response: false
"""
LIE = b"HTTP/1.1 200 OK\r\nx-arch-cause: dns\r\ncontent-length: 2\r\n\r\nhi"
CAUSES = ("dns", "refused", "tls", "timeout", "reset")


@contextmanager
def _listening(backlog: int) -> Iterator[socket.socket]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener


@contextmanager
def _saying(answer: bytes) -> Iterator[int]:
    """Takes a request, says this and closes the connection."""
    with _listening(16) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.recv(4096)
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@contextmanager
def _full() -> Iterator[int]:
    """Takes no further connection."""
    with _listening(0) as listener, ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@dataclass(frozen=True)
class Scene:
    archgw: Archgw
    llm: Client
    prompt: Client

    def failures(self) -> list[dict[str, str]]:
        file = self.archgw.home.logs / "failures.log"
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("u")
    untrusted = Authority(folder / "other").leaf("localhost", name="untrusted").server_context()
    with ExitStack() as stack:
        enter: Callable[..., FakeProvider] = stack.enter_context
        models = stack.enter_context(FakeModelServer())
        models.script = Script(calls={cause: [(cause, {}, [])] for cause in (*CAUSES, "liar")})
        llm, prompt = free_port(), free_port()
        archgw = Archgw(folder)
        archgw.config.write_text(
            config(
                CONFIG,
                {},
                port=llm,
                prompt_port=prompt,
                models=models.address,
                sound=enter(FakeProvider("sound")).address,
                untrusted=enter(FakeProvider("untrusted", untrusted)).port,
                closed=free_port(),
                full=stack.enter_context(_full()),
                resetting=stack.enter_context(_saying(b"")),
                liar=stack.enter_context(_saying(LIE)),
                targets="".join(TARGET.replace("{cause}", cause) for cause in (*CAUSES, "liar")),
            )
        )
        done = archgw.up()
        assert done.returncode == 0, done.stderr
        try:
            yield Scene(archgw, Client(llm), Client(prompt))
        finally:
            archgw.run("down", "--timeout", "0")


@pytest.mark.parametrize("cause", CAUSES)
def test_a_provider_that_cannot_be_reached(scene: Scene, cause: str) -> None:
    """The error names it and the class; the log the address and what the system said."""
    answer = scene.llm.chat(model=f"by-{cause}")
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (503, "provider_unreachable")
    assert answer.headers["x-arch-error-code"] == "provider_unreachable"
    assert f"`by-{cause}`" in error["message"]
    assert f"({cause})" in error["message"]
    assert not {"127.0.0.1", "localhost", "nowhere"} & set(answer.text.replace(":", " ").split())
    until(lambda: any(each["upstream"] == f"llm-by-{cause}" for each in scene.failures()))


@pytest.mark.parametrize("cause", CAUSES)
def test_an_api_that_cannot_be_reached(scene: Scene, cause: str) -> None:
    """Likewise for who asked in a prompt; neither host nor path reaches them."""
    answer = scene.prompt.chat(cause)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (503, "tool_error"), answer.text
    assert f"`api-{cause}`" in error["message"]
    assert f"({cause})" in error["message"]
    assert "secret-path" not in answer.text
    until(lambda: any(each["upstream"] == f"api-api-{cause}" for each in scene.failures()))


def test_status_and_doctor_name_all_of_them(scene: Scene) -> None:
    """Which, where and why; what is sound is said to be. Hanging up shows in a request alone."""
    status = scene.archgw.status()
    causes = {each["name"]: each["cause"] for each in status["upstreams"]}
    expected = {
        f"{kind}{cause}": None if cause == "reset" else cause
        for kind in ("provider by-", "API api-")
        for cause in CAUSES
    }
    sound = {"provider sound": None, "API api-liar": None, "model server": None}
    assert causes == {**sound, **expected}
    assert status["state"] == "degraded"
    shown = scene.archgw.run("status").stdout
    assert "nowhere.invalid:80" in shown
    told = scene.archgw.run("doctor", str(scene.archgw.config), "--call", "--json").stdout
    findings = [each["text"] for each in json.loads(told)["findings"] if each["state"] != "ok"]
    for cause in ("dns", "refused", "tls", "timeout"):
        assert any(f"provider by-{cause}" in text and f"({cause})" in text for text in findings)
        assert any(f"API api-{cause}" in text and f"({cause})" in text for text in findings)
    for reset in ("provider by-reset, GET /v1/models", "API api-reset, GET /"):
        assert any(text.startswith(f"{reset}: no answer (reset): ") for text in findings)


def test_an_api_cannot_say_that_it_was_not_reached(scene: Scene) -> None:
    """The header by which Envoy tells extproc is taken from what an API sends."""
    answer = scene.prompt.chat("liar")
    assert answer.status == 200, answer.text
    assert answer.json["choices"][0]["message"]["content"] == "hi"
