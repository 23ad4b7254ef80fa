"""What a record says of a decision. That each has the schema's form, every play checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from extproc.clients import CallFailed
from extproc.contract import CLIENT_HEADER, Content, Decisions
from tests.fakes.model_server import Script
from tests.playbook import (
    api,
    calls,
    chat,
    guard,
    parameter,
    play,
    prompt,
    settings,
    target,
    turns,
    wish,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.events import Event

WEATHER = target(
    "weather", parameter("city", required=True), parameter("days", "integer", default=1)
)
CONFIG = settings(WEATHER, guards=(guard(),))
SCRIPT = Script(
    calls={"rain": [("weather", {"city": "Lisbon"}, [])], "weather": [("weather", {}, ["city"])]},
    attacks=["ignore all"],
)
APP = {"app": api({"rain": True})}


def _record(events: Sequence[Event], content: Content = "none", **more: Any) -> dict[str, Any]:
    config = replace(CONFIG, decisions=Decisions(content=content))
    played = play(config, **{"script": SCRIPT, "says": APP} | more) >> events
    assert played.outcome
    return played.record


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("will it rain in Lisbon?", "forwarded"),
        ("what of the weather", "asked"),
        ("ignore all that", "refused"),
        ("hello", "forwarded"),
    ],
)
def test_outcome_has_a_name(text: str, outcome: str) -> None:
    """One word tells what became of a prompt."""
    assert _record(prompt(text))["outcome"] == outcome


def test_who_asked_is_told() -> None:
    """By the name that Envoy has found; what the LLM's call comes to is not known yet."""
    record = _record(prompt(headers_={CLIENT_HEADER: "web"}))
    assert (record["client"], record["llm"]) == ("web", None)
    assert _record(prompt())["client"] is None


def test_a_call_is_told_with_its_values_and_its_api() -> None:
    """What was called, with what, whence each value came, and how it went."""
    record = _record(prompt("will it rain in Lisbon?"), "values")
    [call] = record["calls"]
    assert call["target"] == "weather"
    assert [(each["name"], each["value"], each["default"]) for each in call["arguments"]] == [
        ("city", "Lisbon", False), ("days", 1, True),
    ]  # fmt: skip
    [sent] = record["apis"]
    assert (sent["method"], sent["path"], sent["status"]) == ("POST", "/weather", 200)
    assert record["intent"]["name"] == "weather"
    assert record["guard"]["verdict"] == "benign"
    assert [each["name"] for each in record["stages"]][-1] == "dispatch"


def test_what_is_asked_is_told() -> None:
    """For which parameters, or to confirm."""
    assert _record(prompt("what of the weather"))["asked"] == {
        "for": "values", "parameters": ["city"],
    }  # fmt: skip
    unsure = target("move", parameter("amount", "number"), confirm="unsure")
    models = calls(wish("move", 0, sure=0.2, amount=3))
    played = play(settings(unsure), models=models) >> prompt("3 over there")
    assert played.outcome
    assert played.record["asked"] == {"for": "confirm", "parameters": []}
    assert played.record["outcome"] == "asked"


def test_evidence_is_told_by_its_place() -> None:
    """The characters that say a value, so that whoever has the text can underline them."""
    models = calls(wish("weather", 0, sure=0.7, city="Rome"))
    played = play(settings(WEATHER), models=models, says=APP) >> prompt("Rome then")
    assert played.outcome
    [city, days] = played.record["calls"][0]["arguments"]
    assert city["evidence"] == {"message": 0, "start": 0, "end": 4, "confidence": 0.7}
    assert days["evidence"] is None


def test_failures_are_told_without_words_of_anybody() -> None:
    """An API that cannot be reached, and the error that the client got for it."""
    record = _record(prompt("rain?"), says={"app": CallFailed("refused")})
    assert record["outcome"] == "failed"
    assert record["error"] == {"code": "tool_error", "status": 502}
    assert (record["apis"][0]["status"], record["apis"][0]["failed"]) == (None, "refused")


def test_texts_stay_out_unless_they_are_asked_for() -> None:
    """By default nothing of a prompt or of a value is kept, but what tells two of them apart."""
    said = chat(*turns("hi", "hello", "will it rain in Lisbon, secretly?"))
    for content, kept in (
        ("none", (False, False)), ("values", (False, True)), ("all", (True, True)),
    ):  # fmt: skip
        told = str(_record(said, content))
        assert ("secretly" in told, "Lisbon" in told.replace("in Lisbon,", "")) == kept
    assert _record(said)["prompt"] == _record(said)["prompt"] | {"characters": 33}


def test_equal_texts_have_equal_hashes() -> None:
    """Whoever looks for repeated prompts finds them."""
    first, again, other = (
        _record(prompt(text))["prompt"]["hash"] for text in ("one", "one", "two")
    )
    assert first == again != other
