"""Who may call a listener: Envoy's own filters, before anything that costs.

The filter that knows the keys is not in the listener but in a file of its own, which only this
user can read and Envoy watches. So no key is in what Envoy is told, printed or not, and a new one
is a new file: no listener is replaced for it, and no connection drained. While there is no such
file every call is a 401.

Envoy marks this filter as work in progress and outside its threat model. What it does for us is
to look one header up in a table; tests ask a real Envoy what it lets through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import TYPE_URL, Fields, typed
from controlplane.emit.render import to_json
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controlplane import ir
    from controlplane.home_paths import Home

_KEYS = "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth"
_KEY_HEADERS = ("x-api-key", "authorization")
"""The first one that is sent counts: SDKs of OpenAI send a bearer token, whatever it is."""

_OFF = typed("envoy.config.route.v3.FilterConfig", disabled=True)
LEFT_OPEN: Fields = {names.KEYS_FILTER: _OFF}
"""Per-route config of what nobody needs a key for."""


def filters(listener: ir.Listener, home: Home) -> list[Fields]:
    if listener.auth is None:
        return []
    return [_keys(listener, home), _name_for_the_log()]


def key_files(gateway: ir.Gateway, home: Home) -> Iterator[tuple[str, str]]:
    """(file name under the home's `secrets`, text) of each listener that asks for keys."""
    for listener in gateway.listeners:
        if listener.auth:
            resource = {
                "@type": TYPE_URL + "envoy.config.core.v3.TypedExtensionConfig",
                "name": names.KEYS_FILTER,
                "typed_config": _known(listener.auth.keys),
            }
            yield home.door_file(listener.name).name, to_json({"resources": [resource]})


def _keys(listener: ir.Listener, home: Home) -> Fields:
    source = {
        "resource_api_version": "V3",
        "initial_fetch_timeout": "5s",
        "path_config_source": {
            "path": str(home.door_file(listener.name)),
            "watched_directory": {"path": str(home.secrets)},
        },
    }
    return {
        "name": names.KEYS_FILTER,
        "config_discovery": {
            "config_source": source,
            "default_config": _known(()),
            "type_urls": [TYPE_URL + _KEYS],
        },
    }


def _known(keys: tuple[ir.SecretValue, ...]) -> Fields:
    return typed(
        _KEYS,
        credentials=[{"key": key.value, "client": key.name} for key in keys if key.value],
        key_sources=[{"header": header} for header in _KEY_HEADERS],
        forwarding={"header": contract.CLIENT_HEADER, "hide_credentials": True},
    )


def _name_for_the_log() -> Fields:
    # In the header it would be gone by the time that the log is written.
    rule = {
        "header": contract.CLIENT_HEADER,
        "on_header_present": {"metadata_namespace": names.CLIENT_METADATA, "key": "name"},
    }
    return {
        "name": "archgw.client_name",
        "typed_config": typed(
            "envoy.extensions.filters.http.header_to_metadata.v3.Config", request_rules=[rule]
        ),
    }
