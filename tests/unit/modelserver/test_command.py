"""The console script where the extra of the models is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelserver import command

if TYPE_CHECKING:
    import pytest


def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what to install; no traceback."""
    found = {"tokenizers": object(), "uvicorn": object()}
    monkeypatch.setattr(command, "find_spec", found.get)
    assert command.main() == 2
    said = capsys.readouterr().err
    assert "onnxruntime is not installed" in said
    assert "archgw[models]" in said
