"""Lines of several logs as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controlplane.cli.log_lines import Line, Wanted, merged, read
from controlplane.cli.main import main

TEXT = (
    '[2026-11-30T03:08:24.500Z] "POST /v1/chat/completions HTTP/1.1" 502 UF 10 20 1500 - '
    '"127.0.0.1" "curl/8" "r-1" "127.0.0.1:12000" "127.0.0.1:9"'
)
JSON = json.dumps(
    {"time": "2026-11-30T03:08:24.100Z", "request_id": "r-2", "status": 200, "duration_ms": 40}
)
OURS = json.dumps(
    {"event": "guard.refused", "request_id": "r-1", "level": "info",
     "timestamp": "2026-11-30T03:08:24.300000Z"}
)  # fmt: skip


def _one(text: str) -> Line:
    [line] = read("x", [text])
    return line


def test_each_kind_of_line_is_read() -> None:
    """The request, whether it went well, and how long it took."""
    assert (_one(TEXT).request, _one(TEXT).bad, _one(TEXT).seconds) == ("r-1", True, 1.5)
    assert (_one(JSON).request, _one(JSON).bad, _one(JSON).seconds) == ("r-2", False, 0.04)
    assert (_one(OURS).request, _one(OURS).bad) == ("r-1", False)
    envoy = _one("[2026-11-30 03:08:30.767][21082][warning][main] caught ENVOY_SIGTERM")
    assert (envoy.request, envoy.bad) == ("", True)
    assert not _one("2026-11-30T03:08:24.921 INFO archgw: up").bad
    assert _one("2026-11-30T03:08:24.921 ERROR archgw: no").bad


def test_time_tells_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever log a line is of."""
    found = merged([_one(TEXT), _one(OURS), _one(JSON)], Wanted())
    assert [line.text for line in found] == [JSON, OURS, TEXT]


def test_what_has_no_time_stays_with_the_line_before() -> None:
    """A traceback belongs to its error; what comes before any time is left out."""
    lines = list(read("x", ["lost", "2026-11-30T03:08:24.921 ERROR archgw: no", "  File …", "{"]))
    assert [line.text for line in lines[1:]] == ["  File …", "{"]
    assert all(line.bad for line in lines)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(request="r-1"), [OURS, TEXT]),
        (Wanted(errors=True), [TEXT]),
        (Wanted(slower=0.04), [JSON, TEXT]),
        (Wanted(request="r-2", errors=True), []),
    ],
)
def test_what_is_wanted_is_found(wanted: Wanted, found: list[str]) -> None:
    """By request, by errors, by slowness, and by all of them together."""
    assert [line.text for line in merged(map(_one, (TEXT, OURS, JSON)), wanted)] == found


def test_logs_are_shown_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line after the log that it is of."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "access_llm.log").write_text(f"{JSON}\n{TEXT}\n")
    (logs / "extproc-0.log").write_text(f"{OURS}\n")
    assert main(["logs", "--home", str(tmp_path), "--request", "r-1"]) == 0
    assert capsys.readouterr().out == f"extproc-0   {OURS}\naccess_llm  {TEXT}\n"
    assert main(["logs", "--home", str(tmp_path), "--slow", "1s"]) == 0
    assert capsys.readouterr().out == f"access_llm  {TEXT}\n"
    assert main(["logs", "--home", str(tmp_path), "--merged", "-n", "1"]) == 0
    assert capsys.readouterr().out == f"extproc-0   {OURS}\naccess_llm  {TEXT}\n"


@pytest.mark.parametrize("text", ["fast", "", "1h"])
def test_a_time_that_is_none_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name, with how to write one."""
    with pytest.raises(SystemExit):
        main(["logs", "--slow", text])
    assert "no time such as 1s or 250ms" in capsys.readouterr().err
