"""`deploy/docker/compose.yaml`: read by podman-compose, and what is ours of it is brought up."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from demos.chat import Chat
from demos.run import Demo
from tests.e2e.archgw import until
from tests.e2e.demo_stages import with_free_ports
from tests.e2e.harness import free_port
from tests.images.asking import asked
from tests.images.containers import LIMITS, PODMAN, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.timeout(1800)]

FILE = ROOT / "deploy" / "docker" / "compose.yaml"
OURS = ("modelserver", "weather", "llm", "gateway")
TOKEN = {"MODEL_SERVER_TOKEN": secrets.token_hex(32)}


def compose(
    *arguments: str, files: tuple[Path, ...] = (FILE,), env: dict[str, str] = TOKEN
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("podman-compose"))]
    for file in files:
        command += ["--file", str(file)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*command, *arguments],
        env={**kept, **env}, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip


def test_it_is_read_and_what_it_starts_is_hardened() -> None:
    """Each service may do as little as it can; what is published is this machine's alone."""
    done = compose("config")
    assert done.returncode == 0, done.stderr
    services: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    assert {*OURS, "prometheus", "grafana"} == set(services)
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        version = service["image"].rpartition(":")[2]
        assert version[-1].isdigit(), "which version it is does not change by itself"


def test_without_a_token_it_says_how_to_make_one() -> None:
    """A model server that others reach starts with none, either."""
    done = compose("config", env={})
    assert done.returncode != 0
    assert "openssl rand -hex 32" in done.stderr


def test_what_it_mounts_exists() -> None:
    """A folder that is missing would be made, empty, by some that read this file."""
    services = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    mounts = {mount for each in services.values() for mount in each.get("volumes", ())}
    for mount in mounts:
        source = mount.partition(":/")[0].removeprefix("${ARCHGW_CONFIG:-").removesuffix("}")
        assert not source.startswith(".") or (FILE.parent / source).exists(), mount


@pytest.fixture
def port(images: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """Our part of it, on free ports of this machine: networks of containers are not everywhere."""
    (tmp_path / "config").mkdir(mode=0o755)
    ports = {name: free_port() for name in (*OURS, "prompts")}
    address = f"127.0.0.1:{ports['modelserver']}"
    text = with_free_ports(Demo("weather_agent"), address)
    text = text.replace("'{prompt_port}'", str(ports["prompts"]))
    text = text.replace("'{port}'", str(ports["gateway"]))
    (tmp_path / "config" / "arch_config.yaml").write_text(text)
    tmp_path.chmod(0o755)
    here = tmp_path / "here.yaml"
    host = {name: {"network_mode": "host"} for name in OURS}
    here.write_text(yaml.safe_dump({"services": host}))
    env = {
        **TOKEN,
        "ARCHGW_CONFIG": str(tmp_path / "config"),
        "ARCHGW_BIND": "127.0.0.1",
        "MODEL_SERVER_ADDRESS": address,
        "MODEL_SERVER_PORT": str(ports["modelserver"]),
        "WEATHER_PORT": str(ports["weather"]),
        "WEATHER_API": f"127.0.0.1:{ports['weather']}",
        "LLM_PORT": str(ports["llm"]),
        "LLM_ADDRESS": f"127.0.0.1:{ports['llm']}",
    }
    podman = (
        *("--project-name", f"archgw-test-{os.getpid()}", "--in-pod", "0"),
        *("--podman-args", " ".join(PODMAN[1:])),
        *("--podman-run-args", " ".join(LIMITS)),
    )
    files = (FILE, here)
    try:
        done = compose(*podman, "up", "--detach", *OURS, files=files, env=env)
        assert done.returncode == 0, done.stderr
        until(lambda: asked(ports["prompts"], "/readyz") == 200, 120)
        until(lambda: asked(ports["modelserver"], "/readyz") == 200, 120)
        yield ports["prompts"]
    finally:
        compose(*podman, "down", "--timeout", "5", files=files, env=env)


def test_what_is_ours_of_it_serves(port: int) -> None:
    """The demo's first question, from the gateway through models and API to the stand-in LLM."""
    answer = Chat("127.0.0.1", port).ask("What is the weather in Berlin for the next 3 days?")
    assert answer.status == 200
    assert answer.calls[0][0] == "get_weather_forecast"
    assert "Berlin" in answer.text
