"""Records go where the config wants them, and never in a request's way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extproc.contract import Decisions
from tests.playbook import Play, forwards, play, prompt, settings, target


def _played(path: str, **more: float) -> Play:
    return play(settings(target("t"), decisions=Decisions(file=path, **more)))


def test_a_decision_is_a_line_of_the_file(tmp_path: Path) -> None:
    """What is in memory is what is written."""
    path = tmp_path / "d.jsonl"
    played = _played(str(path)) >> prompt("hello") << forwards()
    assert json.loads(path.read_text()) == played.record


def test_only_a_share_is_written(tmp_path: Path) -> None:
    """A busy gateway need not write down everything; in memory there are all."""
    path = tmp_path / "d.jsonl"
    played = _played(str(path), sample=0.0) >> prompt("hello") << forwards()
    assert not path.exists()
    assert played.record


@pytest.mark.parametrize("path", ["/dev/full", "/nowhere/at/all.jsonl"])
def test_what_cannot_be_written_costs_no_request(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk, a folder that is not there: told once, and the prompt is decided."""
    played = _played(path)
    for number in range(3):
        played.records._write(path, f"line {number}".encode())
    played >> prompt("hello") << forwards()
    assert capsys.readouterr().out.count("record.unwritten") == 1


def test_a_crash_in_a_record_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails in taking it, the prompt is decided."""
    monkeypatch.setattr("extproc.record.keeping.record", lambda *_: 1 / 0)
    played = play(settings(target("t"))) >> prompt("hello") << forwards()
    assert not list(played.records.ring.newest(1))
