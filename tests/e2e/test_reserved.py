"""What is for some clients alone: no other is let to it, nor told that it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.configs import behind_tls, config
from tests.e2e.conftest import Answer, Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.application import FakeApplication
from tests.fakes.model_server import FakeModelServer, Script
from tests.fakes.provider import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
listeners:
  ingress_traffic:
    auth: {api_keys: [{directory: clients}]}
  egress_traffic:
    auth: {api_keys: [{directory: clients}]}
model_server: {address: "{models}"}
prompt_targets:
  - name: get_weather
    description: The weather of a city.
    endpoint: {name: app, path: /weather}
  - name: get_figures
    description: The figures of the company.
    endpoint: {name: app, path: /figures}
    clients: [web, batch]
  - name: close_month
    description: Close a month in the books.
    endpoint: {name: app, path: /close, http_method: POST}
    confirm: never
    clients: [batch]
endpoints: {app: "{app}"}
llm_providers:
  - {name: house, default: true, clients: [web, batch]}
  - {name: dear, clients: [web]}
  - name: open
    fallbacks: [dear]
    rate_limits:
      - {selector: {client: batch}, limit: {tokens: 100, unit: day}}
      - {selector: {key: x-team}, limit: {tokens: 1, unit: day}}
  - {name: for-web, model: gpt-shared, clients: [web]}
  - {name: for-batch, model: gpt-shared, clients: [batch]}
model_aliases: {clever: {target: gpt-dear}}
"""


@dataclass
class Stage:
    running: Running
    world: World
    models: FakeModelServer
    app: FakeApplication

    def asking(self, client: str) -> Client:
        return Client(self.running.port, headers={"x-api-key": _key(client)})

    def prompting(self, client: str) -> Client:
        return Client(self.running.prompt_port, headers={"x-api-key": _key(client)})

    def asked(self) -> list[str]:
        """Which providers were."""
        return [each.name for each in (self.world.one, self.world.two) for _ in each.received]


def _key(client: str) -> str:
    return f"key-of-{client}-0123456789"


@pytest.fixture(scope="module")
def staged(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("reserved")
    (folder / "clients").mkdir()
    for client in ("web", "batch", "guest"):
        (folder / "clients" / client).write_text(_key(client))
    with FakeModelServer() as models, FakeApplication() as app:
        asked = {"house": world.one, "dear": world.two, "open": world.one,
                 "for-web": world.two, "for-batch": world.one}  # fmt: skip
        usual = {name: behind_tls(name, at.address, world.ca_file) for name, at in asked.items()}
        text = config(CONFIG, usual, models=models.address, app=app.address)
        with gateway(folder, text, {"KEY": "sk"}) as running:
            yield Stage(running, world, models, app)


@pytest.fixture
def stage(staged: Stage) -> Stage:
    for each in (staged.world, staged.models, staged.app):
        each.forget()
    return staged


def _refusal(answer: Answer) -> str:
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (403, "provider_not_allowed"), answer.text
    assert error["type"] == "permission_error"
    message: str = error["message"]
    return message


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/responses"])
@pytest.mark.parametrize(
    "way", ["hint", "gpt-dear", "dear", "openai/gpt-dear", "clever"], ids=lambda way: way
)
def test_a_provider_of_others(stage: Stage, way: str, path: str) -> None:
    """However it is asked for, another client's provider is a 403 that no provider hears of."""
    headers = {"x_arch_llm_provider_hint": "dear"} if way == "hint" else {}
    body = {"input": "hi", "messages": [{"role": "user", "content": "hi"}]}
    if way != "hint":
        body["model"] = way
    answer = stage.asking("batch").ask(path=path, body=body, **headers)
    assert _refusal(answer) == (
        'the client "batch" may not use "dear": its `clients` in the gateway\'s config do not name '
        "it; ask for one of: house, open, for-batch or default"
    )
    assert stage.asked() == []
    assert stage.asking("web").ask(path=path, body=body, **headers).status == 200
    assert stage.asked() == ["two"]


def test_a_file_of_others(stage: Stage) -> None:
    """Calls without a body are refused likewise."""
    asking = stage.asking("batch")
    assert _refusal(asking.ask("GET", "/v1/files", x_arch_llm_provider_hint="dear"))
    assert stage.asked() == []


def test_a_default_of_others(stage: Stage) -> None:
    """Who may not use the default provider gets no other in its place."""
    assert _refusal(stage.asking("guest").chat()).endswith("ask for one of: open")
    assert stage.asking("guest").chat(model="gpt-open").status == 200


def test_a_client_cannot_say_who_it_is(stage: Stage) -> None:
    """The name comes from the key alone."""
    answer = stage.asking("guest").chat(model="dear", headers={"x-arch-client": "web"})
    assert _refusal(answer).startswith('the client "guest"')
    assert stage.asked() == []


@pytest.mark.parametrize(("client", "provider"), [("web", "two"), ("batch", "one")])
def test_each_its_own_provider_of_a_model(stage: Stage, client: str, provider: str) -> None:
    """Of the providers of one model each client gets those that are its own, never another's."""
    for _ in range(12):
        assert stage.asking(client).chat(model="gpt-shared").status == 200
    assert stage.asked() == [provider] * 12


@pytest.mark.parametrize(("client", "status"), [("web", 200), ("batch", 500), ("guest", 500)])
def test_a_fallback_of_others(stage: Stage, client: str, status: int) -> None:
    """A provider that anybody may use falls back to one for some only for these."""
    stage.world.one.behaviour = Behaviour(status=500)
    assert stage.asking(client).chat(model="open").status == status
    asked_two = [each for each in stage.asked() if each == "two"]
    assert bool(asked_two) == (status == 200)


EVERYTHING = ["house", "dear", "open", "for-web", "for-batch"]


@pytest.mark.parametrize(
    ("client", "listed"),
    [
        ("web", {"house", "dear", "open", "for-web", "gpt-house", "gpt-dear", "gpt-open",
                 "gpt-shared", "clever"}),
        ("batch", {"house", "open", "for-batch", "gpt-house", "gpt-open", "gpt-shared"}),
        ("guest", {"open", "gpt-open"}),
    ],
)  # fmt: skip
def test_list_of_models(stage: Stage, client: str, listed: set[str]) -> None:
    """Each client is told of the models that it may use, and of no other one by its name."""
    asking = stage.asking(client)
    told = asking.ask("GET", "/v1/models")
    assert {each["id"] for each in told.json["data"]} == listed
    for name in (*EVERYTHING, "gpt-dear", "gpt-shared", "clever"):
        answer = asking.ask("GET", f"/v1/models/{name}")
        assert answer.status == (200 if name in listed else 404), name
        if name not in listed:
            assert answer.json["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("client", "offered"),
    [
        ("web", ["get_weather", "get_figures"]),
        ("batch", ["get_weather", "get_figures", "close_month"]),
        ("guest", ["get_weather"]),
    ],
)
def test_targets_of_others_are_not_offered(stage: Stage, client: str, offered: list[str]) -> None:
    """The models choose among what a client may ask for, and know of nothing else."""
    answer = stage.prompting(client).chat("hello", model="gpt-open")
    assert answer.status == 200
    [(_, asked, _)] = stage.models.received
    assert [each["function"]["name"] for each in asked["tools"]] == offered


def test_a_target_of_its_own(stage: Stage) -> None:
    """Who may ask for it has it called."""
    stage.models.script = Script(calls={"month": [("close_month", {}, [])]})
    assert stage.prompting("batch").chat("close the month", model="gpt-open").status == 200
    assert [each.path for each in stage.app.received] == ["/close"]


def test_an_llm_of_others(stage: Stage) -> None:
    """A prompt that no LLM would answer for this client calls no API."""
    stage.models.script = Script(calls={"weather": [("get_weather", {}, [])]})
    answer = stage.prompting("guest").chat("the weather")
    assert _refusal(answer) == (
        'the client "guest" may not use "house": its `clients` in the gateway\'s config do not name '
        "it; ask for one of: open"
    )
    assert (stage.app.received, stage.asked()) == ([], [])
    assert stage.prompting("guest").chat("the weather", model="open").status == 200


@pytest.mark.parametrize("headers", [{"x-team": "blue"}, {}])
def test_no_library_repeats_what_was_done(stage: Stage, headers: dict[str, str]) -> None:
    """Once an API was called for a prompt a refusal by a limit says not to send it again."""
    stage.models.script = Script(calls={"month": [("close_month", {}, [])]})
    if not headers:
        spent = {"prompt_tokens": 90, "completion_tokens": 90, "total_tokens": 180}
        stage.world.one.behaviour = Behaviour(usage=spent)
        assert stage.prompting("batch").chat("hello", model="open").status == 200
    answer = stage.prompting("batch").chat("close the month", model="open", headers=headers)
    assert answer.status == 429
    assert answer.headers["x-should-retry"] == "false"
    assert int(answer.headers["retry-after"]) >= 1
    assert [each.path for each in stage.app.received] == ["/close"]


def test_nobody_is_told_anything_without_a_key(stage: Stage) -> None:
    """The list is behind the door, too."""
    assert Client(stage.running.port).ask("GET", "/v1/models").status == 401
