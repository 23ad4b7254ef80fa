"""Where sums are that many gateways share: in Redis, or with a service that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import defaults, ir
from controlplane.lower.addresses import place

if TYPE_CHECKING:
    from controlplane import model
    from controlplane.lower.addresses import Addressing

_SECRET = "key-redis"  # noqa: S105  the name of one
_SERVICE_PORT = 8081
"""Of envoyproxy/ratelimit."""


def lower_shared_limits(
    config: model.Config, addressing: Addressing
) -> tuple[ir.SharedLimits | None, tuple[ir.SecretValue, ...]]:
    written = config.counting
    if written is None or not written.shared or not config.providers:
        return None, ()
    keeper: ir.Redis | ir.Upstream
    secrets: tuple[ir.SecretValue, ...] = ()
    if written.service:
        where = place((written.service,), None, default_port=_SERVICE_PORT)
        keeper = addressing.upstream("limits", where, None, None, written.ca_file)
    else:
        assert written.redis is not None, "the rule AG616 asks for one of the two"
        if written.password:
            secrets = (ir.SecretValue(_SECRET, written.password.value),)
        ca_file = written.ca_file or addressing.ca_file
        keeper = ir.Redis(written.redis, _SECRET if secrets else None, ca_file)
    return (
        ir.SharedLimits(
            domain=written.domain or defaults.LIMITS_DOMAIN,
            keeper=keeper,
            refuses_unknown=written.on_failure != "allow",
        ),
        secrets,
    )
