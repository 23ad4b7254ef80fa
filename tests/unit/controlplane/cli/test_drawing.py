"""Decisions as pictures in text."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.cli.drawing import bar, drawn

MESSAGES = [{"role": "user", "content": "what is the weather in Berlin for the next 3 days?"}]
ARGUMENT = {"default": False, "evidence": None}
RECORD: dict[str, Any] = {
    "prompt": {"text": "what is the weather in Berlin for the next 3 days?"},
    "outcome": "forwarded", "error": None, "ms": 43.2, "confirmed": False,
    "stages": [{"name": "models", "ms": 40.0}, {"name": "intent", "ms": 0.01}],
    "guard": {"verdict": "benign", "score": 0.03, "view": "text", "refused_by": None},
    "intent": {
        "name": "forecast", "score": 0.98, "threshold": 0.5, "margin": 0.6,
        "ranking": [{"name": "forecast", "score": 0.98}, {"name": "now", "score": 0.38}],
    },
    "calls": [{
        "target": "forecast", "confidence": 0.94, "doubtful": False, "unusable": ["hour"],
        "arguments": [
            ARGUMENT | {
                "name": "city", "value": "Berlin",
                "evidence": {"message": 0, "start": 23, "end": 29, "confidence": 0.94},
            },
            ARGUMENT | {"name": "unit", "value": "celsius", "default": True},
            ARGUMENT | {"name": "loud", "value": True},
        ],
    }],
    "asked": None, "apis": [],
}  # fmt: skip
PICTURE = """\
prompt     what is the weather in Berlin for the next 3 days?
guard      0.03 ▊                        benign
targets    0.98 ███████████████████████▌ forecast  ← fits best
           0.38 █████████▏               now
           a target fits from 0.50 on; the best is 0.60 ahead of the next
call       forecast  0.94 sure
             city  "Berlin"  0.94 what is the weather in [Berlin] for the next 3 days?
             unit  "celsius"  by default
             loud  true  judged from the whole
             hour  what was said cannot be used
requests   GET weather /forecast?city=Berlin
LLM        the default one, 1 message; the last:
             what
             context: it
outcome    forwarded
time       43.2 ms (models 40.0)
"""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")


def test_a_decision_is_drawn_whole() -> None:
    """Guard, ranking, each value with its words, the request, the LLM, the time."""
    requests = [
        {"method": "GET", "upstream": "weather", "path": "/forecast?city=Berlin", "body": None}
    ]
    llm = {"messages": [{"role": "user", "content": "what\ncontext: it"}]}
    decision = {"record": RECORD, "requests": requests, "llm_request": llm}
    assert drawn(decision, MESSAGES) == PICTURE


def test_a_past_decision_shows_what_was_kept() -> None:
    """Without its texts: lengths, hashes and places; and what the APIs answered."""
    call = {
        "target": "forecast", "confidence": 1.0, "doubtful": True, "unusable": [],
        "arguments": [{
            "name": "city", "type": "string", "hash": "00ff", "default": False,
            "evidence": {"message": 0, "start": 23, "end": 29, "confidence": 0.94},
        }],
    }  # fmt: skip
    api = {"method": "GET", "upstream": "app", "path": "/f", "status": 200, "failed": None, "ms": 7}
    record = RECORD | {"prompt": {"characters": 50, "hash": "abcd"}, "calls": [call], "apis": [api]}
    text = drawn({"record": record}, [])
    for line in (
        "50 characters, hash abcd",
        "city  [string, hash 00ff]  0.94 message 1, characters 23 to 29",
        "1.00 sure, but its words leave a doubt",
        "GET app /f → 200, 7 ms",
    ):
        assert line in text


def test_an_error_is_drawn_without_a_record() -> None:
    """A body that is no request has no decision."""
    error = {"status": 400, "code": "invalid_request", "message": "messages: missing"}
    assert drawn({"record": None, "requests": [], "error": error}, []) == (
        "says       400 invalid_request: messages: missing\n"
    )


@pytest.mark.parametrize(("share", "ink"), [(-1, 0), (0, 0), (0.5, 12), (1, 24), (7, 24)])
def test_bars_are_of_one_width(share: float, ink: int) -> None:
    """Whatever a score is, the picture stays in its columns."""
    assert (len(bar(share)), bar(share).count("█")) == (24, ink)
