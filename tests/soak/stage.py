"""The gateway that is loaded, as `archgw up` starts it, and what stands outside."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.supervise import control_client
from controlplane.supervise.envoy.admin import Admin
from tests.e2e.archgw import Archgw, replace
from tests.e2e.configs import config, one_behind_tls
from tests.e2e.harness import free_port
from tests.fakes.application import Says
from tests.fakes.certificates import Authority
from tests.soak import kinds
from tests.soak.outside import Echo, Weather

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controlplane.supervise.messages import Status

CONFIG = """\
listeners:
  ingress_traffic:
    auth: {api_keys: [{name: soak, key: $SOAK_KEY}]}
  egress_traffic:
    auth:
      api_keys:
        - {name: soak, key: $SOAK_KEY}
        - {name: spender, key: $SPENDER_KEY}
llm_providers:
  - name: one
    model: {model}
    rate_limits: {selector: {client: spender}, limit: {tokens: 1, unit: day}}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: {refusal}}}}}
overrides: {access_log_format: json}
endpoints: {app: {endpoint: "127.0.0.1:{application}"}}
prompt_targets:
  - name: weather
    description: The weather of a city over the next days.
    endpoint: {name: app, path: /weather}
    parameters:
      - {name: city, type: str, description: The city, required: true}
      - {name: days, type: int, description: How many days}
  - name: reboot_device
    description: Reboot a device of the network.
    endpoint: {name: app, path: /reboot, http_method: POST}
    parameters: [{name: device, type: str, description: Its name, required: true}]
"""
_KEYS = {"KEY": "sk-of-the-provider", "SOAK_KEY": kinds.KEY, "SPENDER_KEY": kinds.SPENDER}


@dataclass(frozen=True)
class Stage:
    gateway: Archgw
    provider: Echo
    application: Weather
    authority: Path
    ports: dict[str, int]

    def write(self, model: str = "gpt-one", more: str = "") -> None:
        text = config(
            CONFIG + more,
            one_behind_tls(f"localhost:{self.provider.port}", self.authority),
            port=self.ports[kinds.LLM],
            prompt_port=self.ports[kinds.PROMPT],
            application=self.application.port,
            refusal=kinds.REFUSAL,
            model=model,
        )
        replace(self.gateway.config, text)

    def status(self) -> Status:
        return control_client.status(self.gateway.home.control_socket)

    def restarts(self) -> int:
        """Of all children since the gateway began."""
        return sum(child.restarts for child in self.status().children)

    def pids(self) -> dict[str, int]:
        """Of what lives at the moment."""
        status = self.status()
        children = {each.name: each.pid for each in status.children if each.pid}
        return {"supervisor": status.pid, **children}

    async def stats(self, pattern: str) -> dict[str, int]:
        return await Admin(self.gateway.home.admin_socket).stats(pattern)


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    authority = Authority(folder / "authority")
    tls = authority.leaf("localhost").server_context()
    with Echo(tls) as provider, Weather() as application:
        gateway = Archgw(folder, _KEYS)
        ports = {kinds.PROMPT: free_port(), kinds.LLM: free_port()}
        made = Stage(gateway, provider, application, authority.file, ports)
        made.write()
        application.says["/weather"] = Says()
        try:
            done = gateway.up()
            assert done.returncode == 0, done.stderr
            yield made
        finally:
            gateway.run("down", "--timeout", "0")
            assert gateway.processes() == []
