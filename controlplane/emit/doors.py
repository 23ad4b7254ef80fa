"""Who may call a listener: Envoy's own filters, before anything that costs.

The filters that know keys are not in the listener but in files of their own, which only this
user can read and Envoy watches. So no key is in what Envoy is told, printed or not, and a new one
is a new file: no listener is replaced for it, and no connection drained. While there is no such
file every call is a 401.

One credential is enough, and the last filter is the door. First a token is checked, then a script
names the client that a token or a certificate speaks for, and removes what it sent. The filter
of keys then lets those pass that are named already; of all others it wants a key that it knows,
and without any in the config it knows none. So whatever fails before it leaves the door shut.

Envoy marks the filter of keys as work in progress and outside its threat model. What it does for
us is to look one header up in a table; tests ask a real Envoy what it lets through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.emit import lua, names
from controlplane.emit.proto import TYPE_URL, Fields, typed
from controlplane.emit.render import to_json
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controlplane.home_paths import Home

_FILTERS = "envoy.extensions.filters.http"
_KEYS = f"{_FILTERS}.api_key_auth.v3.ApiKeyAuth"
_TOKENS = f"{_FILTERS}.jwt_authn.v3.JwtAuthentication"
_KEY_HEADERS = ("x-api-key", "authorization")
"""The first one that is sent counts: SDKs of OpenAI send a bearer token, whatever it is."""

_SCHEMES = ("Bearer", "bearer", "BEARER")
"""The case of a scheme does not matter (RFC 9110), but Envoy compares it."""

CLOCK_SKEW_SECONDS = 60
"""By which the clocks of an issuer and of this machine may differ."""

_OFF = typed("envoy.config.route.v3.FilterConfig", disabled=True)
LEFT_OPEN: Fields = {names.KEYS_FILTER: _OFF}
"""Per-route config of what nobody needs a credential for."""


def filters(listener: ir.Listener, home: Home) -> list[Fields]:
    auth = listener.auth
    if auth is None:
        return []
    door = _in_a_file(names.KEYS_FILTER, home.door_file(listener.name), _door(()))
    found = [door, _name_for_the_log(auth)]
    if _names_others(auth):
        found.insert(0, lua.lua_filter(names.NAMING_FILTER, lua.naming_source(ir.Auth(()))))
    if auth.tokens:
        nobody = typed(_TOKENS)
        found.insert(0, _in_a_file(names.TOKENS_FILTER, home.token_file(listener.name), nobody))
    return found


def per_route(auth: ir.Auth | None) -> Fields:
    """Whom the script names is looked up anew for each request.

    Also where it is no filter any more: on the connections of the last listener it still is.
    """
    if auth is None:
        return {}
    source = {"inline_string": lua.naming_source(auth)}
    return {names.NAMING_FILTER: typed(f"{_FILTERS}.lua.v3.LuaPerRoute", source_code=source)}


def key_files(gateway: ir.Gateway, home: Home) -> Iterator[tuple[str, str]]:
    """(file name under the home's `secrets`, text) of each filter that knows keys."""
    for listener in gateway.listeners:
        if auth := listener.auth:
            yield _file(home.door_file(listener.name), names.KEYS_FILTER, _door(auth.keys))
            if auth.tokens:
                checked = _checked(auth.tokens, listener.name)
                yield _file(home.token_file(listener.name), names.TOKENS_FILTER, checked)


def _file(file: Path, name: str, config: Fields) -> tuple[str, str]:
    kind = TYPE_URL + "envoy.config.core.v3.TypedExtensionConfig"
    resource = {"@type": kind, "name": name, "typed_config": config}
    return file.name, to_json({"resources": [resource]})


def _in_a_file(name: str, file: Path, until_then: Fields) -> Fields:
    source = {
        "resource_api_version": "V3",
        "initial_fetch_timeout": "5s",
        "path_config_source": {
            "path": str(file),
            "watched_directory": {"path": str(file.parent)},
        },
    }
    return {
        "name": name,
        "config_discovery": {
            "config_source": source,
            "default_config": until_then,
            "type_urls": [until_then["@type"]],
        },
    }


def _names_others(auth: ir.Auth) -> bool:
    """Whether clients may be known by anything but a key."""
    return bool(auth.tokens or auth.certificates)


def _door(keys: tuple[ir.SecretValue, ...]) -> Fields:
    """It lets pass whom others have named, also where there are none.

    Filters of listeners old and new read the same file, and all refuse it if it is not of the type
    of each.
    """
    known = typed(
        _KEYS,
        credentials=[
            {"key": spelt, "client": key.name}
            for key in keys
            if key.value
            for spelt in _as_sent(key.value)
        ],
        key_sources=[{"header": header} for header in _KEY_HEADERS],
        forwarding={"header": contract.CLIENT_HEADER, "hide_credentials": True},
    )
    named = {
        "name": "client",
        "typed_config": typed(
            "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=contract.CLIENT_HEADER
        ),
    }
    somebody = {"safe_regex": {"google_re2": {}, "regex": ".+"}}
    skip = typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")
    matcher = {
        "predicate": {"single_predicate": {"input": named, "value_match": somebody}},
        "on_match": {"action": {"name": "skip", "typed_config": skip}},
    }
    return typed(
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        extension_config={"name": names.KEYS_FILTER, "typed_config": known},
        xds_matcher={"matcher_list": {"matchers": [matcher]}},
    )


def _as_sent(key: str) -> Iterator[str]:
    """What is left of it in a header: Envoy takes `Bearer` away, and no other spelling."""
    yield key
    yield from (f"{scheme} {key}" for scheme in _SCHEMES if scheme != "Bearer")


_ISSUER = "issuer"


def _checked(tokens: ir.Tokens, listener: str) -> Fields:
    """Lets pass what has no token, or one that does not hold: others may know the client."""
    provider: Fields = {
        "issuer": tokens.issuer,
        "audiences": list(tokens.audiences),
        **_key_set(tokens.keys, listener),
        # In a query it would stand in logs on the way.
        "from_headers": [
            {"name": "authorization", "value_prefix": f"{scheme} "} for scheme in _SCHEMES
        ],
        "forward": False,
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "claim_to_headers": [
            {"header_name": names.JWT_CLIENT_HEADER, "claim_name": tokens.client_claim}
        ],
        "failed_status_in_metadata": names.JWT_REFUSED,
    }
    either = {"requirements": [{"provider_name": _ISSUER}, {"allow_missing_or_failed": {}}]}
    rule = {"match": {"prefix": "/"}, "requires": {"requires_any": either}}
    return typed(_TOKENS, providers={_ISSUER: provider}, rules=[rule])


def _key_set(keys: ir.SecretValue | ir.KeySet, listener: str) -> Fields:
    if isinstance(keys, ir.SecretValue):
        # What has been checked is known again, at half the cost. New keys are a new filter, which knows
        # none; of keys that Envoy fetches itself it would know tokens that a withdrawn one signed.
        return {
            "local_jwks": {"inline_string": keys.value or '{"keys": []}'},
            "jwt_cache_config": {"jwt_cache_size": 1000},
        }
    source = {
        "uri": keys.url,
        "cluster": names.key_set_cluster(listener),
        "timeout": "2s",
    }
    return {
        "remote_jwks": {
            "http_uri": source,
            "cache_duration": "300s",
            # The listener serves clients of other kinds while the keys cannot be had.
            "async_fetch": {"fast_listener": True, "failed_refetch_duration": "5s"},
        }
    }


def _name_for_the_log(auth: ir.Auth) -> Fields:
    # In the header it would be gone by the time that the log is written.
    rules = [_told(contract.CLIENT_HEADER, "name")]
    if auth.tokens:
        rules.append(_told(contract.CLIENT_HEADER, names.COUNTED_KEY))
        # Last, as what it tells takes the place of that.
        rules.append({**_told(names.ISSUED_HEADER, names.COUNTED_KEY), "remove": True})
    return {
        "name": "archgw.client_name",
        "typed_config": typed(f"{_FILTERS}.header_to_metadata.v3.Config", request_rules=rules),
    }


def _told(header: str, key: str) -> Fields:
    told = {"metadata_namespace": names.CLIENT_METADATA, "key": key}
    return {"header": header, "on_header_present": told}
