"""Logs and metrics: JSON lines without a caller's words, one registry for each server."""

from __future__ import annotations

import json
import subprocess
import sys

from modelserver.engine.batching import BatchSeen
from modelserver.telemetry import Metrics, process_age, trace_of


def test_a_trace_tells_where_and_not_what() -> None:
    """Places and the kind of the error, never its message: that may quote a prompt."""
    try:
        int("canary prompt")
    except ValueError as error:
        trace = trace_of(error)
    assert trace[-1] == "ValueError"
    assert any("test_telemetry.py" in place for place in trace)
    assert "canary" not in str(trace)


def test_log_lines_are_json_with_level_and_time() -> None:
    """Each line stands alone as a JSON object; control characters cannot forge another line."""
    script = (
        "from modelserver.telemetry import configure_logs, log\n"
        "configure_logs('info')\n"
        "log.debug('unseen')\n"
        "log.info('seen', request_id='a\\n{\"level\": \"forged\"}')\n"
    )
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert (entry["event"], entry["level"]) == ("seen", "info")
    assert entry["timestamp"].endswith("Z")


def test_two_servers_do_not_count_into_each_other() -> None:
    """Each has its own registry."""
    one, other = Metrics(), Metrics()
    one.batch("guard")(BatchSeen(rows=2, tokens=30, padded=40, seconds=0.01))
    assert b'archgw_modelserver_tokens_total{kind="padding",model="guard"} 10.0' in one.text()
    assert b'kind="padding"' not in other.text()


def test_the_age_of_a_process_is_small_and_grows() -> None:
    """Warm-up is measured from the start of the process, not of Python's clock."""
    first = process_age()
    assert 0 < first < 24 * 3600
    assert process_age() >= first
