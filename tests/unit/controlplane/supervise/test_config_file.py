"""The config's file, and the keys beside it: when they count as changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from controlplane.supervise.config_file import ConfigFile
from controlplane.supervise.plan import Refused, Sound

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
listeners: {egress_traffic: {auth: {api_keys: [{directory: keys}]}}}
llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]
"""


def provider_key(found: Sound | Refused | None) -> str | None:
    assert isinstance(found, Sound)
    (secret,) = found.gateway.secrets
    return secret.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "arch_config.yaml"
    path.write_text(CONFIG)
    first = tmp_path / "keys" / "..1"
    first.mkdir(parents=True)
    (first / "web").write_text("a-first-key-of-the-web")
    (tmp_path / "keys" / "..data").symlink_to("..1")
    (tmp_path / "keys" / "web").symlink_to("..data/web")
    return path


def keys(found: Sound | Refused | None) -> list[tuple[str, str | None]]:
    assert isinstance(found, Sound)
    auth = found.gateway.listeners[0].auth
    assert auth is not None
    return [(key.name, key.value) for key in auth.keys]


async def test_a_swapped_folder_is_a_change(file: Path) -> None:
    """Kubernetes swaps one link to renew a mounted secret."""
    config = ConfigFile(file, {"K": "sk"})
    assert keys(await config.read()) == [("web", "a-first-key-of-the-web")]
    waiting = asyncio.create_task(config.changed())
    await asyncio.sleep(0.7)
    assert not waiting.done()
    folder = file.parent / "keys"
    (folder / "..2").mkdir()
    (folder / "..2" / "web").write_text("another-key-of-the-web")
    (folder / "..new").symlink_to("..2")
    (folder / "..new").replace(folder / "..data")
    await asyncio.wait_for(waiting, 5)
    assert keys(await config.read()) == [("web", "another-key-of-the-web")]


async def test_a_folder_of_variables_is_read_and_watched(file: Path) -> None:
    """A mounted secret has a file for each variable; the environment counts before it."""
    folder = file.parent / "variables"
    folder.mkdir()
    (folder / "K").write_text("sk-of-the-folder\n")
    (folder / "OTHER").write_text("sk-of-the-folder")
    (folder / "tls.crt").write_text("no variable")
    (file.parent / ".env").write_text("K=sk-of-dot-env\n")
    config = ConfigFile(file, {"ARCHGW_VARIABLES": str(folder)})
    assert provider_key(await config.read()) == "sk-of-the-folder"
    (folder / "K").write_text("sk-of-another-day")
    await asyncio.wait_for(config.changed(), 5)
    assert provider_key(await config.read()) == "sk-of-another-day"
    environment = {"ARCHGW_VARIABLES": str(folder), "K": "sk-of-the-environment"}
    assert provider_key(await ConfigFile(file, environment).read()) == "sk-of-the-environment"
    absent = ConfigFile(file, {"ARCHGW_VARIABLES": str(folder / "absent")})
    assert provider_key(await absent.read()) == "sk-of-dot-env"


async def test_a_further_file_is_a_change(file: Path) -> None:
    """A client gains a file in the folder, and another one's is written in place."""
    config = ConfigFile(file, {"K": "sk"})
    await config.read()
    (file.parent / "keys" / "batch").write_text("the-first-key-of-batch")
    await asyncio.wait_for(config.changed(), 5)
    assert len(keys(await config.read())) == 2
    (file.parent / "keys" / "batch").write_text("the-other-key-of-batch!")
    await asyncio.wait_for(config.changed(), 5)
    assert ("batch", "the-other-key-of-batch!") in keys(await config.read())


async def test_missing_keys_are_waited_for(file: Path) -> None:
    """A config that was refused for keys that are not there is read again when they come."""
    (file.parent / "keys").rename(file.parent / "away")
    config = ConfigFile(file, {"K": "sk"})
    assert isinstance(await config.read(), Refused)
    (file.parent / "away").rename(file.parent / "keys")
    await asyncio.wait_for(config.changed(), 5)
    assert keys(await config.read()) == [("web", "a-first-key-of-the-web")]


def test_a_look_changes_nothing_and_shows_no_key(file: Path) -> None:
    """Each problem with its place, by the variables of the gateway; what looks like a key is stars."""
    written = CONFIG.replace("$K", "sk-0123456789abcdef").replace("model: m", "modell: $M")
    file.write_text(written)
    config = ConfigFile(file, {"K": "sk", "M": "value-of-m"})
    looked = config.look()
    assert "0123456789abcdef" not in str(looked)
    assert "value-of-m" not in str(looked)
    assert len(looked.text) == len(written)
    assert "modell" in {
        each.line[each.position.column - 1 :][: each.length] for each in looked.problems
    }
    assert ConfigFile(None, {}).look().text == ""
