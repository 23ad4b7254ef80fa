"""What the gateway runs by: its file with the problems in it, its last reload, who holds what."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from controlplane.supervise import control_client

if TYPE_CHECKING:
    from controlplane.console.decisions import Decisions
    from controlplane.home_paths import Home


async def gathered(home: Home, decisions: Decisions) -> dict[str, Any]:
    """Raises UnreachableError where no gateway runs."""
    status, looked, generations = await asyncio.gather(
        asyncio.to_thread(control_client.status, home.control_socket),
        asyncio.to_thread(control_client.look, home.control_socket),
        decisions.generations(),
    )
    return {
        "status": status.to_json(),
        "file": looked.to_json(),
        "generations": generations,
        "newest_generation": _newest(home),
    }


def _newest(home: Home) -> str | None:
    """What prompts that come now are decided by, which a process reads when the first one comes."""
    files = sorted(home.runtime.glob("*.json"), key=lambda file: file.stat().st_mtime)
    return files[-1].stem if files else None
