"""Where a running gateway keeps its files: one home, one instance.

Sockets lie in `run`, keys in `secrets` (both 0700), access logs in `logs`. Envoy, the
control plane and the other processes find each other by these paths and no other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one running gateway, and each file in it by what it is for."""

    folder: Path
    logs: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def admin_socket(self) -> Path:
        return self.run / "admin.sock"

    @property
    def ads_socket(self) -> Path:
        return self.run / "ads.sock"

    @property
    def control_socket(self) -> Path:
        """Where `archgw reload` and `status` speak to the supervisor."""
        return self.run / "control.sock"

    @property
    def scrape_socket(self) -> Path:
        """Where the supervisor tells the metrics of all processes as one."""
        return self.run / "scrape.sock"

    @property
    def internal_socket(self) -> Path:
        """Envoy's listener for calls to the application's own APIs."""
        return self.run / "internal.sock"

    @property
    def extproc_sockets(self) -> tuple[Path, Path]:
        return self.run / "extproc-0.sock", self.run / "extproc-1.sock"

    @property
    def metrics_sockets(self) -> tuple[Path, Path]:
        """Where each extproc process answers `GET /metrics`, in the order of its sockets."""
        return self.run / "extproc-0-metrics.sock", self.run / "extproc-1-metrics.sock"

    @property
    def model_server_socket(self) -> Path:
        return self.run / "modelserver.sock"

    @property
    def models_socket(self) -> Path:
        """Envoy's listener for model servers at ports, among which it chooses."""
        return self.run / "models.sock"

    @property
    def spans_socket(self) -> Path:
        """Where Envoy tells of LLM calls, to be made spans of."""
        return self.run / "spans.sock"

    @property
    def limits_socket(self) -> Path:
        """Where Envoy asks our process for limits that many gateways share."""
        return self.run / "limits.sock"

    @property
    def limits_metrics_socket(self) -> Path:
        return self.run / "limits-metrics.sock"

    def model_server(self, address: str | None) -> str:
        """Where the model server is: its `host:port`, else this home's socket."""
        return address or f"unix:{self.model_server_socket}"

    @property
    def console_file(self) -> Path:
        """Where the console is, with the token that opens it."""
        return self.run / "console.json"

    @property
    def bootstrap_file(self) -> Path:
        return self.run / "bootstrap.json"

    @property
    def lock_file(self) -> Path:
        return self.folder / "lock"

    @property
    def children_file(self) -> Path:
        """Every child by pid and start time, for an `up` after a crash."""
        return self.run / "children.json"

    @property
    def failure_file(self) -> Path:
        """Why the gateway ended by itself, for `status`; the next `up` removes it."""
        return self.folder / "last-failure.txt"

    @property
    def sockets(self) -> tuple[Path, ...]:
        return (
            self.admin_socket,
            self.ads_socket,
            self.control_socket,
            self.scrape_socket,
            self.internal_socket,
            *self.extproc_sockets,
            *self.metrics_sockets,
            self.model_server_socket,
            self.models_socket,
            self.spans_socket,
            self.limits_socket,
            self.limits_metrics_socket,
        )

    @property
    def usage_log(self) -> Path:
        """What each call to an LLM cost, in JSON lines."""
        return self.logs / "usage.log"

    @property
    def runtime(self) -> Path:
        """What prompts are decided by: a file for each generation of the config."""
        return self.run / "runtime"

    def runtime_file(self, generation: str) -> Path:
        return self.runtime / f"{generation}.json"

    def model_server_file(self, version: str) -> Path:
        """The embedded model server's settings, where it needs any."""
        return self.run / f"modelserver-{version}.yaml"

    def key_file(self, secret: str) -> Path:
        """The only file that holds the key."""
        return self.secrets / f"{secret}.key"

    def door_file(self, listener: str) -> Path:
        """The filter that knows a listener's clients, with their keys."""
        return self.secrets / f"clients-{listener}.json"

    def token_file(self, listener: str) -> Path:
        """The filter that checks tokens of a listener's clients, with the keys for it."""
        return self.secrets / f"tokens-{listener}.json"

    def sds_file(self, secret: str) -> Path:
        """Tells Envoy where the key or certificate is; holds none itself."""
        return self.secrets / f"{secret}.sds.yaml"


def locate(home: str | None, env: Mapping[str, str]) -> Home:
    """`--home`, else `$ARCHGW_HOME`, else `~/.archgw`.

    Logs go to `$ARCHGW_LOGS`, where that is set. Those of the default home go to
    `~/archgw_logs` where that exists, as in v0.1.
    """
    chosen, logs = home or env.get("ARCHGW_HOME"), env.get("ARCHGW_LOGS")
    if chosen or logs:
        path = Path(chosen or "~/.archgw").expanduser().absolute()
        return Home(path, Path(logs).expanduser().absolute() if logs else path / "logs")
    path = Path.home() / ".archgw"
    old_logs = Path.home() / "archgw_logs"
    return Home(path, old_logs if old_logs.is_dir() else path / "logs")
