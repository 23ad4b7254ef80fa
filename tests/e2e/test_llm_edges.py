"""What hostile or broken clients get from the LLM listener, on raw sockets where it matters."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from tests.e2e.archgw import until
from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.provider import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"content-type": "application/json"}
BODY = b'{"messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with gateway(tmp_path_factory.mktemp("edges"), world.config(), {"KEY": "sk"}) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


def raw(port: int, *pieces: bytes, pause: float = 0.0, limit: float = 8.0) -> bytes:
    """Send pieces as they are and read until the other side closes or goes quiet."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.settimeout(limit)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def request(path: str = "/v1/chat/completions", *headers: bytes, body: bytes = BODY) -> bytes:
    lines = [b"POST " + path.encode() + b" HTTP/1.1", b"host: a", b"connection: close", *headers]
    if not any(header.lower().startswith(b"content-type") for header in headers):
        lines.append(b"content-type: application/json")
    if not any(header.lower().startswith((b"content-length", b"transfer")) for header in headers):
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_health(client: Client, running: Running) -> None:
    """/healthz says that the process lives; /readyz turns 503 while it drains."""
    alive = client.ask("GET", "/healthz")
    assert (alive.status, alive.body) == (200, b"ok")
    assert client.ask("GET", "/readyz").status == 200
    running.admin("POST", "/healthcheck/fail")
    try:
        assert client.ask("GET", "/healthz").status == 200
        assert client.ask("GET", "/readyz").status == 503
    finally:
        running.admin("POST", "/healthcheck/ok")
    assert client.ask("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/",
        "/V1/chat/completions",
        "/v1/chat/completions;x",
        "/v1/chat",
        "/v2/chat/completions",
        "/v1/images",
        "/",
    ],
)
def test_near_miss_paths(client: Client, world: World, path: str) -> None:
    """A path that is not served is a 404 which says what is, and reaches nobody."""
    answer = client.ask(path=path, body=BODY)
    assert answer.status == 404
    assert answer.json["error"]["code"] == "not_found"
    assert "/v1/chat/completions" in answer.json["error"]["message"]
    assert not world.one.received


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(client: Client, world: World, method: str) -> None:
    """Only POST reaches a provider's chat."""
    assert client.ask(method, body=BODY).status == 404
    assert not world.one.received


@pytest.mark.parametrize("path", ["/v1/chat%2fcompletions", "/v1/chat/completions%00", "/v1/%5c"])
def test_escapes_in_paths(client: Client, world: World, path: str) -> None:
    """Escaped separators are refused, so that nobody reads the path differently from us."""
    assert client.ask(path=path, body=BODY).status in {400, 404}
    assert not world.one.received


def test_normalised_path(client: Client, world: World) -> None:
    """Dots and double slashes are resolved before routing; the provider sees the plain path."""
    assert client.ask(path="/v1//x/../chat/./completions", body=BODY).status == 200
    assert world.one.received[0].path == "/v1/chat/completions"


def test_compressed_body(client: Client, world: World) -> None:
    """A compressed body is refused; nobody could have read it on the way."""
    answer = client.ask(body=BODY, content_encoding="gzip")
    assert answer.status == 415
    assert answer.json["error"]["code"] == "unsupported_media_type"
    assert not world.one.received


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (b"", "the body has no content-type"),
        (b"content-type: text/plain", 'content-type "text/plain" is not supported'),
        (b"content-type: application/x-www-form-urlencoded", "is not supported"),
        (b"content-type: application/jsonp", "is not supported"),
    ],
)
def test_json_that_is_not_called_so(
    running: Running, world: World, kind: bytes, found: str
) -> None:
    """A web page could send it without being asked: the answer shows the header that is missing."""
    world.forget()
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"host: a", b"connection: close"]
    lines += [b"content-length: %d" % len(BODY), *([kind] if kind else [])]
    answer = raw(running.port, b"\r\n".join(lines) + b"\r\n\r\n" + BODY).decode()
    assert answer.startswith("HTTP/1.1 415")
    error = json.loads(answer.partition("\r\n\r\n")[2])["error"]
    assert error["code"] == "unsupported_media_type"
    assert found in error["message"]
    assert 'send the header "content-type: application/json"' in error["message"]
    assert not world.one.received


def test_slow_headers(running: Running) -> None:
    """Headers that do not end are cut off after five seconds."""
    started = time.monotonic()
    answer = raw(running.port, b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n")
    assert 4 < time.monotonic() - started < 7.5
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_gateway_behind_gateway(client: Client, world: World) -> None:
    """A request may pass through a few gateways, which count; a loop ends with 508."""
    assert client.chat(headers={"cdn-loop": ", ".join(["archgw"] * 3)}).status == 200
    assert world.one.received[0].headers["cdn-loop"].count("archgw") == 4
    world.forget()
    answer = client.chat(headers={"cdn-loop": ", ".join(["archgw"] * 8)})
    assert answer.status == 508
    assert answer.json["error"]["code"] == "loop_detected"
    assert not world.one.received


def test_dead_provider(client: Client, world: World) -> None:
    """A provider that is not there is a 503 in the usual form, at once and without details."""
    world.one.stop()
    try:
        started = time.monotonic()
        answer = client.chat()
        assert time.monotonic() - started < 3
    finally:
        world.one.start_again()
    assert answer.status == 503
    assert answer.json["error"]["code"] == "provider_unreachable"
    assert "127.0.0.1" not in answer.text


def test_client_that_leaves(running: Running, client: Client, world: World) -> None:
    """When a client goes away mid-stream the provider's connection is dropped too."""
    world.one.behaviour.chunks = 100
    world.one.behaviour.chunk_delay = 0.05
    body = b'{"stream":true,"messages":[{"role":"user","content":"hi"}]}'
    with socket.create_connection(("127.0.0.1", running.port), 5) as connection:
        connection.sendall(request(body=body))
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    deadline = time.monotonic() + 3
    while "upstream_rq_active: 0" not in (
        stats := running.admin("GET", "/stats?filter=cluster.llm-one.upstream_rq_active")
    ):
        assert time.monotonic() < deadline, stats
        time.sleep(0.05)


def test_stream_that_nobody_reads(running: Running, world: World) -> None:
    """Its provider waits, and the gateway holds little of it; read after all it comes whole."""
    world.forget()
    events = tuple(b"data: %d %s\n\n" % (number, b"x" * 16_000) for number in range(1500))
    world.one.behaviour = Behaviour(pieces=events)
    asked = request(body=b'{"stream": true, "messages": [{"role": "user", "content": "hi"}]}')
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", running.port))
        slow.sendall(asked)
        until(lambda: _stat(running, "cluster.llm-one.upstream_flow_control_paused_reading_total"))
        assert _stat(running, "http.llm.downstream_cx_tx_bytes_buffered") < 500_000
        slow.settimeout(20)
        read = bytearray()
        while chunk := slow.recv(1 << 20):
            read += chunk
    assert read.count(b"data: ") == len(events)


def _stat(running: Running, name: str) -> int:
    return int(running.admin("GET", f"/stats?filter=^{name}$").rpartition(": ")[2] or 0)


def test_http2_prior_knowledge(running: Running, world: World) -> None:
    """HTTP/2 without TLS works for clients that know."""
    world.forget()
    with httpx.Client(http1=False, http2=True) as client:
        answer = client.post(f"{running.url}/chat/completions", content=BODY, headers=JSON)
    assert answer.http_version == "HTTP/2"
    assert answer.status_code == 200
    assert len(world.one.received) == 1


def test_http2_rapid_reset(running: Running, client: Client) -> None:
    """A client that opens and resets streams in a flood is disconnected; others are served."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    closed = False
    with socket.create_connection(("127.0.0.1", running.port), 5) as raw_socket:
        headers = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            (":scheme", "http"),
            (":authority", "a"),
        ]
        try:
            for _ in range(400):
                stream = connection.get_next_available_stream_id()
                connection.send_headers(stream, headers)
                connection.reset_stream(stream)
                raw_socket.sendall(connection.data_to_send())
            raw_socket.settimeout(3)
            while chunk := raw_socket.recv(65536):
                connection.receive_data(chunk)
            closed = True
        except (ConnectionError, OSError):
            closed = True
    assert closed
    assert client.chat().status == 200


@pytest.mark.parametrize("given", [b"a" * 28_000, b'a" 200 "b', b"caf\xc3\xa9"])
def test_a_clients_request_id_is_short_and_plain_or_ours(running: Running, given: bytes) -> None:
    """It stands in every log line of every process, so that it can neither fill nor forge one."""
    answer = raw(running.port, request("/healthz", b"x-request-id: " + given))
    assert b"x-request-id: " in answer
    assert given not in answer


def test_the_text_log_cannot_be_forged(running: Running) -> None:
    """Quotes part its fields: an agent's name that has any is not shown, a long one is cut."""
    for agent in (b'x" "forged-id" "other-host', b"plain/1 (a; b)", b"l" * 20_000):
        raw(running.port, request("/v1/nowhere", b"user-agent: " + agent))
    written = running.log()
    assert "forged-id" not in written
    assert '"plain/1 (a; b)"' in written
    assert max(map(len, written.splitlines())) < 1000
