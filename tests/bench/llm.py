"""What the LLM listener costs, against a plain Envoy before the same provider in the same run.

The provider is a third Envoy that answers at once, so that both are equally fast to talk to.
The gateway does all it can do: key, body rewrite, token limit, usage, JSON log.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench import plain
from tests.e2e.harness import free_port, gateway

CONFIG = """
version: v0.1
listeners:
  egress_traffic: {{address: 127.0.0.1, port: {{port}}}}
llm_providers:
  - name: one
    provider: local
    base_url: http://127.0.0.1:{provider}/v1
    model: gpt-one
    access_key: $KEY
    default: true
    rate_limits:
      selector: {{http_header: {{name: x-user, value: ""}}}}
      limit: {{tokens: 4000000000, unit: second}}
overrides: {{stats_port: 0, access_log_format: json}}
"""


def run(folder: Path) -> dict[str, float]:
    script = plain.post_script(folder)
    provider, forwarded = free_port(), free_port()
    ours = folder / "ours"
    ours.mkdir()
    with (
        plain.envoy(folder / "provider", provider, plain.direct_response()),
        plain.envoy(folder / "plain", forwarded, plain.forward(provider)),
        gateway(ours, CONFIG.format(provider=provider), {"KEY": "sk"}) as running,
    ):
        return plain.compare({"plain": forwarded, "ours": running.port}, script)
