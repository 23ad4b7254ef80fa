"""A past decision and the LLM's call after it, put together."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controlplane import past

RECORD = {"id": "r-1", "at": "2026-05-31T12:00:01.500+00:00", "outcome": "forwarded", "llm": None}
LINE: dict[str, Any] = {
    "time": "2026-05-31T12:00:01.400Z", "request_id": "r-1", "status": 200, "flags": "-",
    "attempts": 1, "provider": "one", "model": "m", "prompt_tokens": 7, "completion_tokens": 3,
    "total_tokens": 10, "cost": 0.5,
}  # fmt: skip
SCHEMA = json.loads(resources.files("extproc.record").joinpath("schema.json").read_text("utf-8"))
PART = jsonschema.Draft202012Validator({**SCHEMA["properties"]["llm"], "$defs": SCHEMA["$defs"]})


def completed(folder: Path, *lines: dict[str, Any], older: str = "") -> Any:
    log = folder / "usage.log"
    log.write_text("".join(json.dumps(each) + "\n" for each in lines))
    if older:
        (folder / "usage.log.1").write_text(older)
    found = past.completed(RECORD, log)["llm"]
    PART.validate(found)
    return found


def test_the_call_of_the_request(tmp_path: Path) -> None:
    """By its id; in the form that the record's schema describes."""
    other = LINE | {"request_id": "r-10", "provider": "two"}
    assert completed(tmp_path, LINE, other) == {
        "provider": "one", "model": "m", "outcome": "answered", "status": 200, "attempts": 1,
        "input_tokens": 7, "cached_tokens": None, "output_tokens": 3, "cost": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"status": 500}, "failed"),
        ({"flags": "UC"}, "failed"),
        ({"flags": "DC"}, "cancelled"),
        ({"status": 0, "flags": "DC"}, "cancelled"),
    ],
)
def test_its_outcome(tmp_path: Path, changed: dict[str, Any], outcome: str) -> None:
    """An error, half of an answer, or a client that did not wait for it."""
    assert completed(tmp_path, LINE | changed)["outcome"] == outcome


def test_of_two_requests_with_one_id(tmp_path: Path) -> None:
    """Each has its own call: the last one that began before the decision."""
    earlier = LINE | {"time": "2026-05-31T11:59:00Z", "provider": "two"}
    later = LINE | {"time": "2026-05-31T12:00:09Z", "provider": "three"}
    assert completed(tmp_path, earlier, LINE, later)["provider"] == "one"


def test_a_log_that_was_put_aside(tmp_path: Path) -> None:
    """The one before is looked through as well; lines that are none are passed over."""
    older = '{"request_id": "r-1", "ti\n' + json.dumps(LINE) + "\n"
    assert completed(tmp_path, older=older)["provider"] == "one"


def test_what_is_not_there(tmp_path: Path) -> None:
    """A call that is not over, a log that is none; and a question is no call of an LLM."""
    assert completed(tmp_path) is None
    assert past.completed(RECORD, tmp_path / "nowhere")["llm"] is None
    asked = RECORD | {"outcome": "asked"}
    assert completed(tmp_path, LINE)
    assert past.completed(asked, tmp_path / "usage.log")["llm"] is None
