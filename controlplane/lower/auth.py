"""Who may call: keys under the names of their clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import ir

if TYPE_CHECKING:
    from controlplane import model


def lower_auth(written: model.Auth) -> ir.Auth | None:
    """None where anybody may call."""
    if not written.keys:
        return None
    keys = (ir.SecretValue(each.client, each.key.value) for each in written.keys)
    return ir.Auth(keys=tuple(dict.fromkeys(keys)))
