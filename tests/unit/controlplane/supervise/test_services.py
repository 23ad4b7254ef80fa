"""Which processes a config and `--service` come to, and what each is told."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest
import yaml

from controlplane.compile import compile_file
from controlplane.emit import emit
from controlplane.home_paths import Home
from controlplane.problem import Severity
from controlplane.supervise import reach, starting
from controlplane.supervise.parts import Parts, Request
from controlplane.supervise.plan import Refused, Sound, make_plan, read, wanted_ports
from controlplane.supervise.services import Needs, Service, children, model_server_port

if TYPE_CHECKING:
    from controlplane import ir

LLM = """\
listeners: {egress_traffic: {port: 12000}}
llm_providers:
  - {name: one, provider: openai, model: m, access_key: $KEY, default: true}
"""
PROMPTS = """\
endpoints:
  app: {endpoint: "127.0.0.1:9"}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {name: app, path: /weather}
    parameters: [{name: city, type: str, description: The city, required: true}]
"""


SHARED = "rate_limits: {mode: global, %s}\n"


def lowered(folder: Path, text: str) -> ir.Gateway:
    file = folder / "arch.yaml"
    file.write_text(text)
    gateway = compile_file(file, {"KEY": "sk-1"}).gateway
    assert gateway is not None
    return gateway


def needs(folder: Path, text: str, service: str = "all") -> Needs:
    home = Home(folder, folder / "logs")
    home.run.mkdir(exist_ok=True)
    gateway = lowered(folder, text) if text else None
    envoy = None if service == Service.MODEL_SERVER else Path("/bin/envoy")
    return Needs(Service(service), gateway, home, envoy)


@pytest.mark.parametrize(
    ("text", "service", "names"),
    [
        (LLM, "all", ["envoy"]),
        (LLM, "gateway", ["envoy"]),
        (LLM + SHARED % "redis: redis://127.0.0.1", "gateway", ["limits", "envoy"]),
        (LLM + SHARED % "service: limits.corp:8081", "gateway", ["envoy"]),
        (LLM + SHARED % "redis: redis://127.0.0.1", "model_server", ["modelserver"]),
        (LLM + PROMPTS, "all", ["modelserver", "extproc-0", "extproc-1", "envoy"]),
        (LLM + PROMPTS, "gateway", ["extproc-0", "extproc-1", "envoy"]),
        (LLM + PROMPTS, "model_server", ["modelserver"]),
        ("", "model_server", ["modelserver"]),
        (
            LLM + PROMPTS + 'model_server: {address: "10.0.0.1:51000"}\n',
            "all",
            ["extproc-0", "extproc-1", "envoy"],
        ),
    ],
)
def test_processes(tmp_path: Path, text: str, service: str, names: list[str]) -> None:
    """Envoy comes last, when whom it asks is there."""
    assert [spec.name for spec in children(needs(tmp_path, text, service))] == names


def test_the_console_is_a_child_where_it_is_wanted(tmp_path: Path) -> None:
    """Beside Envoy, after it; never with a model server alone. No token is on its command line."""
    wanted = replace(needs(tmp_path, LLM), console=True)
    *_, console = children(wanted)
    assert console.name == "console"
    assert not console.essential
    alone = replace(needs(tmp_path, "", "model_server"), console=True)
    assert [spec.name for spec in children(alone)] == ["modelserver"]


def test_shared_limits_are_asked_without_a_password_in_sight(tmp_path: Path) -> None:
    """It is named by its file; where Redis is, `archgw status` tries as well."""
    place = "redis: 'rediss://gateway@redis.corp:6380/2', password: $KEY, tls: {ca_file: /ca.pem}"
    wanted = needs(tmp_path, LLM + SHARED % place)
    limits, _ = children(wanted)
    line = " ".join(limits.argv)
    assert f"--password-file {tmp_path}/secrets/key-redis.key" in line
    assert "--redis rediss://gateway@redis.corp:6380/2 --ca-file /ca.pem" in line
    assert "sk-1" not in line
    assert wanted.gateway is not None
    tried = reach.hosts(wanted.gateway)[-1]
    assert (tried.place, tried.ca_file) == ("redis.corp:6380", "/ca.pem")


def test_only_envoy_is_essential(tmp_path: Path) -> None:
    """A Python process that cannot live does not stop LLM calls."""
    specs = children(needs(tmp_path, LLM + PROMPTS))
    assert [spec.name for spec in specs if spec.essential] == ["envoy"]
    assert all(spec.probe for spec in specs)


def test_envoy_is_started_as_a_public_edge_must_be(tmp_path: Path) -> None:
    """No hot restart, a drain as long as the longest stream, logs that survive a kill."""
    (spec,) = children(needs(tmp_path, LLM))
    line = " ".join(spec.argv)
    for flag in (
        "--disable-hot-restart",
        "--drain-time-s 900",
        "--file-flush-interval-msec 1000",
        "--concurrency ",
    ):
        assert flag in line
    assert spec.environment == ()


def test_same_config_makes_the_same_children(tmp_path: Path) -> None:
    """Reading a config anew restarts nothing."""
    text = LLM + PROMPTS
    assert children(needs(tmp_path, text)) == children(needs(tmp_path, text))


def test_model_server_is_told_its_settings_without_a_key(tmp_path: Path) -> None:
    """Other settings make another child of it; a key is named by its file."""
    more = (
        "model_server: {guard_model: /models/guard}\n"
        "function_calling: {backend: openai, base_url: http://127.0.0.1:8/v1, model: f,"
        " access_key: $KEY}\n"
    )
    plain = children(needs(tmp_path, LLM + PROMPTS))[0]
    special = children(needs(tmp_path, LLM + PROMPTS + more))[0]
    assert plain != special
    file = Path(special.argv[special.argv.index("--config") + 1])
    settings = yaml.safe_load(file.read_text())
    assert settings["guard"] == {"directory": "/models/guard"}
    key_file = settings["function_calling"]["access_key_file"]
    assert key_file == str(tmp_path / "secrets" / "key-function-calling.key")
    assert "sk-1" not in file.read_text()


def test_settings_are_what_the_model_server_reads(tmp_path: Path) -> None:
    """The model server itself takes the file."""
    from modelserver.settings import load_settings

    more = "function_calling: {backend: openai, base_url: http://127.0.0.1:8/v1, model: f}\n"
    spec = children(needs(tmp_path, LLM + PROMPTS + more))[0]
    settings = load_settings(Path(spec.argv[spec.argv.index("--config") + 1]))
    assert settings.remote is not None
    assert settings.remote.model == "f"


def test_ports_that_must_be_free(tmp_path: Path) -> None:
    """Each listener, the statistics, and the model server if it is ours and was given a port."""
    text = LLM + PROMPTS + 'model_server: {address: "127.0.0.1:51001", embedded: true}\n'
    gateway = lowered(tmp_path, text)
    ports = {port.name: port.number for port in wanted_ports(gateway)}
    assert ports == {"llm listener": 12000, "prompt listener": 10000, "stats": 19901}
    port = model_server_port(Service.ALL, gateway)
    assert port is not None
    assert port.number == 51001
    assert model_server_port(Service.GATEWAY, gateway) is None


def test_the_model_server_is_on_a_socket_of_the_home(tmp_path: Path) -> None:
    """A port is anybody's to take while the server is away, and whoever has it is the guard."""
    asked = needs(tmp_path, LLM + PROMPTS)
    spec = children(asked)[0]
    assert spec.argv[-2:] == ("--uds", str(asked.home.model_server_socket))
    assert model_server_port(Service.ALL, asked.gateway) is None
    assert asked.gateway is not None
    runtime = emit(asked.gateway, asked.home).runtime
    assert runtime is not None
    assert json.loads(runtime.text)["model_server"] == f"unix:{asked.home.model_server_socket}"


async def test_apart_they_meet_at_a_port(tmp_path: Path) -> None:
    """A gateway and a model server of two homes find each other as in v0.1."""
    file = tmp_path / "arch.yaml"
    file.write_text(LLM + PROMPTS)
    home = Home(tmp_path, tmp_path / "logs")
    for service in (Service.GATEWAY, Service.MODEL_SERVER):
        parts = Parts(Request(file, home, service, {"KEY": "sk-1"}), print)
        sound = await parts.read_config()
        assert isinstance(sound, Sound)
        assert sound.gateway.prompts is not None
        assert sound.gateway.prompts.model_server.address == "127.0.0.1:51000"


async def test_without_what_models_run_on_the_start_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pip install archgw` serves LLM calls; a config with prompts needs more, and learns it at once."""
    monkeypatch.setattr(starting, "find_spec", lambda name: None)
    file = tmp_path / "arch.yaml"
    file.write_text(LLM + PROMPTS)
    home = Home(tmp_path, tmp_path / "logs")
    parts = Parts(Request(file, home, Service.ALL, {"KEY": "sk-1"}), print)
    verdict, started = await starting.start(parts)
    assert started is None
    assert "pip install 'archgw[models]'" in verdict.summary


# ---- the plan


def _plan(folder: Path, text: str, env: dict[str, str]) -> object:
    file = folder / "arch.yaml"
    file.write_text(text)
    sound = read(file, env)
    return sound if isinstance(sound, Refused) else make_plan(sound, Home(folder, folder / "l"))


def test_plan_shows_no_key(tmp_path: Path) -> None:
    """Printed by accident, in a log say, a plan does not give a key away."""
    plan = _plan(tmp_path, LLM, {"KEY": "sk-canary-12345"})
    assert "sk-canary" not in repr(plan)
    keys = {text for name, text in plan.secret_files.items() if name.endswith(".key")}
    assert keys == {"sk-canary-12345"}
    assert not any("sk-canary" in text for name, text in plan.secret_files.items() if "sds" in name)


def test_plan_finds_the_place_of_what_envoy_names(tmp_path: Path) -> None:
    """By a cluster's name, a listener's or a file's; the longest match counts."""
    more = (
        "  - {name: one-more, provider: openai, model: x, access_key: $KEY,"
        " tls: {ca_file: own.pem}}\n"
    )
    more += "  - {name: one, provider: openai, model: other, access_key: $KEY}\n"
    shutil.copy(certifi.where(), tmp_path / "own.pem")
    plan = _plan(tmp_path, LLM + more, {"KEY": "k"})
    file = tmp_path / "arch.yaml"
    assert plan.locate("cluster llm-one-2: no") == f"{file}:5:5"
    assert plan.locate("cluster llm-one: no") == f"{file}:3:5"
    assert plan.locate("cluster llm-one-more: no") == f"{file}:4:5"
    assert plan.locate("cannot load own.pem") == f"{file}:4:5"
    assert plan.locate("listener llm: cannot bind") == f"{file}:1:29"
    assert plan.locate("out of memory") is None


def test_plan_finds_the_place_of_keys_for_tokens(tmp_path: Path) -> None:
    """Their cluster is where the listener says that it takes tokens."""
    config = """\
listeners:
  egress_traffic:
    auth:
      jwt: {issuer: i, audience: a, jwks_url: "https://i.test/keys", tls: {ca_file: own.pem}}
llm_providers: [{name: one, provider: openai, model: m, access_key: $KEY}]
"""
    shutil.copy(certifi.where(), tmp_path / "own.pem")
    plan = _plan(tmp_path, config, {"KEY": "k"})
    for reason in ("cluster jwks-llm: no", "cannot load own.pem"):
        assert plan.locate(reason) == f"{tmp_path / 'arch.yaml'}:4:12"


def test_missing_key_refuses_the_plan(tmp_path: Path) -> None:
    """For a start a missing variable is an error, with its place."""
    refused = _plan(tmp_path, LLM, {})
    assert isinstance(refused, Refused)
    (problem,) = refused.problems
    assert problem.problem.severity is Severity.ERROR
    assert (problem.position.line, problem.file) == (3, str(tmp_path / "arch.yaml"))
    assert "KEY" in problem.problem.message
