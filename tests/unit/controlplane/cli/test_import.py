"""`archgw import`: what it prints where, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controlplane.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

LITELLM = """
model_list:
  - model_name: a
    litellm_params: {model: gpt-4o, api_key: sk-secret-of-mine}
litellm_settings: {cache: true}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(LITELLM)
    return file


def test_config_and_notes_are_apart(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The config goes to the standard output, what is told of it to the other."""
    assert main(["import", "litellm", str(config)]) == 0
    printed = capsys.readouterr()
    assert "access_key: $OPENAI_API_KEY" in printed.out
    assert f"{config}:4:37: to do: `model_list[0].litellm_params.api_key`:" in printed.err
    assert f"{config}:5:20: left out: `litellm_settings.cache`:" in printed.err
    assert "sk-secret" not in printed.out + printed.err


def test_a_file_is_replaced_by_force_alone(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lies at OUT may be a config that somebody needs; and what is written lints."""
    out = tmp_path / "arch_config.yaml"
    command = ["import", "litellm", str(config), "-o", str(out)]
    assert main(command) == 0
    assert main(["lint", str(out)]) == 0
    assert main(command) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (None, 2, "cannot read the file"),
        ("a: *b", 1, "the alias `*b` is not read"),
        ("[]", 1, "a LiteLLM config is a mapping"),
        ("model_list: []", 1, "no provider is left"),
    ],
)
def test_no_config_comes_of_it(
    text: str | None, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is told, and nothing is printed that could be taken for a config."""
    file = tmp_path / "config.yaml"
    if text is not None:
        file.write_text(text)
    assert main(["import", "litellm", str(file)]) == code
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""


def test_what_was_wrong_before_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that goes over the internet in clear did so with LiteLLM, too: it is an error here."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "model_list: [{model_name: a, litellm_params:"
        " {model: openai/m, api_key: sk-a, api_base: 'http://llm.example.com/v1'}}]"
    )
    assert main(["import", "litellm", str(file)]) == 1
    assert "AG502" in capsys.readouterr().err
