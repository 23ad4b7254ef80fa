"""The settings file: read whole, refused whole, and keys never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from modelserver import settings
from modelserver.errors import StartError
from modelserver.settings import Secret, Settings, load_settings, parse_settings


def parsed(body: Any) -> Settings:
    return parse_settings(body, where="ms.yaml", base=Path("/etc/archgw"))


def test_without_a_file_everything_has_its_default() -> None:
    """No file, or an empty one, is a working server."""
    assert load_settings(None) == Settings() == parsed({})


def test_everything_can_be_set(tmp_path: Path) -> None:
    """Each section reaches its dataclass; paths are relative to the file."""
    (tmp_path / "key").write_text("s3cret\n")
    file = tmp_path / "ms.yaml"
    file.write_text(
        "guard: {directory: mine, threshold: 0.8}\n"
        "function_calling: {backend: openai, base_url: 'http://h/v1/', model: m, format: arch,"
        " access_key_file: key, timeout_ms: 900}\n"
        "cache: {enabled: false}\nlimits: {tools: 9}\nruntime: {threads: 2}\n"
    )
    found = load_settings(file)
    assert found.own_guard
    assert found.own_guard.directory == tmp_path / "mine"
    assert found.guard_threshold == 0.8
    assert found.remote
    assert (found.remote.base_url, found.remote.format) == ("http://h/v1", "arch")
    assert found.remote.access_key == Secret("s3cret")
    assert (found.cache.enabled, found.limits.tools, found.runtime.threads) == (
        False,
        9,
        2,
    )


def test_the_example_of_the_docstring_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies works, and nothing of it is overlooked."""
    monkeypatch.setenv("FUNCTION_KEY", "s3cret")
    assert settings.__doc__
    lines = settings.__doc__.splitlines()
    example = yaml.safe_load("\n".join(line for line in lines if line.startswith("    ")))
    found = parsed(example)
    assert set(example) == set(settings._Reading.SECTIONS)
    assert found.runtime.targets_workers == example["runtime"]["targets_workers"]
    assert found.remote
    assert found.remote.access_key == Secret("s3cret")


def test_every_problem_is_reported_at_once() -> None:
    """Six mistakes give six lines, each with the file and the key."""
    with pytest.raises(StartError) as refused:
        parsed(
            {
                "gaurd": {},
                "guard": {"threshold": 3, "sha256": "x"},
                "limits": {"tools": "many", "colour": 1},
                "cache": [],
            }
        )
    lines = str(refused.value).splitlines()
    assert len(lines) == 6
    assert all(line.startswith("ms.yaml: ") for line in lines)
    for key in (
        "gaurd",
        "guard.threshold",
        "guard.sha256",
        "limits.tools",
        "limits.colour",
        "cache",
    ):
        assert any(f" {key}: " in line for line in lines)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"backend": "magic"}, "backend: must be embedded or openai"),
        ({"backend": "openai", "model": "m"}, "base_url: must begin"),
        ({"backend": "openai", "base_url": "http://h"}, "model: missing"),
        ({"backend": "openai", "base_url": "http://h", "model": "m", "format": "x"}, "format"),
        ({"backend": "openai", "base_url": "http://h", "model": "m", "timeout_ms": 0}, "timeout_ms"),
        ({"backend": "openai", "base_url": "http://h", "model": "m", "access_key": "$NO_SUCH_KEY"},
         r"\$NO_SUCH_KEY is not set"),
        ({"backend": "openai", "base_url": "http://h", "model": "m", "access_key_file": "none"},
         "access_key_file"),
    ],
)  # fmt: skip
def test_a_remote_that_cannot_work_is_refused(section: dict[str, Any], said: str) -> None:
    """Each way to misconfigure the remote server has its own line."""
    with pytest.raises(StartError, match=said):
        parsed({"function_calling": section})


@pytest.mark.parametrize(
    ("model", "form"), [("gpt-4o", "tools"), ("katanemo/Arch-Function-1.5B", "arch")]
)
def test_the_model_tells_its_format(model: str, form: str) -> None:
    """Arch-Function models are asked in their own prompt format unless the settings differ."""
    section = {"backend": "openai", "base_url": "http://h", "model": model}
    remote = parsed({"function_calling": section}).remote
    assert remote
    assert remote.format == form


def test_a_key_in_the_file_is_refused_and_not_repeated() -> None:
    """A key written out in the settings is refused without printing it."""
    with pytest.raises(StartError) as refused:
        parsed({"function_calling": {"backend": "openai", "base_url": "http://h", "model": "m",
                                     "access_key": "sk-canary"}})  # fmt: skip
    assert "canary" not in str(refused.value)


def test_a_key_never_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with a key can be printed whole."""
    monkeypatch.setenv("ARCH_TEST_KEY", "sk-canary")
    settings = parsed({"function_calling": {"backend": "openai", "base_url": "http://h",
                                            "model": "m", "access_key": "$ARCH_TEST_KEY"}})  # fmt: skip
    assert settings.remote
    assert settings.remote.access_key
    assert settings.remote.access_key.value == "sk-canary"
    assert "canary" not in f"{settings!r} {settings.remote.access_key}"


@pytest.mark.parametrize("content", ["a: [", "- 1", "\x00"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    """Broken YAML and YAML of another shape are user mistakes, not tracebacks."""
    file = tmp_path / "ms.yaml"
    file.write_text(content)
    with pytest.raises(StartError, match=r"ms\.yaml"):
        load_settings(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path is said with its path."""
    with pytest.raises(StartError, match=r"none\.yaml"):
        load_settings(tmp_path / "none.yaml")
