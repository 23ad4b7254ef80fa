"""Who may call: credentials that open both listeners, and all that opens neither."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
    cors: "https://page.test"
    auth: {api_keys: [{name: shop, key: $SHOP_KEY}]}
  egress_traffic:
    cors: "https://page.test"
    auth:
      api_keys:
        - {name: web, key: $WEB_KEY}
        - {name: batch, key_file: keys/batch}
        - {directory: clients}
model_server: {address: "{models}"}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}}
overrides: {access_log_format: json}
"""
KEYS = {
    "KEY": "sk-of-the-provider",
    "WEB_KEY": "web-canary-0123456789",
    "SHOP_KEY": "shop-canary-0123456789",
}
BATCH, OLD_BATCH, TEAM = "batch-canary-0123456789", "batch-canary-of-last-year", "team-canary-01234"


@dataclass
class Stage:
    running: Running
    models: FakeModelServer
    world: World

    @property
    def llm(self) -> Client:
        return Client(self.running.port)

    @property
    def prompts(self) -> Client:
        return Client(self.running.prompt_port)

    def nobody_was_asked(self) -> bool:
        return not self.world.one.received and not self.models.received

    def requests_of_extproc(self) -> list[str]:
        lines = (line for each in self.running.extprocs for line in each.metrics().splitlines())
        return [line for line in lines if line.startswith("archgw_extproc_requests")]

    def last_logged(self, name: str = "access_llm.log") -> dict[str, object]:
        found: dict[str, object] = json.loads(self.running.log(name).splitlines()[-1])
        return found


@pytest.fixture(scope="module")
def staged(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("doors")
    for name in ("keys", "clients"):
        (folder / name).mkdir()
    (folder / "keys" / "batch").write_text(f"{BATCH}\n{OLD_BATCH}\n")
    (folder / "clients" / "team-a").write_text(TEAM)
    with FakeModelServer() as models:
        config = world.config(CONFIG, models=models.address)
        with gateway(folder, config, KEYS) as running:
            yield Stage(running, models, world)


@pytest.fixture
def stage(staged: Stage) -> Stage:
    staged.world.forget()
    staged.models.forget()
    return staged


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        (bearer(KEYS["WEB_KEY"]), "web"),
        ({"x-api-key": KEYS["WEB_KEY"]}, "web"),
        ({"authorization": f"bearer {KEYS['WEB_KEY']}"}, "web"),
        ({"authorization": f"BEARER {BATCH}"}, "batch"),
        (bearer(BATCH), "batch"),
        (bearer(OLD_BATCH), "batch"),
        (bearer(TEAM), "team-a"),
        ({"x-api-key": KEYS["WEB_KEY"], **bearer("unused")}, "web"),
        ({**bearer(BATCH), "x-arch-client": "web"}, "batch"),
    ],
)
def test_known_client(stage: Stage, headers: dict[str, str], client: str) -> None:
    """A key opens the door, wherever it comes; the log has the name of its client, and no other."""
    assert stage.llm.chat(headers=headers).status == 200
    assert stage.last_logged()["client_name"] == client
    seen = stage.world.one.received[0]
    assert seen.headers["authorization"] == f"Bearer {KEYS['KEY']}"
    assert not {"x-api-key", "x-arch-client"} & {name.lower() for name in seen.headers}


NOT_KNOWN = [
    {},
    bearer("web-canary-0123456780"),
    bearer(""),
    {"authorization": "bearer web-canary-0123456780"},
    {"authorization": "bearer "},
    {"authorization": "Basic d2ViOndlYg=="},
    {"x-api-key": "unused", **bearer(KEYS["WEB_KEY"])},
    {"x-arch-client": "web"},
    {"cookie": f"x-api-key={KEYS['WEB_KEY']}"},
]


def refused(answer: Answer) -> bool:
    """As OpenAI's API says it, which SDKs make their own error of."""
    error = answer.json["error"]
    wanted = answer.headers["www-authenticate"]
    return (answer.status, error["code"], wanted) == (401, "invalid_api_key", "Bearer")


@pytest.mark.parametrize("headers", NOT_KNOWN)
def test_unknown_client(stage: Stage, headers: dict[str, str]) -> None:
    """Without a key of the listener nobody is asked anything: no provider, no extproc, no model."""
    before = stage.requests_of_extproc()
    assert refused(stage.llm.chat(headers=headers))
    assert refused(stage.prompts.chat(headers=headers))
    assert refused(stage.prompts.chat(headers=bearer(TEAM)))
    assert stage.nobody_was_asked()
    assert stage.requests_of_extproc() == before


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions?x-api-key=web-canary-0123456789", "/nowhere"]
)
def test_nothing_is_told_before_the_door(stage: Stage, path: str) -> None:
    """A key in a query is none, and what there is behind the door is not for everybody."""
    assert refused(stage.llm.ask(path=path, body={"messages": []}))


def test_prompts_of_a_known_client(stage: Stage) -> None:
    """The prompt listener has clients of its own, and their keys go nowhere else."""
    answer = stage.prompts.chat(headers={"x-api-key": KEYS["SHOP_KEY"]})
    assert answer.status == 200
    assert stage.last_logged("access_ingress.log")["client_name"] == "shop"
    sent = str(stage.models.received) + str(stage.world.one.received[0].headers)
    assert KEYS["SHOP_KEY"] not in sent


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_key(stage: Stage, path: str) -> None:
    """What asks whether the gateway is well has no key."""
    for client in (stage.llm, stage.prompts):
        assert client.ask("GET", path).status == 200
        for origin in ("https://page.test", "https://evil.test"):
            assert client.ask("GET", path, origin=origin).status == 200


def test_keys_are_in_no_config_and_no_log(stage: Stage) -> None:
    """Keys of clients are in files that only this user can read, and nowhere else."""
    for key in (*KEYS.values(), BATCH, TEAM):
        stage.llm.chat(headers=bearer(key))
    stage.running.log()
    home = stage.running.home
    files = [file for folder in (home.folder, home.logs) for file in folder.rglob("*")]
    texts = {file: file.read_text("utf-8", "replace") for file in files if file.is_file()}
    keys = (*KEYS.values(), BATCH, TEAM)
    found = {file.parent for file, text in texts.items() if any(key in text for key in keys)}
    assert found == {home.secrets}
