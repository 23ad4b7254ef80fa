"""Web pages: which may call, how browsers are told so, what others are kept from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Answer, Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.model_server import FakeModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
listeners:
  ingress_traffic:
    cors: {allow_origins: ["https://*.ours.test", "http://localhost:*"], allow_credentials: true}
  egress_traffic: {cors: "https://app.ours.test"}
model_server: {address: "{models}"}
llm_providers:
  - name: one
    access_key: null
    rate_limits:
      - {selector: {http_header: {name: x-team, value: ""}}, limit: {tokens: 1, unit: hour}}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}
"""
PAGE = "https://app.ours.test"
CHAT = {"messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with FakeModelServer() as models:
        config = world.config(CONFIG, models=models.address)
        with gateway(tmp_path_factory.mktemp("cors"), config, {}) as started:
            yield started


@pytest.fixture(params=["LLM calls", "prompts"])
def client(request: pytest.FixtureRequest, running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port if request.param == "LLM calls" else running.prompt_port)


@pytest.fixture
def prompts(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.prompt_port)


def asked(client: Client, origin: str, method: str = "POST") -> Answer:
    """What a browser asks before it sends what a page wants."""
    return client.ask(
        "OPTIONS",
        origin=origin,
        access_control_request_method=method,
        access_control_request_headers="authorization,content-type,x-stainless-os",
    )


def test_a_browser_is_answered(client: Client, world: World) -> None:
    """It learns that the page may send what the official libraries send; nobody else is asked."""
    answer = asked(client, PAGE)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-max-age"] == "600"
    assert "POST" in answer.headers["access-control-allow-methods"]
    may_send = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-stainless-os", "x-team"} <= set(may_send)
    assert not world.one.received


def test_another_page_is_not(client: Client) -> None:
    """Without these headers the browser keeps to itself what the page wanted to send."""
    for origin in ("https://evil.test", "https://app.ours.test.evil.test", "null"):
        answer = asked(client, origin)
        assert answer.status == 404
        assert not _cors(answer)


def test_the_page_may_read_the_answer(client: Client) -> None:
    """An answer of the provider's is the page's to read, with what it needs to try again."""
    answer = client.ask(body=CHAT, origin=PAGE)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert not _cors(client.ask(body=CHAT, origin="https://evil.test"))
    assert not _cors(client.ask(body=CHAT))


def test_the_page_may_read_errors(client: Client, running: Running, world: World) -> None:
    """Whoever answers with one: a path, a script, a limit, Envoy, the provider."""
    assert client.ask(body=CHAT, x_team="a").status == 200
    too_large = b" " * (10_600_000 if client.port == running.port else 1_200_000)
    sent = [
        (404, client.ask(path="/v1/nothing", body=CHAT, origin=PAGE)),
        (404, client.ask(body={**CHAT, "model": "gone"}, origin=PAGE)),
        (400, client.ask(body=b"{", origin=PAGE)),
        (415, client.ask(body=b"<a/>", content_type="text/xml", origin=PAGE)),
        (413, client.ask(body=too_large, origin=PAGE)),
        (429, client.ask(body=CHAT, origin=PAGE, x_team="a")),
    ]
    world.one.behaviour.status = 500
    sent.append((500, client.ask(body=CHAT, origin=PAGE)))
    for status, answer in sent:
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == PAGE, status


def test_a_limit_is_not_asked(client: Client) -> None:
    """A browser's question costs nothing, and is answered when a limit refuses calls."""
    while client.ask(body=CHAT, x_team="b").status != 429:
        pass
    question = {"access_control_request_method": "POST", "origin": PAGE, "x_team": "b"}
    assert client.ask("OPTIONS", **question).status == 200


def test_credentials_as_configured(running: Running) -> None:
    """Cookies go along only where the config says so."""
    plain, with_cookies = (Client(port) for port in (running.port, running.prompt_port))
    assert "access-control-allow-credentials" not in asked(plain, PAGE).headers
    assert asked(with_cookies, PAGE).headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("origin", ["https://b.c.ours.test", "http://localhost:5173"])
def test_origins_by_pattern(prompts: Client, origin: str) -> None:
    """Hosts below one, and any port of one."""
    assert asked(prompts, origin).headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200), (PAGE, 200), ("http://localhost:5173", 200), ("https://evil.test", 403),
        ("https://ours.test", 403), ("null", 403),
    ],
)  # fmt: skip
def test_text_from_a_page(prompts: Client, origin: str | None, status: int) -> None:
    """Text, which browsers send without asking, is taken from programs and allowed pages."""
    headers = {"origin": origin} if origin else {}
    answer = prompts.ask(body=b"hi", content_type="text/plain", **headers)
    assert answer.status == status
    if status != 200:
        assert answer.json["error"]["code"] == "foreign_origin"


@pytest.mark.parametrize(("origin", "status"), [(PAGE, 200), ("https://b.ours.test", 403)])
def test_a_form_from_a_page(running: Running, world: World, origin: str, status: int) -> None:
    """A file, likewise."""
    world.forget()
    form = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b"
    answer = Client(running.port).ask(path="/v1/files", body=form, content_type=kind, origin=origin)
    assert answer.status == status
    assert len(world.one.received) == (status == 200)


def _cors(answer: Answer) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control")]
