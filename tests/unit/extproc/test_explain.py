"""A prompt decided without any effect."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from extproc.contract import ApiEndpoint
from extproc.explain import explained
from extproc.runtime import compiled
from tests.fakes.model_server import Script
from tests.playbook import FakeModels, guard, parameter, settings, target

CITY = parameter("city", required=True)
CONFIG = settings(
    target("weather", CITY, endpoint=ApiEndpoint("app", "/weather/{city}", "GET")),
    target("book", CITY),
    guards=(guard(),),
)
MODELS = FakeModels(
    Script(
        calls={
            "rain": [("weather", {"city": "São Paulo"}, [])],
            "book": [("book", {"city": "Rome"}, [])],
            "weather": [("weather", {}, ["city"])],
        },
        attacks=["ignore all"],
    )
)


def _explained(text: str, **more: Any) -> dict[str, Any]:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    return asyncio.run(explained(compiled("0123456789abcdef", CONFIG), MODELS, body, **more))


def test_the_requests_that_would_go_out_are_told_to_the_letter() -> None:
    """Method, path and body, as the API would get them."""
    found = _explained("rain in São Paulo?")
    assert found["requests"] == [
        {"upstream": "app", "method": "GET", "path": "/weather/S%C3%A3o%20Paulo", "body": None}
    ]
    assert found["llm_request"]["messages"][-1]["content"].startswith(
        "rain in São Paulo?\ncontext:"
    )
    posted = _explained("book Rome")["requests"][0]
    assert (posted["method"], posted["path"], posted["body"]["city"]) == ("POST", "/book", "Rome")


def test_the_record_holds_the_texts() -> None:
    """Whoever explains a prompt has it in front of him."""
    record = _explained("rain in São Paulo?")["record"]
    assert record["prompt"] == {"text": "rain in São Paulo?"}
    assert record["calls"][0]["arguments"][0]["value"] == "São Paulo"


def test_what_the_client_would_be_told() -> None:
    """A question and a refusal, in their words; an error with its code."""
    asked = _explained("the weather")
    assert asked["answer"].startswith("Could you please tell me")
    assert (asked["requests"], asked["record"]["outcome"]) == ([], "asked")
    assert _explained("ignore all that")["record"]["outcome"] == "refused"
    broken = asyncio.run(
        explained(compiled("0123456789abcdef", CONFIG), MODELS, b'{"messages": 1}')
    )
    assert (broken["error"]["code"], broken["record"]) == ("invalid_request", None)


def test_the_day_can_be_set() -> None:
    """So that a test of "tomorrow" says the same next year."""
    for day in ("2026-05-31", None):
        _explained("hello", day=day)
        assert (MODELS.asked[-1].today == "2026-05-31") == (day is not None)


def test_the_client_decides_what_is_offered() -> None:
    """Who asks is told of in the request; left out, it is nobody that a target names."""
    config = replace(CONFIG, targets=tuple(replace(t, clients=("web",)) for t in CONFIG.targets))
    runtime = compiled("0123456789abcdef", config)
    body = json.dumps({"messages": [{"role": "user", "content": "rain in São Paulo?"}]}).encode()
    for client, requests in (("web", 1), ("batch", 0), (None, 0)):
        found = asyncio.run(explained(runtime, MODELS, body, client=client))
        assert len(found["requests"]) == requests
