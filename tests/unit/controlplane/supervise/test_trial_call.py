"""The requests that `doctor --call` makes: where, with which key, and what is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.compile import compile_file
from controlplane.supervise import trial_call
from tests.fakes.provider import FakeProvider

CONFIG = """\
version: v0.1
llm_providers:
  - {{name: one, provider: local, model: m, endpoint: "{at}", access_key: $KEY, headers: {{x-org: $KEY}}, default: true}}
  - {{name: two, provider: anthropic, model: c, base_url: "http://{at}/v1", access_key: $KEY}}
"""


@pytest.mark.parametrize("status", [200, 401])
def test_each_provider_is_asked_for_its_models(tmp_path: Path, status: int) -> None:
    """With its key in the header that it takes, and no key in what is told."""
    with FakeProvider("one") as provider:
        provider.behaviour.status = status
        file = tmp_path / "arch_config.yaml"
        file.write_text(CONFIG.format(at=provider.address))
        gateway = compile_file(file, {"KEY": "sk-canary"}).gateway
        assert gateway is not None
        called = list(trial_call.calls(gateway))
        received = provider.received
    assert [(each.what, each.request) for each in called] == [
        ("provider one", "GET /v1/models"),
        ("provider two", "GET /v1/models"),
    ]
    first, second = received
    assert first.headers["authorization"] == "Bearer sk-canary"
    assert second.headers["x-api-key"] == "sk-canary"
    assert "authorization" not in second.headers
    assert first.headers["x-org"] == "sk-canary"
    assert "x-org" not in second.headers
    assert "sk-canary" not in str(called)
