"""What the prompt path costs without its models, against a plain Envoy in the same run.

The model server is scripted and answers at once, so what is left is Envoy, extproc and the way
between them. Then sixty-four clients at a time, and how much memory they leave behind.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench import plain
from tests.e2e.harness import Running, free_port, gateway
from tests.fakes.model_server import FakeModelServer

CONFIG = """
version: v0.1
listeners:
  ingress_traffic: {{address: 127.0.0.1, port: {{prompt_port}}}}
  egress_traffic: {{address: 127.0.0.1, port: {{port}}}}
model_server: {{address: "{models}"}}
llm_providers:
  - name: one
    provider: local
    base_url: http://127.0.0.1:{provider}/v1
    model: gpt-one
    default: true
prompt_guards: {{input_guards: {{jailbreak: {{on_exception: {{message: I would rather not.}}}}}}}}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {{name: app, path: /weather}}
    parameters:
      - {{name: city, type: str, description: The city, required: true}}
endpoints:
  app: {{endpoint: "127.0.0.1:9"}}
"""
_OVERRIDES = """
overrides: {{stats_port: 0, access_log_format: json}}
"""


def run(folder: Path) -> dict[str, float]:
    script = plain.post_script(folder)
    provider, forwarded = free_port(), free_port()
    home = folder / "ours"
    home.mkdir()
    with (
        FakeModelServer() as models,
        plain.envoy(folder / "provider", provider, plain.direct_response()),
        plain.envoy(folder / "plain", forwarded, plain.forward(provider)) as forwarding,
    ):
        config = (CONFIG + _OVERRIDES).format(provider=provider, models=models.address)
        with gateway(home, config, {}) as running:
            time.sleep(1)  # Envoy's first health check of the extproc processes
            there = plain.Server(forwarded, forwarding.pid)
            ours = plain.Server(running.prompt_port, running.process.pid)
            result = plain.compare({"plain": there, "ours": ours}, script)
            return {**result, **_crowd(running, script)}


def _crowd(running: Running, script: Path) -> dict[str, float]:
    before = _memory(running)
    load = plain.wrk(running.prompt_port, script, connections=64)
    return {
        "failed_at_64": load.errors,
        "rps_at_64": load.rps,
        "extproc_growth_mb": round(_memory(running) - before, 1),
    }


def _memory(running: Running) -> float:
    """Resident memory of both extproc processes, in MB."""
    pages = [
        int(Path(f"/proc/{extproc.process.pid}/statm").read_text().split()[1])
        for extproc in running.extprocs
    ]
    return sum(pages) * 4096 / 1e6
