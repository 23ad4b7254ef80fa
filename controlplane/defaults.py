"""What holds where the config says nothing: ports, time limits, and what the machine brings along.

The rules warn of clashes with these ports, `lower` gives them to the gateway, and `doctor`
looks whether they are free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

ALLOW_OPEN = "ARCHGW_ALLOW_OPEN"
"""The variable that `--allow-open` sets, and that a container sets itself."""

BIND = "ARCHGW_BIND"
"""The variable with an address that takes the place of this machine's own, which in a container
nobody else can reach: not even who asks whether the gateway lives."""
MODEL_SERVER_ADDRESS = "MODEL_SERVER_ADDRESS"
"""The variable that says where the model server is, for a config that does not."""

LOOPBACK = "127.0.0.1"
LLM_ADDRESS = LOOPBACK
LLM_PORT = 12000
PROMPT_ADDRESS = LOOPBACK
PROMPT_PORT = 10000
STATS_PORT = 19901
CONSOLE_PORT = 19980
"""The next free one is taken where it is not."""
MODEL_SERVER_PORT = 51000
"""Of a model server that runs apart from a gateway; the embedded one is on a socket of the home."""
MODEL_SERVER = f"{LOOPBACK}:{MODEL_SERVER_PORT}"
MODEL_SERVER_SECRET = "key-model-server"  # noqa: S105  the name of one
"""The token that a model server at a port has to know."""

LLM_MAX_BODY = 10 << 20
"""Bytes. Of a prompt it is less: `extproc.contract.MAX_BODY`."""

CONNECT_TIMEOUT = timedelta(seconds=5)
LIMITS_DOMAIN = "archgw"
"""Gateways of one domain have one sum for each limit, where sums are shared."""

FIRST_BYTE_TIMEOUT = timedelta(seconds=120)
IDLE_TIMEOUT = timedelta(seconds=300)
HEALTH_CHECK_INTERVAL = timedelta(seconds=5)
HEALTH_CHECK_TIMEOUT = timedelta(seconds=1)

COLLECTOR = f"http://{LOOPBACK}:4318"
"""OpenTelemetry's usual place, and v0.1's."""
SERVICE_NAME = "archgw"

TOXICITY_THRESHOLD = 0.5
"""Of a jailbreak guard there is none here: its model has one of its own, calibrated."""

USAGE_FILES_KEPT = 8
"""Beside `usage.log` itself, for `archgw usage` to look back into: some 700,000 calls."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine, rather than the config, has a say in."""

    ca_file: str
    """The bundle that upstream certificates are checked against by default."""
    model_servers: tuple[str, ...] = ()
    """Where model servers listen by default; none for a socket of the home."""
    model_server_token: str | None = field(default=None, repr=False)
    """What it has to know there, where the config does not say."""
    stats_port: int = STATS_PORT
    """Where the statistics are, if the config does not say."""
    stats_address: str = LOOPBACK
