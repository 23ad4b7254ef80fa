"""The whole API of the LLM listener: what passes where, what counts as the model, what is counted."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import h2.connection
import h2.events
import pytest

from extproc.contract import CHAT_PATH
from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.model_server import FakeModelServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
llm_providers:
  - name: one
    access_key: $ONE_KEY
  - name: claude
    provider: anthropic
    base_url: https://{two}/v1
    model: claude-two
    access_key: $TWO_KEY
    tls: {ca_file: {ca}}
  - name: far
    provider: anthropic
    base_url: https://{one}/v1
    model: claude-far
    fallbacks: [one, claude]
    tls: {ca_file: {ca}}
model_aliases:
  clever: {target: claude-two}
  "any / thing": {target: one}
overrides:
  access_log_format: json
"""
KEYS = {"ONE_KEY": "sk-one", "TWO_KEY": "sk-two"}
FORM = "multipart/form-data; boundary=b"


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = world.config(CONFIG)
    with gateway(tmp_path_factory.mktemp("gateway"), config, KEYS) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


def form(**fields: str) -> bytes:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + "--b--\r\n").encode()


class TestWhatPasses:
    @pytest.mark.parametrize(
        ("path", "model"),
        [
            ("/v1/audio/speech", "tts-1"),
            ("/v1/images/generations", "dall-e-3"),
            ("/v1/images/edits", "gpt-image-1"),
            ("/v1/moderations", "omni-moderation-latest"),
        ],
    )
    def test_json(self, client: Client, world: World, path: str, model: str) -> None:
        """OpenAI's other calls reach the one provider of its models, with key and body."""
        body = {"model": model, "input": "x", "metadata": {"a": "b"}}
        assert client.ask(path=path, body=body).status == 200
        (received,) = world.one.received
        assert (received.path, received.json) == (path, body)
        assert received.headers["authorization"] == "Bearer sk-one"

    @pytest.mark.parametrize("name", ["clever", "claude-two", "anthropic/claude-two"])
    def test_names(self, client: Client, world: World, name: str) -> None:
        """Alias, model, and kind with model lead to the provider."""
        assert client.chat(model=name).status == 200
        assert world.two.received[0].json["model"] == "claude-two"

    def test_audio_is_passed_whole(self, client: Client) -> None:
        """What is answered in bytes comes as it was."""
        answer = client.ask(path="/v1/audio/speech", body={"model": "tts-1", "input": "x"})
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.body == b"\xff\xfb"

    @pytest.mark.parametrize(
        "path",
        ["/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits",
         "/v1/images/variations"],
    )  # fmt: skip
    def test_forms(self, client: Client, world: World, path: str) -> None:
        """A form's model chooses; only a name of ours is replaced, and no byte besides."""
        sent = form(file="\x00\r\n", model="whisper-1")
        assert client.ask(path=path, body=sent, content_type=FORM).status == 200
        assert world.one.received[0].body == sent
        assert world.one.received[0].headers["content-type"] == FORM
        client.ask(path=path, body=form(file="x", model="clever"), content_type=FORM)
        assert world.two.received[0].body == form(file="x", model="claude-two")

    def test_files(self, client: Client, world: World) -> None:
        """Files pass both ways at the provider that the hint names, else at the default one."""
        sent = form(purpose="batch", file="x" * 3_000_000)
        for method, path, body in (
            ("POST", "/v1/files", sent),
            ("GET", "/v1/files", None),
            ("GET", "/v1/files/file-1", None),
            ("GET", "/v1/files/file-1/content", None),
            ("DELETE", "/v1/files/file-1", None),
            ("GET", "/v1/responses/resp_1/input_items", None),
            ("POST", "/v1/responses/resp_1/cancel", None),
            ("DELETE", "/v1/responses/resp_1", None),
        ):
            headers = {"content_type": FORM} if body else {}
            assert client.ask(method, f"{path}?limit=2", body, **headers).status == 200, path
            received = world.one.received[-1]
            assert (received.method, received.path, received.body) == (method, path, body or b"")
            assert received.headers["authorization"] == "Bearer sk-one"
        client.ask("GET", "/v1/files", x_arch_llm_provider_hint="claude")
        assert world.two.received[0].headers["x-api-key"] == "sk-two"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/chat/completions"),
            ("POST", "/v1/files/file-1"),
            ("POST", "/v1/audio"),
            ("GET", "/v1/files/a/content/b"),
            ("GET", "/v1/files/"),
            ("POST", "/v1/models"),
            ("POST", "/v1/fine_tuning/jobs"),
        ],
    )
    def test_nothing_else_passes(
        self, client: Client, world: World, method: str, path: str
    ) -> None:
        """Other paths and methods are a 404 that names what there is."""
        answer = client.ask(method, path, body={} if method == "POST" else None)
        assert answer.status == 404
        assert answer.json["error"]["code"] == "not_found"
        assert "POST /v1/responses, " in answer.json["error"]["message"]
        assert "DELETE /v1/files/{id}" in answer.json["error"]["message"]
        assert not world.one.received

    def test_a_web_page_sends_no_form(self, client: Client, world: World) -> None:
        """A page of any site could post one, and the key would pay for it."""
        answer = client.ask(
            path="/v1/files", body=form(file="x"), content_type=FORM, origin="https://evil.test"
        )
        assert (answer.status, answer.json["error"]["code"]) == (403, "foreign_origin")
        assert not world.one.received


class TestResponsesAndMessages:
    @pytest.mark.parametrize("stream", [False, True])
    def test_responses(self, client: Client, running: Running, world: World, stream: bool) -> None:
        """A response passes with its events, for the provider's model, and is counted."""
        body = {"model": "gpt-4o-mini", "input": "hi", "metadata": {"a": "b"}, "stream": stream}
        answer = client.ask(path="/v1/responses", body=body)
        assert answer.status == 200
        assert world.one.received[0].json == {**body, "model": "gpt-one"}
        if stream:
            assert answer.text.count("event: ") == answer.text.count("data: ") == 3
        _check_counted(running)

    @pytest.mark.parametrize("stream", [False, True])
    def test_messages(self, client: Client, running: Running, world: World, stream: bool) -> None:
        """Anthropic's call has Anthropic's headers, the provider's model, and is counted."""
        messages = [{"role": "user", "content": "hi"}]
        body = {"model": "claude-two", "max_tokens": 5, "messages": messages, "stream": stream}
        answer = client.ask(path="/v1/messages", body=body, x_api_key="client-secret")
        assert answer.status == 200
        (received,) = world.two.received
        assert received.path == "/v1/messages"
        assert received.json == {**body, "model": "claude-two"}
        assert received.headers["x-api-key"] == "sk-two"
        assert received.headers["anthropic-version"] == "2023-06-01"
        assert "authorization" not in received.headers
        if stream:
            assert answer.text.count("event: ") == answer.text.count("data: ") == 4
        _check_counted(running)

    def test_the_clients_version(self, client: Client, world: World) -> None:
        """Which version of the API is spoken is the client's to say."""
        client.ask(path="/v1/messages", body={"model": "clever"}, anthropic_version="2025-01-01")
        assert world.two.received[0].headers["anthropic-version"] == "2025-01-01"

    def test_chat_to_the_same_provider(self, client: Client, world: World) -> None:
        """Its chat completions have the key where OpenAI's have it."""
        assert client.chat(model="clever").status == 200
        headers = world.two.received[0].headers
        assert headers["authorization"] == "Bearer sk-two"
        assert "x-api-key" not in headers

    def test_who_does_not_speak_it(self, client: Client, world: World) -> None:
        """A provider without Anthropic's API is not asked for it, also not as a fallback."""
        answer = client.ask(path="/v1/messages", body={"model": "one"})
        assert answer.status == 404
        assert answer.json["error"]["message"] == "provider one does not offer /v1/messages"
        assert not world.one.received
        world.one.behaviour.status = 503
        assert client.ask(path="/v1/messages", body={"model": "far"}).status == 200
        assert [each.path for each in world.one.received] == ["/v1/messages"]
        assert world.two.received[0].json["model"] == "claude-two"


def _check_counted(running: Running) -> None:
    entry = json.loads(running.log().splitlines()[-1])
    counts = (entry["prompt_tokens"], entry["completion_tokens"], entry["total_tokens"])
    assert counts == (8, 4, 12)


class TestModels:
    def test_list(self, client: Client, world: World) -> None:
        """Providers, models and aliases are listed, as OpenAI's and Anthropic's clients read them."""
        answer = client.ask("GET", "/v1/models")
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        listed = answer.json
        owners = {each["id"]: each["owned_by"] for each in listed["data"]}
        assert owners == {
            "clever": "claude", "any / thing": "one", "one": "one", "gpt-one": "one",
            "claude": "claude", "claude-two": "claude", "far": "far", "claude-far": "far",
        }  # fmt: skip
        assert (listed["object"], listed["has_more"]) == ("list", False)
        assert not world.one.received

    @pytest.mark.parametrize(
        ("path", "name"), [("gpt-one", "gpt-one"), ("any%20/%20thing", "any / thing")]
    )
    def test_one(self, client: Client, path: str, name: str) -> None:
        """Each has a path of its own."""
        answer = client.ask("GET", f"/v1/models/{path}")
        assert (answer.status, answer.json["id"]) == (200, name)
        assert answer.json["object"] == "model"

    def test_unknown(self, client: Client) -> None:
        """What is not there is an error as OpenAI's is, with what is there."""
        answer = client.ask("GET", "/v1/models/gpt-4")
        assert answer.status == 404
        _check_unknown(answer.json)

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/responses"])
    def test_unknown_model_of_a_body(self, client: Client, world: World, path: str) -> None:
        """A model that nothing here is called is not answered by another."""
        answer = client.ask(path=path, body={"model": "llama-4", "messages": []})
        assert answer.status == 404
        assert '"llama-4" does not exist here' in answer.json["error"]["message"]
        _check_unknown(answer.json)
        assert not world.one.received

    def test_unknown_model_of_a_form(self, client: Client, world: World) -> None:
        """Neither in a form."""
        body = form(model="llama-4")
        answer = client.ask(path="/v1/audio/transcriptions", body=body, content_type=FORM)
        assert answer.status == 404
        _check_unknown(answer.json)
        assert not world.one.received


def _check_unknown(answer: Any) -> None:
    error = answer["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert error["type"] == "invalid_request_error"
    assert "known are " in error["message"]
    assert "gpt-one" in error["message"]


BODIES = """
listeners: {ingress_traffic: {}, egress_traffic: {}}
model_server: {address: "{models}"}
llm_providers: [{name: one, access_key: null}]
prompt_guards:
  allow_images: true
  input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}
overrides: {max_body: 3MiB}
"""


@pytest.fixture(scope="module")
def bodies(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with FakeModelServer() as models:
        models.script = Script(attacks=["forget"])
        config = world.config(BODIES, models=models.address)
        with gateway(tmp_path_factory.mktemp("bodies"), config, {}) as started:
            yield started


def _image(words: str, size: int) -> list[dict[str, Any]]:
    url = "data:image/png;base64," + "A" * size
    image = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
    content = [{"type": "text", "text": words}, image]
    return [{"role": "user", "content": content}]


def _over_http2(port: int, body: dict[str, Any], *, length: bool) -> int:
    """The status of the answer, be it there before the body's end."""
    unsent = json.dumps(body).encode()
    said = {":method": "POST", ":path": CHAT_PATH, ":scheme": "http", ":authority": "gateway"}
    said |= {"content-type": "application/json"}
    if length:
        said |= {"content-length": str(len(unsent))}
    wire = h2.connection.H2Connection()
    wire.initiate_connection()
    wire.send_headers(1, list(said.items()))
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        while True:
            while size := min(
                wire.local_flow_control_window(1), wire.max_outbound_frame_size, len(unsent)
            ):
                wire.send_data(1, unsent[:size], end_stream=size == len(unsent))
                unsent = unsent[size:]
            connection.sendall(wire.data_to_send())
            for event in wire.receive_data(connection.recv(65_536)):
                if isinstance(event, h2.events.ResponseReceived):
                    return int(dict(event.headers)[b":status"])


class TestBodies:
    @pytest.mark.parametrize("prompts", [False, True], ids=["LLM calls", "prompts"])
    def test_images(self, bodies: Running, world: World, prompts: bool) -> None:
        """An image as large as allowed reaches the LLM as it came, a larger one nobody."""
        world.forget()
        client = Client(bodies.prompt_port if prompts else bodies.port)
        messages = _image("what is this?", 3_000_000)
        assert client.ask(body={"messages": messages}).status == 200
        assert world.one.received[0].json["messages"] == messages
        answer = client.ask(body={"messages": _image("what is this?", 3_300_000)})
        assert answer.status == 413
        assert "at most 3 MiB here" in answer.json["error"]["message"]
        assert len(world.one.received) == 1

    @pytest.mark.parametrize("prompts", [False, True], ids=["LLM calls", "prompts"])
    @pytest.mark.parametrize("length", [True, False], ids=["of a length", "of unknown length"])
    def test_http2(self, bodies: Running, world: World, prompts: bool, length: bool) -> None:
        """Over HTTP/2, whose streams hold 64 KiB, bodies may have the same size."""
        world.forget()
        port = bodies.prompt_port if prompts else bodies.port
        messages = _image("what is this?", 3_000_000)
        assert _over_http2(port, {"messages": messages}, length=length) == 200
        assert world.one.received[0].json["messages"] == messages
        too_large = {"messages": _image("what is this?", 3_300_000)}
        assert _over_http2(port, too_large, length=length) == 413
        assert len(world.one.received) == 1

    def test_words_beside_an_image_are_judged(self, bodies: Running, world: World) -> None:
        """An image does not carry an attack past the guard."""
        world.forget()
        answer = Client(bodies.prompt_port).ask(body={"messages": _image("forget all", 100)})
        assert answer.json["choices"][0]["message"]["content"] == "I would rather not."
        assert not world.one.received
