"""The LLM listener: who is asked, what they are shown, what comes back."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.provider import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
llm_providers:
  - name: one
    access_key: $ONE_KEY
    price: {input: 2.5, output: 10}
  - name: two
    provider: groq
    base_url: https://{two}/openai/v1
    model: llama-two
    access_key: $TWO_KEY
    headers: {X-Title: the shop, x-second-key: $SECOND_KEY}
  - name: azure
    provider: azure_openai
    base_url: https://{two}/openai
    model: deployment-three
    access_key: $AZURE_KEY
    tls: {ca_file: {ca}}
overrides:
  access_log_format: json
"""
KEYS = {
    "ONE_KEY": "sk-one",
    "TWO_KEY": "sk-two",
    "AZURE_KEY": "azure-three",
    "SECOND_KEY": "second-canary",
}


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = world.config(CONFIG)
    with gateway(tmp_path_factory.mktemp("gateway"), config, KEYS) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


class TestChoice:
    def test_default_provider(self, client: Client, world: World) -> None:
        """Without a hint or a model the default provider answers."""
        answer = client.chat()
        assert answer.status == 200
        assert answer.json["choices"][0]["message"]["content"] == "Hello from one"
        assert len(world.one.received) == 1

    @pytest.mark.parametrize("hint", ["two", "azure"])
    def test_hint_names_a_provider(self, client: Client, world: World, hint: str) -> None:
        """The hint header chooses a provider by its name, whatever the body's model says."""
        answer = client.chat(model="gpt-one", headers={"x-arch-llm-provider-hint": hint})
        assert answer.status == 200
        assert len(world.two.received) == 1
        assert not world.one.received

    def test_hint_default(self, client: Client, world: World) -> None:
        """The hint `default` means the default provider."""
        assert client.chat(headers={"x-arch-llm-provider-hint": "default"}).status == 200
        assert len(world.one.received) == 1

    @pytest.mark.parametrize("model", ["two", "llama-two"])
    def test_model_of_the_body(self, client: Client, world: World, model: str) -> None:
        """A body's model chooses when it is a provider's name or model."""
        assert client.chat(model=model).status == 200
        assert world.two.received[0].json["model"] == "llama-two"

    def test_unknown_hint(self, client: Client, world: World) -> None:
        """An unknown hint is refused with the known names, and nobody is called."""
        answer = client.chat(headers={"x-arch-llm-provider-hint": "three"})
        assert answer.status == 400
        message = answer.json["error"]["message"]
        assert all(name in message for name in ("three", "one", "two", "azure"))
        assert answer.json["error"]["code"] == "unknown_provider"
        assert answer.json["error"]["request_id"] == answer.headers["x-request-id"]
        assert not world.one.received
        assert not world.two.received

    def test_spoofed_route_header(self, client: Client, world: World) -> None:
        """A client cannot choose by the internal header; it is dropped on arrival."""
        assert client.chat(headers={"x-arch-llm-provider": "two"}).status == 200
        assert len(world.one.received) == 1

    def test_broken_json(self, client: Client, world: World) -> None:
        """A body that is no JSON object is refused and reaches nobody."""
        for body in (b'{"messages": [', b"[]", b'{"a": 1} x', b"\xff{}", b'{"a": 01}', b""):
            answer = client.ask(body=body)
            assert answer.status == 400, body
            assert answer.json["error"]["code"] == "invalid_json"
        assert not world.one.received


class TestWhatTheProviderSees:
    def test_own_key_and_nothing_of_the_clients(self, client: Client, world: World) -> None:
        """A provider sees its own key and none of the client's credentials or our headers."""
        spoofed = {
            "authorization": "Bearer client-secret",
            "cookie": "session=client-secret",
            "api-key": "client-secret",
            "x-api-key": "client-secret",
            "x-arch-upstream": "elsewhere",
            "x-arch-llm-provider": "two",
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-host": "evil",
            "x-envoy-retry-on": "5xx",
            "x-envoy-upstream-rq-timeout-ms": "1",
            "forwarded": "for=1.2.3.4",
            "x-gateway-hint": "two",
            "openai-organization": "org-client-secret",
            "openai-project": "client-secret",
            "x-auth-token": "client-secret",
            "x-real-ip": "1.2.3.4",
            "referer": "https://client-secret/",
            "baggage": "user=client-secret",
            "x-anything": "client-secret",
        }
        assert client.chat(headers=spoofed).status == 200
        headers = world.one.received[0].headers
        assert headers["authorization"] == "Bearer sk-one"
        assert headers["host"] == "localhost"
        assert "client-secret" not in str(headers)
        assert headers.keys() - {"authorization", "host"} <= {
            "cdn-loop",
            "content-length",
            "content-type",
            "x-request-id",
        }

    def test_headers_of_the_config(self, client: Client, running: Running, world: World) -> None:
        """Its own and no other's; a client's of that name are none, and a value may be a key."""
        sent = {"x-title": "of-a-client", "x-second-key": "of-a-client"}
        assert client.chat(headers=sent, model="two").status == 200
        assert client.chat().status == 200
        headers = world.two.received[0].headers
        assert (headers["x-title"], headers["x-second-key"]) == ("the shop", "second-canary")
        assert headers["authorization"] == "Bearer sk-two"
        assert not {"x-title", "x-second-key"} & world.one.received[0].headers.keys()
        assert "second-canary" not in running.admin("GET", "/config_dump")
        assert "second-canary" not in running.home.bootstrap_file.read_text()

    def test_headers_that_go_on(self, client: Client, world: World) -> None:
        """What a request asks for, and what it is followed by, the provider sees as it was sent."""
        sent = {
            "accept": "application/json",
            "user-agent": "OpenAI/Python 2.1",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "tracestate": "vendor=1",
            "openai-beta": "assistants=v2",
        }
        assert client.chat(headers=sent).status == 200
        assert sent.items() <= world.one.received[0].headers.items()

    def test_azure_key_and_path(self, client: Client, world: World) -> None:
        """Azure gets its key in `api-key` and its deployment in the path."""
        assert client.chat(headers={"x-arch-llm-provider-hint": "azure"}).status == 200
        received = world.two.received[0]
        assert received.headers["api-key"] == "azure-three"
        assert "authorization" not in received.headers
        assert received.path == (
            "/openai/deployments/deployment-three/chat/completions?api-version=2024-10-21"
        )

    def test_path_prefix(self, client: Client, world: World) -> None:
        """The provider's own path prefix replaces ours, and no query of the client goes on."""
        answer = client.ask(
            path="/v1/chat/completions?key=client-secret",
            body={"messages": [{"role": "user", "content": "hi"}]},
            x_arch_llm_provider_hint="two",
        )
        assert answer.status == 200
        assert world.two.received[0].path == "/openai/v1/chat/completions"

    def test_body(self, client: Client, world: World) -> None:
        """Model and metadata are ours to set; every other byte is the client's."""
        body = (
            b'{ "temperature" : 1.0e0, "model":"x", "messages":[{"role":"user", "model":"Arch",'
            b'"content":"\\u00e9 {\\"model\\": 1}"}],\n"metadata":{"a":"b"},"mod\\u0065l":"gpt-5",'
            b'"tools":[{"function":{"parameters":{"model":{"type":"string"}}}}] }'
        )
        assert client.ask(body=body).status == 200
        seen = world.one.received[0]
        assert seen.json == {
            "temperature": 1.0,
            "model": "gpt-one",
            "messages": [{"role": "user", "content": 'é {"model": 1}'}],
            "tools": [{"function": {"parameters": {"model": {"type": "string"}}}}],
        }
        assert b'"temperature" : 1.0e0' in seen.body
        assert b'"content":"\\u00e9 {\\"model\\": 1}"' in seen.body
        assert seen.headers["content-length"] == str(len(seen.body))

    def test_stream_asks_for_usage(self, client: Client, world: World) -> None:
        """A stream that says nothing of usage asks for it; one that does is left alone."""
        client.chat(stream=True)
        client.chat(stream=True, stream_options={"include_usage": False})
        client.chat(stream=False)
        first, second, third = (received.json for received in world.one.received)
        assert first["stream_options"] == {"include_usage": True}
        assert second["stream_options"] == {"include_usage": False}
        assert "stream_options" not in third

    def test_big_bodies(self, client: Client, world: World) -> None:
        """Ten megabytes pass whole; above the limit the answer is 413 and nobody is called."""
        text = "x" * 10_000_000
        assert client.chat(text).status == 200
        assert world.one.received[0].json["messages"][0]["content"] == text
        world.forget()
        answer = client.chat("x" * 10_600_000)
        assert answer.status == 413
        assert answer.json["error"]["code"] == "request_too_large"
        assert "at most 10 MiB here, which overrides.max_body sets" in answer.text
        assert not world.one.received


class TestAnswers:
    def test_stream_is_not_buffered(self, client: Client, running: Running, world: World) -> None:
        """The first chunk of a stream is there long before the last."""
        import http.client

        world.one.behaviour.chunks = 4
        world.one.behaviour.chunk_delay = 0.25
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
        started = time.monotonic()
        connection.request(
            "POST",
            "/v1/chat/completions",
            json.dumps(body),
            {"content-type": "application/json"},
        )
        response = connection.getresponse()
        first_line = response.readline()
        first = time.monotonic() - started
        rest = response.read()
        total = time.monotonic() - started
        assert first_line.startswith(b"data: ")
        assert rest.endswith(b"data: [DONE]\n\n")
        assert total > 0.9
        assert first < total / 2

    @pytest.mark.parametrize("asked", [False, True])
    def test_usage_is_for_who_asks(
        self, client: Client, running: Running, world: World, asked: bool
    ) -> None:
        """The event that tells the usage reaches who asked for it, and the log either way."""
        options = {"stream_options": {"include_usage": True}} if asked else {}
        answer = client.chat(stream=True, **options)
        data = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
        chunks = [json.loads(each) for each in data]
        assert [len(chunk["choices"]) for chunk in chunks] == [1, 1, 1] + [0] * asked
        assert answer.text.endswith("data: [DONE]\n\n")
        assert json.loads(running.log().splitlines()[-1])["total_tokens"] == 10

    def test_a_stream_without_its_usage_is_the_same_stream(
        self, client: Client, world: World
    ) -> None:
        """Cut anywhere, with CRLF, and with an end that is none: all else passes byte for byte."""
        chunk = b': hi\r\ndata: {"choices":[{"delta":{"content":"x"}}],"usage":null}\r\n\r\n'
        usage = b'data: {"choices":[],"usage":{"total_tokens":3}}\r\n\r\n'
        for rest in (b"", b"data: [DONE]\r\n\r\n", b'data: {"choices":[],"us'):
            whole = chunk + usage + rest
            for size in (len(whole), 40, 3):
                pieces = tuple(whole[i : i + size] for i in range(0, len(whole), size))
                world.one.behaviour = Behaviour(pieces=pieces, chunk_delay=0.002)
                answer = client.chat(stream=True)
                assert answer.complete
                assert answer.body == chunk + rest

    def test_broken_stream_is_seen_as_broken(self, client: Client, world: World) -> None:
        """A provider that dies mid-stream: what came is delivered, no end is invented."""
        world.one.behaviour.chunks = 6
        world.one.behaviour.die_after = 3
        answer = client.chat(stream=True)
        assert not answer.complete
        assert answer.text.count("data: ") == 3
        assert "[DONE]" not in answer.text
        assert len(world.one.received) == 1

    @pytest.mark.parametrize("stream", [False, True])
    def test_gzip(self, client: Client, world: World, stream: bool) -> None:
        """Only who asks for gzip gets it, for a stream; a short answer is not worth it."""
        world.one.behaviour.chunks = 40
        packed = client.chat(stream=stream, headers={"accept-encoding": "gzip"})
        plain = client.chat(stream=stream)
        assert "content-encoding" not in plain.headers
        assert packed.headers.get("content-encoding") == ("gzip" if stream else None)
        if stream:
            assert gzip.decompress(packed.body) == plain.body
        assert "gzip" not in world.one.received[0].headers.get("accept-encoding", "")

    def test_errors_of_the_provider_pass(self, client: Client, world: World) -> None:
        """Without fallbacks a provider's error is the client's, headers and all, asked once."""
        world.one.behaviour.status = 429
        world.one.behaviour.headers = {"retry-after": "17"}
        answer = client.chat()
        assert answer.status == 429
        assert answer.headers["retry-after"] == "17"
        assert answer.json["error"]["message"] == "one is unwell"
        assert len(world.one.received) == 1

    def test_other_calls(self, client: Client, world: World) -> None:
        """Embeddings keep the client's model, completions have the provider's if they name none."""
        body = {"model": "text-embedding-3-small", "input": "hi"}
        assert client.ask(path="/v1/embeddings", body=body).status == 200
        assert world.one.received[0].json["model"] == "text-embedding-3-small"
        answer = client.ask(path="/v1/completions", body={"prompt": "hi"})
        assert answer.status == 200
        assert world.one.received[1].json["model"] == "gpt-one"

    def test_large_answer(self, client: Client, running: Running, world: World) -> None:
        """An answer larger than Envoy's buffers passes whole, asked for once, and is counted."""
        world.one.behaviour.dimensions = 1536
        inputs = [f"text {number}" for number in range(100)]
        answer = client.ask(path="/v1/embeddings", body={"input": inputs})
        assert answer.status == 200
        assert len(answer.body) > 3_000_000
        assert len(answer.json["data"]) == 100
        assert len(world.one.received) == 1
        entry = json.loads(running.log().splitlines()[-1])
        assert (entry["prompt_tokens"], entry["total_tokens"]) == (2, 2)


def test_access_log(client: Client, running: Running, world: World) -> None:
    """The log tells provider, model, tokens, cost and time to first token of every call, no secret."""
    client.chat("canary-prompt", headers={"x-arch-llm-provider-hint": "two"})
    client.chat(stream=True, model="gpt-one")
    client.chat(headers={"x-arch-llm-provider-hint": "nobody"})
    entries = [json.loads(line) for line in running.log().splitlines()]
    plain, streamed, refused = entries[-3:]
    assert (plain["provider"], plain["model"]) == ("two", "llama-two")
    assert (plain["alias"], streamed["alias"]) == (None, "gpt-one")
    assert (plain["cost"], streamed["cost"]) == (None, pytest.approx((7 * 2.5 + 3 * 10) / 1e6))
    assert (plain["error_code"], refused["error_code"]) == (None, "unknown_provider")
    assert (plain["attempts"], refused["attempts"]) == (1, 0)
    for entry in (plain, streamed):
        assert (entry["prompt_tokens"], entry["completion_tokens"]) == (7, 3)
        assert entry["status"] == 200
        assert entry["ttft_us"] is not None
    text = running.log()
    assert "canary-prompt" not in text
    assert not any(key in text for key in KEYS.values())
