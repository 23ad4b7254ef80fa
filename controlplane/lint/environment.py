"""What the environment says in place of the config, and is not usable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.defaults import MODEL_SERVER_ADDRESS
from controlplane.hosts import split
from controlplane.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def problems(model_servers: Iterable[str]) -> Iterator[Problem]:
    for written in model_servers:
        host = split(written)
        if host is None or host.scheme not in (None, "http") or host.path.strip("/"):
            message = f"{MODEL_SERVER_ADDRESS} names `{written}`, which is no host and port"
            hint = "write host:port; several of them with commas between"
            yield Problem("AG713", Severity.ERROR, (), message, hint)
