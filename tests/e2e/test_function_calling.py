"""Calls by an LLM of an OpenAI-compatible server: what it says is held to the rules of our own models.

The gateway, its model server and the models are real; the LLM is a fake that calls what a test tells it to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.archgw import Archgw
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.application import FakeApplication
from tests.fakes.provider import Behaviour, FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = """\
listeners: {ingress_traffic: {}, egress_traffic: {}}
function_calling: {backend: openai, base_url: "http://127.0.0.1:{caller}/v1", model: caller, access_key: $CALLER_KEY}
endpoints: {app: {endpoint: "{app}"}}
prompt_targets:
  - name: get_weather
    description: Get the current weather of a city.
    endpoint: {name: app, path: /weather}
    auto_llm_dispatch_on_response: false
    parameters: [{name: city, type: str, description: The name of the city, required: true}]
  - name: reboot_device
    description: Reboot a network device.
    endpoint: {name: app, path: /reboot, http_method: POST}
    auto_llm_dispatch_on_response: false
    parameters: [{name: device, type: str, description: The id of the device, required: true}]
"""


@dataclass(frozen=True)
class Scene:
    prompt: Client
    caller: FakeProvider
    app: FakeApplication

    def ask(self, text: str) -> str:
        answer = self.prompt.chat(text)
        assert answer.status == 200, answer.text
        return str(answer.json["choices"][0]["message"]["content"])

    def calls(self, **calls: Mapping[str, str]) -> None:
        self.caller.behaviour = Behaviour(calls=calls)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    archgw = Archgw(tmp_path_factory.mktemp("t"), {"CALLER_KEY": "sk-caller"})
    prompt = free_port()
    with (
        FakeProvider("one") as provider,
        FakeProvider("caller") as caller,
        FakeApplication() as app,
    ):
        archgw.config.write_text(
            config(
                CONFIG, one_local(f"127.0.0.1:{provider.port}"), port=free_port(), prompt_port=prompt,
                caller=caller.port, app=app.address,
            )
        )  # fmt: skip
        try:
            done = archgw.up()
            assert done.returncode == 0, done.stderr
            yield Scene(Client(prompt, timeout=40), caller, app)
        finally:
            archgw.run("down", "--timeout", "0")


@pytest.fixture
def scene(running: Scene) -> Scene:
    running.caller.forget()
    running.app.forget()
    return running


def test_the_llm_names_the_call(scene: Scene) -> None:
    """It is asked with the tools and its key, and what it says is called."""
    scene.calls(get_weather={"city": "Lisbon"})
    scene.ask("What is the weather in Lisbon?")
    (asked,) = scene.caller.received
    assert asked.headers["authorization"] == "Bearer sk-caller"
    assert [each["function"]["name"] for each in asked.json["tools"]] == [
        "get_weather",
        "reboot_device",
    ]
    assert [each.path for each in scene.app.received] == ["/weather?city=Lisbon"]


def test_what_nobody_said_changes_nothing(scene: Scene) -> None:
    """A device that the LLM made up is asked back before anything is rebooted."""
    scene.calls(reboot_device={"device": "core-router-7"})
    told = scene.ask("Please reboot device ap-17 now.")
    assert scene.app.received == []
    assert "?" in told


def test_a_call_of_nothing_that_was_described_is_none(scene: Scene) -> None:
    """Nonsense is dropped, and what our own models read stands."""
    scene.calls(delete_everything={"city": "Lisbon"})
    scene.ask("What is the weather in Porto?")
    assert all("/weather" in each.path for each in scene.app.received)


@pytest.mark.parametrize(
    "behaviour", [Behaviour(status=500), Behaviour(reset=True), Behaviour(delay=30)],
    ids=["down", "resets", "slow"],
)  # fmt: skip
def test_without_it_our_models_decide(scene: Scene, behaviour: Behaviour) -> None:
    """It is down, or so slow that nobody would wait: the prompt is answered all the same."""
    scene.caller.behaviour = behaviour
    scene.ask("What is the weather in Madrid?")
    assert scene.caller.received
    assert [each.path for each in scene.app.received] == ["/weather?city=Madrid"]
