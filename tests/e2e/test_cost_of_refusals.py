"""What it costs to be refused: who has no credential cannot keep Envoy busy with that alone.

Without a body, as Envoy closes an HTTP/1 connection on which it has answered before a body's end.
"""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bench import plain
from tests.e2e.harness import free_port
from tests.e2e.test_tokens_and_certificates import (
    LISTENERS,
    NOW,
    SAN,
    anybody,
    bearer,
    staged,  # noqa: F401 - a fixture by its name
)
from tests.fakes.issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.test_tokens_and_certificates import Stage

REQUESTS, SLICES = 200, 10
"""Short ones: on a machine with other work the least of them is the truest."""
AT_MOST = 0.1
"""Milliseconds of Envoy's time for each, beyond those of an Envoy that answers at once."""
AT_ONCE = 0.015
"""What such an answer takes it where nothing else runs: other work makes both slower by as much."""
CHECKED = "forged token"
"""Its signature has to be looked at, which takes as long again."""


@dataclass(frozen=True)
class Asked:
    """An Envoy, the connection to it that stays, and what it answers on it."""

    pid: int
    connection: http.client.HTTPConnection
    status: int
    headers: dict[str, str]

    def ask(self) -> None:
        self.connection.request("GET", "/v1/models", headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == self.status
        assert not answer.will_close

    def cost(self) -> float:
        """Milliseconds of processors for a request."""
        before = self._spent()
        for _ in range(REQUESTS):
            self.ask()
        return (self._spent() - before) / REQUESTS

    def _spent(self) -> float:
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e6


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """An Envoy that has nothing to do before it answers."""
    port = free_port()
    folder = tmp_path_factory.mktemp("plain") / "envoy"
    with plain.envoy(folder, port, plain.direct_response()) as process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with closing(connection):
            yield Asked(process.pid, connection, 200, {})


@pytest.mark.alone
@pytest.mark.slow
@LISTENERS
@pytest.mark.parametrize(
    "shown", ["nothing", "wrong key", "expired token", CHECKED, "wrong certificate"]
)
def test_cost(staged: Stage, at_once: Asked, listener: str, shown: str) -> None:  # noqa: F811
    """A refusal takes no more than a tenth of a millisecond of Envoy's time."""
    headers = {
        "wrong key": {"x-api-key": "web-canary-0123456780"},
        "expired token": bearer(staged.issuer.token(exp=NOW - 600)),
        CHECKED: bearer(Issuer().token()),
    }.get(shown, {})
    wrong = staged.leaf("wrong", f"{SAN}2").client_context()
    connection = http.client.HTTPSConnection(
        "127.0.0.1",
        staged.running.port if listener == "llm" else staged.running.prompt_port,
        timeout=20,
        context=wrong if shown == "wrong certificate" else anybody(),
    )
    with closing(connection):
        refused = Asked(staged.running.process.pid, connection, 401, headers)
        for each in (refused, at_once):  # that connections are open
            each.ask()
        costs = [(refused.cost(), at_once.cost()) for _ in range(SLICES)]
    refusal, answer = (min(each) for each in zip(*costs, strict=True))
    slower = max(1.0, answer / AT_ONCE)
    assert refusal - answer <= AT_MOST * slower * (2 if shown == CHECKED else 1)
    assert staged.nobody_was_asked()
