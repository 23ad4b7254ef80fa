"""What is said on one side is what is read on the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controlplane.problem import Located, Position, Problem, Severity
from controlplane.supervise.messages import (
    ChildStatus,
    LastReload,
    ListenerStatus,
    Looked,
    NoResultError,
    Status,
    Stopped,
    UpstreamStatus,
    Verdict,
    progress_line,
    read_result,
    result_line,
)

LOCATED = Located(
    problem=Problem("AG101", Severity.WARNING, (), "odd \x1b[1m key", "mend it"),
    file="a b.yaml",
    position=Position(3, 7),
    line="  café: '***'",
    length=4,
)
VERDICT = Verdict(1, "1 error in the config", (LOCATED,), ("llm: port 1 → 2",), "0a1b")
STATUS = Status(
    state="degraded",
    pid=4711,
    uptime_s=12.5,
    home="/home/me/.archgw",
    config="/etc/arch_config.yaml",
    service="all",
    version="0a1b",
    envoy_version="1.40.0",
    acknowledged={"CDS": "0a1b"},
    listeners=(
        ListenerStatus("llm", "::1", 12000, True, False, True),
        ListenerStatus("prompt", "", 1, False, True, False),
    ),
    children=(
        ChildStatus("envoy", "running", 4712, 3, 1.0),
        ChildStatus("x", "starting", None, 0, 0),
    ),
    upstreams=(
        UpstreamStatus("provider one", "a.test:443", "dns", "no such name"),
        UpstreamStatus("API app", "127.0.0.1:1", None, ""),
    ),
    stats_port=19901,
    stats_address="127.0.0.1",
    last_reload=LastReload(3.5, VERDICT),
)


@pytest.mark.parametrize(
    "message",
    [
        LOCATED,
        VERDICT,
        Verdict(0, "up"),
        STATUS,
        Status("starting", 1, 0.0, "/h", "", "all", "", "", {}, (), (), (), 0, "", None),
        Looked("listeners: {}\n", (LOCATED,)),
        Stopped(0, 60.0),
        Stopped(3, 1.5),
    ],
)
def test_every_message_arrives_as_it_was(message: Any) -> None:
    """Through a line of JSON, nothing is lost and nothing comes along."""
    line = result_line(message.to_json()).decode()
    assert line.index("\n") == len(line) - 1
    assert type(message).from_json(read_result([line], print)) == message


def test_a_verdict_says_whether_it_is_good() -> None:
    """For scripts, which read `archgw reload --json`."""
    assert VERDICT.to_json()["ok"] is False
    assert Verdict(0, "up").to_json()["ok"] is True
    assert json.loads(json.dumps(VERDICT.to_json()))["problems"][0]["line"] == 3


def test_progress_comes_before_the_result() -> None:
    """In order; what comes after the result is not read."""
    said: list[str] = []
    lines = [progress_line("one"), progress_line("two"), result_line({"ok": True}), b"rubbish"]
    assert read_result((line.decode() for line in lines), said.append) == {"ok": True}
    assert said == ["one", "two"]


def test_lines_that_end_too_early_hold_no_result() -> None:
    """The supervisor died: there is no verdict to show."""
    with pytest.raises(NoResultError):
        read_result([progress_line("one").decode()], lambda _: None)
