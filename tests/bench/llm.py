"""What the LLM listener costs, against a plain Envoy before the same provider in the same run.

The provider is a third Envoy that answers at once, so that both are equally fast to talk to.
"ours" has what is on by default and a JSON log: key, body rewrite, token limit, usage, metrics. "full"
has clients, their budgets, prices and traces, too: Envoy's part of them, sent to a collector that answers
as the provider does, while the process that makes spans of LLM calls is not there.
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


FULL = """
version: v0.1
listeners:
  egress_traffic:
    address: 127.0.0.1
    port: {{port}}
    auth: {{api_keys: [{{name: someone, key: $CLIENT_KEY}}]}}
llm_providers:
  - name: one
    provider: local
    base_url: http://127.0.0.1:{provider}/v1
    model: gpt-one
    access_key: $KEY
    default: true
    price: {{input: 2, output: 10, cached: 0.5}}
    rate_limits:
      - {{selector: {{client: true}}, limit: {{tokens: 4000000000, unit: second}}}}
      - selector: {{http_header: {{name: x-user, value: ""}}}}
        limit: {{tokens: 4000000000, unit: second}}
tracing: {{random_sampling: 100, otlp: "http://127.0.0.1:{provider}"}}
overrides: {{stats_port: 0, access_log_format: json}}
"""


def run(folder: Path) -> dict[str, float]:
    script = plain.post_script(folder)
    provider, forwarded = free_port(), free_port()
    keys = {"KEY": "sk", "CLIENT_KEY": plain.CLIENT_KEY}
    for name in ("ours", "full"):
        (folder / name).mkdir()
    with (
        plain.envoy(folder / "provider", provider, plain.direct_response()),
        plain.envoy(folder / "plain", forwarded, plain.forward(provider)) as forwarding,
        gateway(folder / "ours", CONFIG.format(provider=provider), keys) as ours,
        gateway(folder / "full", FULL.format(provider=provider), keys) as full,
    ):
        servers = {
            "plain": plain.Server(forwarded, forwarding.pid),
            "ours": plain.Server(ours.port, ours.process.pid),
            "full": plain.Server(full.port, full.process.pid),
        }
        return plain.compare(servers, script)
