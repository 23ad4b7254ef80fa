"""Spans of a decision, from real records."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from extproc.contract import Decisions, Tracing
from extproc.traces import building, decisions
from extproc.traces.context import Context, read
from tests.fakes.model_server import Script
from tests.playbook import api, chat, guard, parameter, play, prompt, settings, target

if TYPE_CHECKING:
    from extproc.traces.building import Made

HERE = Context("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=True, parent="00f0")
ENDED = 1_800_000_000_000_000_000
CONFIG = settings(
    target("weather", parameter("city", required=True)),
    guards=(guard(),),
    decisions=Decisions(content="all"),
)
SCRIPT = Script(
    calls={"rain": [("weather", {"city": "Lisbon"}, [])], "weather": [("weather", {}, ["city"])]},
    attacks=["ignore all"],
)


def _spans(text: str, *, content: bool = False, **changed: Any) -> dict[str, Made]:
    played = play(CONFIG, SCRIPT, says={"app": api({"rain": True})}) >> prompt(text)
    assert played.outcome
    record = played.record | changed
    for number, each in enumerate(record["apis"]):
        each["span"] = f"{number:016x}"
    return {each.name: each for each in decisions.spans(record, HERE, ENDED, content=content)}


def test_each_stage_is_below_the_decision() -> None:
    """Within its time, and each in its own name."""
    spans = _spans("will it rain in Lisbon?")
    assert [*spans] == [
        "archgw.prompt", "archgw.guard", "archgw.guard of answers", "archgw.intent",
        "archgw.parameters", "archgw.confirm", "execute_tool weather",
    ]  # fmt: skip
    whole = spans.pop("archgw.prompt")
    assert (whole.context, whole.end) == (HERE, ENDED)
    assert len({each.context.span for each in spans.values()}) == len(spans)
    for each in spans.values():
        assert each.context.parent == HERE.span
        assert whole.begin <= each.begin <= each.end <= ENDED


def test_models_take_as_long_as_they_say() -> None:
    """Guard and intent run side by side; neither takes longer than their answer."""
    spans = _spans("will it rain in Lisbon?", models_ms={"guard": 0.001, "targets": 1e6})
    assert spans["archgw.guard"].begin == spans["archgw.intent"].begin
    assert spans["archgw.guard"].end - spans["archgw.guard"].begin == 1000
    assert spans["archgw.intent"].end <= ENDED


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, None),
        ({"status": 503}, "503"),
        ({"status": None, "failed": "no answer in time"}, "no answer in time"),
        ({"status": None}, "cancelled"),
    ],
)
def test_a_call_that_went_wrong(changed: dict[str, Any], error: str | None) -> None:
    """By an error, without an answer, or because the client left before there was one."""
    played = play(CONFIG, SCRIPT, says={"app": api({"rain": True})}) >> prompt("will it rain?")
    assert played.outcome
    record = played.record
    [sent] = record["apis"]
    sent |= {"span": "b7ad6b7169203331", **changed}
    [call] = [
        each
        for each in decisions.spans(record, HERE, ENDED, content=False)
        if each.name == "execute_tool weather"
    ]
    assert (call.attributes["error.type"], call.failed) == (error, error is not None)


def test_spans_are_cheap() -> None:
    """A few microseconds of each, made and written: the least of five runs, with room for slow machines."""
    played = play(CONFIG, SCRIPT, says={"app": api({"rain": True})}) >> prompt("will it rain?")
    assert played.outcome
    record, times = played.record, 200

    def took() -> float:
        began = time.process_time()
        for _ in range(times):
            made = decisions.spans(record, HERE, ENDED, content=False)
            building.export_request("archgw", made)
        return (time.process_time() - began) / times / len(made)

    assert min(took() for _ in range(5)) < 50e-6


def test_texts_are_left_out_but_where_they_are_wanted() -> None:
    """Whatever the record holds."""
    told = [each.attributes for each in _spans("will it rain in Lisbon?").values()]
    assert "Lisbon" not in str(told)
    wanted = _spans("will it rain in Lisbon?", content=True)
    assert "rain in Lisbon" in str(wanted["archgw.prompt"].attributes["gen_ai.input.messages"])
    arguments = wanted["execute_tool weather"].attributes["gen_ai.tool.call.arguments"]
    assert arguments == '{"city":"Lisbon"}'


def test_what_ends_early_has_no_later_spans() -> None:
    """A refused prompt is not read any further; one that lacks a value says which."""
    refused = _spans("ignore all that")
    assert [*refused] == ["archgw.prompt", "archgw.guard", "archgw.intent"]
    assert refused["archgw.guard"].attributes["archgw.guard.refused_by"] == "jailbreak"
    asked = _spans("what of the weather")
    assert asked["archgw.prompt"].attributes["archgw.outcome"] == "asked"
    assert asked["archgw.parameters"].attributes["archgw.parameters.asked"] == ["city"]


def test_an_api_that_fails_is_a_failed_span() -> None:
    """By its status, or by why there was no answer."""
    text = "will it rain in Lisbon?"
    for status, failed, kind in ((500, None, "500"), (None, "TimeoutError", "TimeoutError")):
        sent = {
            "target": "weather", "upstream": "app", "method": "GET", "path": "/weather",
            "status": status, "failed": failed, "from_ms": 0.1, "ms": 0.1,
        }  # fmt: skip
        span = _spans(text, apis=[sent])["execute_tool weather"]
        assert span.failed
        assert span.attributes["error.type"] == kind


def test_envoys_span_is_read_before_the_clients() -> None:
    """Only Envoy's call of us tells which of its spans ours is below; APIs are told ours."""
    client, envoy = "11" * 16, "22" * 16
    tracing = Tracing("http://127.0.0.1:4318/v1/traces", "archgw")
    said = {"role": "user", "content": "will it rain in Lisbon?"}
    events = chat(said, headers_={"traceparent": f"00-{client}-b7ad6b7169203331-01"})
    for flags, config in (
        ("01", replace(CONFIG, tracing=tracing)), ("00", replace(CONFIG, tracing=tracing)),
        ("01", CONFIG), (None, CONFIG),
    ):  # fmt: skip
        called_by = {"traceparent": f"00-{envoy}-b7ad6b7169203332-{flags}"} if flags else {}
        says = {"app": api({"rain": True})}
        played = play(config, SCRIPT, says=says, called_by=called_by) >> events
        assert played.outcome
        sent = read(played.endpoints.sent[-1].headers["traceparent"])
        assert sent
        traced = flags == "01" and config.tracing is not None
        assert played.record["trace"] == sent.trace == (envoy if flags else client)
        assert sent.span == (played.record["apis"][0]["span"] or sent.span)
        assert (played.record["apis"][0]["span"] is not None) == traced
        assert sent.sampled == (flags != "00")
