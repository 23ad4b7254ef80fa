"""The scripts of `envoy/` inside a real Envoy, on a bootstrap with nothing else in it."""

from __future__ import annotations

import http.client
import json
import random
from typing import TYPE_CHECKING

import pytest

from extproc import contract
from tests.e2e.rewrite_stage import JSON, ONE, TWO, Setup, stage
from tests.fakes.bodies import Choices, body
from tests.fakes.provider import Behaviour
from tests.fakes.reference_rewrite import CHAT, RefusedBody, rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    with stage(tmp_path_factory.mktemp("rewrite")) as started:
        yield started


@pytest.fixture
def setup(running: Setup) -> Setup:
    for provider in (running.one, running.two):
        provider.forget()
        provider.behaviour = Behaviour()
    return running


def test_odd_bodies_through_envoy(setup: Setup) -> None:
    """Of 400 odd bodies Envoy refuses and rewrites each as the reference does."""
    # A fake that answers like this does not look into the body.
    setup.one.behaviour = Behaviour(status=202)
    random_bytes = random.Random(11)
    connection = http.client.HTTPConnection("127.0.0.1", setup.port, timeout=20)
    outcomes = set()
    for _ in range(400):
        made = body(Choices(random_bytes.randbytes(400)))
        setup.one.received.clear()
        connection.request("POST", CHAT, made, {contract.HINT_HEADER: "one", **JSON})
        answer = connection.getresponse()
        answer.read()
        outcomes.add(answer.status)
        try:
            expected = [rewrite(made, ONE, CHAT)]
        except RefusedBody:
            expected = []
        assert [received.body for received in setup.one.received] == expected, made
        assert answer.status == (202 if expected else 400), made
    connection.close()
    assert outcomes == {202, 400}


def test_a_megabyte_reaches_the_fallback_whole(setup: Setup) -> None:
    """Each attempt starts from the client's body and path, also after another provider's."""
    setup.one.behaviour = Behaviour(status=503)
    words = "naïve 你好 " * 45000
    asked = {"model": "one", "metadata": {"a": 1}, "messages": [{"content": words}]}
    made = json.dumps(asked).encode()
    assert len(made) > 1_000_000
    assert setup.send(made, CHAT + "?trace=1", x_gateway_hint="one")[0] == 200
    (first,), (second,) = setup.one.received, setup.two.received
    assert first.body == rewrite(made, ONE, CHAT)
    assert second.body == rewrite(made, TWO, CHAT)
    assert first.path == "/deployments/chat?api-version=2"
    assert second.path == "/v1/chat/completions"
    assert second.headers["content-length"] == str(len(second.body))


def test_a_chunked_body_gets_a_length(setup: Setup) -> None:
    """A body sent in chunks is read whole and goes on with its length."""
    chunks = (b'{"model":"x","mess', b'ages":[{"model":"y","conte', b'nt":"hi"}]}')
    assert setup.send(iter(chunks))[0] == 200
    (received,) = setup.one.received
    assert received.body == b'{"model":"gpt-4o","messages":[{"content":"hi"}]}'
    assert received.headers["content-length"] == str(len(received.body))
    assert "transfer-encoding" not in received.headers


def test_a_file_is_not_looked_into(setup: Setup) -> None:
    """What names no model passes without a body, or with one, to the provider's own path."""
    setup.send(b"", "/v1/files?limit=2", "GET")
    setup.send(b"{ no JSON", "/v1/files")
    asked, sent = setup.one.received
    assert (asked.method, asked.path) == ("GET", "/deployments/files?api-version=2")
    assert (asked.body, sent.body) == (b"", b"{ no JSON")


def test_an_embedding_keeps_its_model(setup: Setup) -> None:
    """Through Envoy too, a model for embeddings is not turned into the chat model."""
    sent = b'{"input":"x","model":"text-embedding-3-small","metadata":{}}'
    setup.send(sent, "/v1/embeddings")
    (received,) = setup.one.received
    assert received.body == b'{"input":"x","model":"text-embedding-3-small"}'


def test_the_body_chooses_the_provider(setup: Setup) -> None:
    """A model, however spelled, leads to its provider; the client's own choice header does not."""
    setup.send(b'{"mod\\u0065l":"claude-3"}', x_arch_llm_provider="one")
    assert not setup.one.received
    assert setup.two.received[0].json == {"model": "claude-3"}


@pytest.mark.parametrize(
    ("sent", "hint", "code", "said"),
    [
        (b"{}", "three", "unknown_provider", "known are one, two, lame or default"),
        (b"", "one", "invalid_json", "the body is empty"),
        (b"[" * 1_000_000, "one", "invalid_json", "something other than an object"),
        (b'{"a":' + b"[" * 1_000_000, "one", "invalid_json", "nesting deeper than 64 levels"),
        (b'{"a":"\xff"}', "one", "invalid_json", "bytes that are not UTF-8 at byte 7"),
    ],
)
def test_refusals_before_any_provider(
    setup: Setup, sent: bytes, hint: str, code: str, said: str
) -> None:
    """What the listener's script refuses is a 400 that says why, and no provider is called."""
    status, text, error = setup.send(sent, x_gateway_hint=hint)
    assert (status, error) == (400, code)
    assert said in text
    assert not setup.one.received
    assert not setup.two.received


def test_a_path_that_the_provider_lacks(setup: Setup) -> None:
    """A provider without an API is not called for it."""
    status, text, error = setup.send(b"{}", "/v1/embeddings", x_gateway_hint="two")
    assert (status, error) == (404, "not_found")
    assert text == "provider two does not offer /v1/embeddings"
    assert not setup.two.received


def test_a_failing_script_fails_closed(setup: Setup) -> None:
    """A script that breaks answers 500: Envoy itself would have let the body pass as it was."""
    status, _, error = setup.send(b'{"metadata":{"secret":1}}', x_gateway_hint="lame")
    assert (status, error) == (500, "internal")
    assert not setup.two.received


def test_scripts_log_nothing_in_good_health(setup: Setup) -> None:
    """No request of a client makes a script fail, so the log holds the one failure made here."""
    setup.send(b'{"a":1')
    errors = [line for line in setup.log.read_text().splitlines() if "script log" in line]
    assert all("PATHS" in line for line in errors), errors
