"""The span of an LLM call, from what Envoy logs of it."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from extproc.contract import CALL_FIELDS, CALL_SEPARATOR
from extproc.traces import llm_calls
from extproc.traces.building import export_request

TRACE, EGRESS = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CAME = 1_800_000_000_000_000_000
CALL = {
    "traceparent": f"00-{TRACE}-{EGRESS}-01", "operation": "chat", "provider": "main", "kind": "openai",
    "model": "gpt-4o", "named": "-", "route": "main", "client": "-", "status": "200", "flags": "-",
    "attempts": "1", "host": "10.0.0.1:443", "input_tokens": "1200000", "cached_tokens": "-",
    "output_tokens": "1.2e+06", "sent": "1000", "first_byte": "51000", "ended": "90000",
    "duration": "95",
}  # fmt: skip


def told(**changed: str) -> bytes:
    request = ExportLogsServiceRequest()
    entry = request.resource_logs.add().scope_logs.add().log_records.add()
    entry.time_unix_nano = CAME
    fields = {**CALL, **changed}
    entry.body.string_value = CALL_SEPARATOR.join(fields[each] for each in CALL_FIELDS)
    return request.SerializeToString()


def span(**changed: str) -> Any:
    [call] = llm_calls.read(told(**changed))
    return llm_calls.span(call)


def test_a_call_that_was_answered() -> None:
    """Below Envoy's span of the attempt, its tokens are numbers, its first byte is an event."""
    made = span()
    assert (made.name, made.context.trace, made.context.parent) == ("chat gpt-4o", TRACE, EGRESS)
    assert (made.begin, made.end) == (CAME + 1_000_000, CAME + 90_000_000)
    assert made.attributes["gen_ai.provider.name"] == "openai"
    assert made.attributes["gen_ai.usage.input_tokens"] == 1_200_000
    assert made.attributes["gen_ai.usage.output_tokens"] == 1_200_000
    assert made.attributes["gen_ai.usage.cache_read.input_tokens"] is None
    [event] = made.events
    assert (event.name, event.at) == ("time_to_first_token", CAME + 51_000_000)
    assert event.attributes == {"gen_ai.server.time_to_first_token": 0.05}
    assert export_request("archgw", [made])


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"operation": "embeddings"}, "embeddings gpt-4o"),
        ({"model": "-", "named": "gpt-x"}, "chat gpt-x"),
        ({"model": "-", "operation": "-"}, "call main"),
    ],
)
def test_its_name(changed: dict[str, str], name: str) -> None:
    """What was done, and by which model; of a provider without one, what the client named."""
    assert span(**changed).name == name


def test_a_call_that_failed() -> None:
    """It took as long as the request, and nothing is told of its first byte."""
    made = span(status="503", flags="UF", ended="-", first_byte="-")
    assert made.failed
    assert made.attributes["error.type"] == "503"
    assert made.end == CAME + 95_000_000
    assert span(status="0", flags="DC", ended="-").attributes["error.type"] == "DC"


@pytest.mark.parametrize(
    "changed",
    [
        {"provider": "-"}, {"traceparent": "-"}, {"traceparent": f"00-{TRACE}-{EGRESS}-00"},
        {"traceparent": f"00-{'0' * 32}-{EGRESS}-01"},
    ],
)  # fmt: skip
def test_what_is_no_call(changed: dict[str, str]) -> None:
    """The gateway answered by itself, the trace is not kept, a client sent what is no context."""
    assert span(**changed) is None


def test_a_line_of_other_fields_is_none() -> None:
    """As where a name of the config holds what parts them."""
    assert llm_calls.read(told(model="gpt\t4o")) == []
    assert [call["model"] for call in llm_calls.read(told())] == ["gpt-4o"]
