"""What the tests on a real Envoy share: an authority, fake providers, a way to ask."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.configs import behind_tls, config, one_behind_tls
from tests.fakes.certificates import Authority
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a short name: sockets lie below it, and a socket's path has at most 107 bytes."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@dataclass(frozen=True)
class World:
    """Two providers in good health behind TLS, as `{one}` and `{two}` of a config."""

    one: FakeProvider
    two: FakeProvider
    ca_file: Path

    def config(self, text: str = "", **filled: Any) -> str:
        """What `text` leaves out is as usual; `{ca}` in it is the file of the authority."""
        one, two = self.one.address, self.two.address
        usual = {
            **one_behind_tls(one, self.ca_file),
            "two": behind_tls("two", two, self.ca_file),
        }
        return config(text, usual, one=one, two=two, ca=self.ca_file, **filled)

    def forget(self) -> None:
        self.one.forget()
        self.two.forget()


@pytest.fixture(scope="module")
def world(authority: Authority) -> Iterator[World]:
    leaf = authority.leaf("localhost")
    with (
        FakeProvider("one", leaf.server_context()) as one,
        FakeProvider("two", leaf.server_context()) as two,
    ):
        yield World(one, two, authority.file)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True
    """False: the connection broke before the answer's end."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """Asks one gateway; a new connection for each request, so that every worker is met."""

    port: int
    timeout: float = 20.0
    headers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def ask(
        self,
        method: str = "POST",
        path: str = "/v1/chat/completions",
        body: Any = None,
        **headers: str,
    ) -> Answer:
        """`body`: bytes as they are, anything else as JSON. `x_user="a"` is the header x-user."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if raw is not None:
            sent.setdefault("content-type", "application/json")
        connection = self._connection()
        try:
            connection.request(method, path, raw, {**self.headers, **sent})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Answer(response.status, found, response.read())
            except http.client.IncompleteRead as cut:
                return Answer(response.status, found, cut.partial, complete=False)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=self.timeout, context=self.tls
        )

    def chat(self, text: str = "hi", **rest: Any) -> Answer:
        """One user message. `headers=` go as headers, the rest into the body."""
        headers = rest.pop("headers", {})
        body = {"messages": [{"role": "user", "content": text}], **rest}
        return self.ask(body=body, **{name.replace("-", "_"): v for name, v in headers.items()})
