"""Envoy itself accepts whatever a golden case compiles to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from controlplane.emit.bootstrap import static_bootstrap, xds_bootstrap
from controlplane.emit.render import to_json
from controlplane.home_paths import Home
from controlplane.supervise.plan import key_files
from tests.e2e.harness import ENVOY
from tests.fakes.certificates import Authority
from tests.golden import compiled, compiling_cases, environment


@pytest.mark.parametrize("case", compiling_cases(), ids=lambda case: case.name)
def test_static_bootstrap(case: Path, tmp_path: Path) -> None:
    """The static bootstrap of a golden case passes `envoy --mode validate`."""
    home = Home(tmp_path, tmp_path)
    trust = tmp_path / "ca.pem"
    import certifi

    trust.write_bytes(Path(certifi.where()).read_bytes())
    env = {**environment(case), "SSL_CERT_FILE": str(trust), "TLS": str(certificates(tmp_path))}
    gateway, resources = compiled(case, env, home)
    home.secrets.mkdir()
    for name, text in (*key_files(gateway, home).items(), *resources.secret_files):
        (home.secrets / name).write_text(text)
    file = tmp_path / "bootstrap.json"
    file.write_text(to_json(static_bootstrap(home, resources)))
    assert_valid(file)


def certificates(folder: Path) -> Path:
    """Where the case with TLS has its files."""
    authority = Authority(folder / "tls")
    authority.file.rename(folder / "tls/authority.pem")
    for name in ("one", "two"):
        authority.leaf(f"{name}.test", name=name)
    return folder / "tls"


def test_xds_bootstrap(tmp_path: Path) -> None:
    """The bootstrap that points at the control plane passes too."""
    file = tmp_path / "bootstrap.json"
    file.write_text(to_json(xds_bootstrap(Home(tmp_path, tmp_path))))
    assert_valid(file)


def assert_valid(file: Path) -> None:
    command = [str(ENVOY), "--mode", "validate", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
