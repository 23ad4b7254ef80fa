"""What `archgw import` writes, on a real Envoy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from controlplane.compile import compile_file
from controlplane.emit import emit
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.home_paths import Home
from controlplane.importing import imported
from controlplane.supervise.plan import key_files
from tests.e2e.conftest import Client
from tests.e2e.harness import gateway
from tests.e2e.test_validate import assert_valid
from tests.fakes.provider import FakeProvider
from tests.imports import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

LITELLM = """
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/big, api_base: "http://{one}/v1", api_key: sk-of-one}}
  - model_name: cheap
    litellm_params: {{model: hosted_vllm/small, api_base: "http://{two}/v1", api_key: os.environ/TWO}}
router_settings:
  model_group_alias: {{gpt-4: gpt-4o}}
  fallbacks: [{{gpt-4o: [cheap]}}]
general_settings: {{master_key: sk-1234567890abcdef}}
"""
PORTKEY = """
{{"strategy": {{"mode": "fallback"}}, "targets": [
  {{"provider": "openai", "api_key": "sk-of-one", "custom_host": "http://{one}/v1"}},
  {{"provider": "ollama", "custom_host": "http://{two}/v1", "override_params": {{"model": "small"}}}}
]}}
"""
KEYS = {
    "OPENAI_API_KEY": "sk-of-one",
    "GPT_4O_API_KEY": "sk-of-one",
    "TWO": "k-two",
    "LITELLM_MASTER_KEY": "sk-1234567890abcdef",
}


@pytest.fixture
def fakes() -> Iterator[tuple[FakeProvider, FakeProvider]]:
    with FakeProvider("one") as one, FakeProvider("two") as two:
        yield one, two


def written(kind: str, text: str, fakes: tuple[FakeProvider, FakeProvider]) -> str:
    """The config that comes of it, at a port of the test's."""
    filled = text.format(one=fakes[0].address, two=fakes[1].address)
    config: dict[str, Any] = yaml.safe_load(imported(kind, filled, Path("c.yaml")).text or "")
    listener = config.setdefault("listeners", {}).setdefault("egress_traffic", {})
    listener |= {"address": "127.0.0.1", "port": "{port}"}
    config.setdefault("overrides", {})["stats_port"] = 0
    return yaml.safe_dump(config, sort_keys=False)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.parent.name)
def test_envoy_takes_it(case: Path, tmp_path: Path) -> None:
    """The bootstrap of each imported config passes `envoy --mode validate`."""
    file = case.parent / "arch_config.yaml"
    names = re.findall(r"\$(\w+)", file.read_text("utf-8"))
    base = "https://llm.example.com/v1"
    env = {name: base if name.endswith("BASE") else f"key-of-{name}" for name in names}
    result = compile_file(file, env)
    assert result.gateway is not None, result.problems
    home = Home(tmp_path, tmp_path)
    home.secrets.mkdir()
    resources = emit(result.gateway, home)
    for name, text in (*key_files(result.gateway, home).items(), *resources.secret_files):
        (home.secrets / name).write_text(text)
    bootstrap = tmp_path / "bootstrap.json"
    bootstrap.write_text(to_json(static_bootstrap(home, resources)))
    assert_valid(bootstrap)


def test_litellm(fakes: tuple[FakeProvider, FakeProvider], tmp_path: Path) -> None:
    """Clients of LiteLLM's are served as before: their key, its names, aliases and fallbacks."""
    one, two = fakes
    with gateway(tmp_path, written("litellm", LITELLM, fakes), KEYS) as running:
        stranger, client = Client(running.port), Client(running.port)
        client.headers["authorization"] = f"Bearer {KEYS['LITELLM_MASTER_KEY']}"
        assert stranger.chat(model="gpt-4o").status == 401
        assert client.chat(model="gpt-4").status == 200
        assert one.received[-1].json["model"] == "big"
        assert one.received[-1].headers["authorization"] == "Bearer sk-of-one"
        assert client.chat(model="nothing-of-the-kind").status == 404
        one.behaviour.status = 500
        assert client.chat(model="gpt-4o").status == 200
        assert two.received[-1].json["model"] == "small"
        assert two.received[-1].headers["authorization"] == "Bearer k-two"


def test_portkey(fakes: tuple[FakeProvider, FakeProvider], tmp_path: Path) -> None:
    """A Portkey config is for every model: the first target answers, then the one below it."""
    one, two = fakes
    with gateway(tmp_path, written("portkey", PORTKEY, fakes), KEYS) as running:
        client = Client(running.port)
        assert client.chat(model="whatever-they-ask").status == 200
        assert one.received[-1].json["model"] == "whatever-they-ask"
        one.behaviour.status = 503
        assert client.chat(model="whatever-they-ask").status == 200
        assert two.received[-1].json["model"] == "small"
