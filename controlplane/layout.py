"""Where a running gateway keeps its files: one home, one instance.

Sockets lie in `run`, keys in `secrets` (both 0700), access logs in `logs`. Envoy, the
control plane and the other processes find each other by these paths and no other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    home: Path
    logs: Path

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

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
    def internal_socket(self) -> Path:
        """Envoy's listener for calls to the application's own APIs."""
        return self.run / "internal.sock"

    @property
    def extproc_sockets(self) -> tuple[Path, Path]:
        return self.run / "extproc-0.sock", self.run / "extproc-1.sock"

    @property
    def bootstrap_file(self) -> Path:
        return self.run / "bootstrap.json"

    @property
    def runtime_file(self) -> Path:
        """What the extproc processes read: the runtime config."""
        return self.run / "runtime.json"

    def key_file(self, secret: str) -> Path:
        """The only file that holds the key."""
        return self.secrets / f"{secret}.key"

    def sds_file(self, secret: str) -> Path:
        """Tells Envoy where the key or certificate is; holds none itself."""
        return self.secrets / f"{secret}.sds.yaml"
