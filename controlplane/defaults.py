"""What the machine, rather than the config, has a say in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    ca_file: str
    """The bundle that upstream certificates are checked against by default."""
    model_server: str = "127.0.0.1:51000"
    """Where the embedded model server listens by default."""
