"""`archgw explain` as a user runs it: with a gateway that runs, and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelserver import proof
from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.model_server import FakeModelServer, Script
from tests.fakes.provider import FakeProvider

TOKEN = "t0ken-of-a-model-server-for-tests"
CONFIG = """\
listeners: {ingress_traffic: {}, egress_traffic: {}}
model_server: {address: "{models}"}
endpoints:
  app: {endpoint: "127.0.0.1:9"}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {name: app, path: "/weather/{city}"}
    parameters: [{name: city, type: str, description: The city, required: true, in_path: true}]
"""


@pytest.fixture
def models() -> Iterator[FakeModelServer]:
    with FakeModelServer() as fake:
        fake.script = Script(calls={"rain": [("weather", {"city": "Bonn"}, [])]})
        yield fake


@pytest.fixture
def archgw(tmp_path: Path, models: FakeModelServer) -> Iterator[tuple[Archgw, int]]:
    port = free_port()
    with FakeProvider("one") as provider:
        made = Archgw(tmp_path)
        made.config.write_text(
            config(
                CONFIG, one_local(f"127.0.0.1:{provider.port}"), port=free_port(), prompt_port=port,
                models=models.address,
            )
        )  # fmt: skip
        yield made, port


def test_a_prompt_is_explained_without_a_gateway(archgw: tuple[Archgw, int]) -> None:
    """By the config alone; neither API nor LLM is there to be asked, and nobody misses them."""
    made, _ = archgw
    ran = made.run("explain", "rain in Bonn?", "-c", str(made.config))
    assert ran.returncode == 0, ran.stderr
    assert "GET app /weather/Bonn" in ran.stdout
    told = made.run("explain", "rain in Bonn?", "-c", str(made.config), "--json").stdout
    assert json.loads(told)["record"]["outcome"] == "forwarded"


def test_a_conversation_is_explained(archgw: tuple[Archgw, int], tmp_path: Path) -> None:
    """From a file, with the prompt as its next message."""
    made, _ = archgw
    said = tmp_path / "said.json"
    said.write_text('[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes?"}]')
    ran = made.run("explain", "rain?", "-c", str(made.config), "--messages", str(said), "--json")
    assert json.loads(ran.stdout)["record"]["messages"] == 3
    said.write_text("{")
    ran = made.run("explain", "-c", str(made.config), "--messages", str(said))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no JSON" in ran.stderr


@pytest.mark.parametrize("given", ["config", "gateway", "no one"])
def test_a_model_server_with_a_token_is_asked(
    archgw: tuple[Archgw, int], models: FakeModelServer, given: str
) -> None:
    """The config says the token, or the gateway that runs was given it; else nothing is decided."""
    made, _ = archgw
    models.proof = proof.Server(TOKEN.encode())
    if given == "gateway":
        made.env["MODEL_SERVER_TOKEN"] = TOKEN
        assert made.up().returncode == 0
        del made.env["MODEL_SERVER_TOKEN"]
    elif given == "config":
        written, address = made.config.read_text(), f"address: {models.address}\n"
        made.config.write_text(written.replace(address, f"{address}  token: $SHARED\n"))
        made.env["SHARED"] = TOKEN
    try:
        ran = made.run("explain", "rain in Bonn?", "-c", str(made.config), "--json")
    finally:
        made.run("down", "--timeout", "0")
    error = json.loads(ran.stdout).get("error")
    assert (error and error["code"]) == ("intent_unavailable" if given == "no one" else None)
    assert TOKEN not in ran.stdout + ran.stderr


def test_what_cannot_be_explained_is_told(archgw: tuple[Archgw, int], tmp_path: Path) -> None:
    """No prompt, no prompts in the config, no gateway to ask for a past one: each in a line."""
    made, _ = archgw
    assert "nothing to explain" in made.run("explain", "-c", str(made.config)).stderr
    llm = tmp_path / "llm.yaml"
    llm.write_text(
        "version: v0.1\nllm_providers: "
        "[{name: a, provider: local, endpoint: '127.0.0.1:1', model: m, default: true}]\n"
    )
    assert "takes no prompts" in made.run("explain", "hi", "-c", str(llm)).stderr
    assert made.run("explain", "--record", "r-1").returncode == 2


def test_a_past_request_is_explained_by_its_id(archgw: tuple[Archgw, int]) -> None:
    """Whichever process decided it, with what its LLM's call came to; and texts are not shown that
    were not kept.
    """
    made, port = archgw
    assert made.up().returncode == 0
    try:
        asked = Client(port).chat("rain in Bonn?", headers={"x-request-id": "r-77"})
        assert asked.status == 503, "nothing listens where the API should be"
        ran = made.run("explain", "--record", "r-77")
        assert ran.returncode == 0, ran.stderr
        assert "failed (503 tool_error)" in ran.stdout
        assert "13 characters, hash" in ran.stdout
        assert "Bonn" not in ran.stdout
        assert made.run("explain", "--record", "r-78").returncode == 1
        assert Client(port).chat("hello", headers={"x-request-id": "r-79"}).status == 200
        told = until(lambda: json.loads(_past(made, "r-79", "--json"))["record"]["llm"])
        assert told == {
            "provider": "one", "model": "m", "outcome": "answered", "status": 200, "attempts": 1,
            "input_tokens": 7, "cached_tokens": None, "output_tokens": 3, "cost": None,
        }  # fmt: skip
        assert "LLM        one, m; answered (200); 7 tokens in, 3 out" in _past(made, "r-79")
    finally:
        made.run("down", "--timeout", "0")


def _past(made: Archgw, request_id: str, *how: str) -> str:
    return made.run("explain", "--record", request_id, *how).stdout
