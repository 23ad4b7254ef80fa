"""`archgw compile --prepare`: a gateway from one file, without a control plane."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.archgw import Archgw
from tests.e2e.conftest import Client, World
from tests.e2e.harness import ENVOY, free_port, wait_until_open


def test_static_bootstrap_runs_by_itself(world: World, tmp_path: Path) -> None:
    """What the two README commands make serves, with the key from its 0600 file."""
    world.forget()
    port = free_port()
    archgw = Archgw(tmp_path, {"KEY": "sk-static"})
    archgw.config.write_text(world.config(port=port))
    out = tmp_path / "envoy.json"
    done = archgw.run("compile", str(archgw.config), "--prepare", "-o", str(out))
    assert done.returncode == 0, done.stderr
    keys = [file for file in archgw.home.secrets.iterdir() if file.suffix == ".key"]
    assert [oct(file.stat().st_mode & 0o777) for file in keys] == ["0o600"]
    assert "sk-static" not in out.read_text()
    with (tmp_path / "envoy.log").open("wb") as log:
        command = [str(ENVOY), "-c", str(out), "--disable-hot-restart", "-l", "warning"]
        envoy = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until_open(port, envoy)
        assert Client(port).chat().status == 200
    finally:
        envoy.terminate()
        envoy.wait(10)
    assert world.one.received[-1].headers["authorization"] == "Bearer sk-static"


def test_prepare_needs_the_keys(tmp_path: Path) -> None:
    """Without its keys a bootstrap could not run, so nothing is written."""
    archgw = Archgw(tmp_path)
    archgw.config.write_text(
        "version: v0.1\nllm_providers:\n"
        "  - {name: one, provider: openai, model: m, access_key: $KEY, default: true}\n"
    )
    done = archgw.run("compile", str(archgw.config), "--prepare", "-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "KEY is not set" in done.stderr
    assert not archgw.home.folder.exists()
    assert not (tmp_path / "out").exists()
