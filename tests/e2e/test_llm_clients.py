"""The official SDK on the LLM listener: keys, usage, and all that is not chat.

What every client does is in test_clients.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

from tests.e2e.harness import Running, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import World


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with gateway(tmp_path_factory.mktemp("clients"), world.config(), {"KEY": "sk-one"}) as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(world: World) -> None:
    world.forget()


def test_openai_sdk(running: Running, world: World) -> None:
    """The official SDK gets answers, and its own key goes nowhere."""
    client = openai.OpenAI(base_url=running.url, api_key="the-clients-own")
    messages = [{"role": "user", "content": "hi"}]
    answer = client.chat.completions.create(model="gpt-one", messages=messages)
    assert answer.choices[0].message.content == "Hello from one"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 10
    assert world.one.received[0].headers["authorization"] == "Bearer sk-one"
    assert [model.id for model in client.models.list()] == ["one", "gpt-one"]
    assert client.models.retrieve("gpt-one").owned_by == "one"


def test_openai_sdk_beyond_chat(running: Running, world: World) -> None:
    """Its other calls reach the provider: responses and their events, sounds, images, files."""
    world.forget()
    client = openai.OpenAI(base_url=running.url, api_key="unused")
    response = client.responses.create(model="gpt-4o", input="hi")
    assert response.usage
    assert response.usage.output_tokens == 4
    events = client.responses.create(model="gpt-4o", input="hi", stream=True)
    assert [event.type for event in events][-1] == "response.completed"
    sound = ("a.wav", b"\0" * 100_000)
    heard = client.audio.transcriptions.create(model="whisper-1", file=sound)
    assert heard.text == "heard"
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="x").read() == b"\xff\xfb"
    client.images.generate(model="dall-e-3", prompt="x")
    client.images.edit(model="gpt-image-1", prompt="x", image=sound)
    client.moderations.create(input="x")
    client.files.create(file=sound, purpose="batch")
    client.files.delete("file-1")
    assert [each.path.removeprefix("/v1/") for each in world.one.received] == [
        "responses", "responses", "audio/transcriptions", "audio/speech", "images/generations",
        "images/edits", "moderations", "files", "files/file-1",
    ]  # fmt: skip
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hi"}])
    assert raised.value.code == "model_not_found"


def test_openai_sdk_stream_with_usage(running: Running) -> None:
    """Who asks for it has the usage at the end."""
    client = openai.OpenAI(base_url=running.url, api_key="the-clients-own")
    messages = [{"role": "user", "content": "hi"}]
    options = {"stream_options": {"include_usage": True}}
    chunks = list(
        client.chat.completions.create(model="gpt-4o", messages=messages, stream=True, **options)
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 10
