"""Who may call: listeners that anybody can reach, and keys that keep nobody out.

Tokens and certificates are in `credentials`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.defaults import BIND
from controlplane.hosts import is_address, is_loopback, unresolved
from controlplane.lint.rule import Finding, error, warning
from controlplane.problem import OPEN_LISTENER

if TYPE_CHECKING:
    from controlplane.model import Auth, Config, Listener

_OF_V0_1 = (("listener",), ("listen",))
"""Where v0.1 and 0.1-beta have their one listener, which had no door to close."""
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}")
_SHORTEST_KEY = 16


def _open(config: Config) -> Iterator[Listener]:
    """Listeners that others than this machine can call, and nobody said who may."""
    ingress = None if config.mode == "llm" else config.ingress
    for listener in (ingress, config.egress):
        address = listener.address if listener else None
        reachable = address and is_address(address) and not is_loopback(address)
        if listener and reachable and listener.auth is None:
            yield listener


def _was_so_in_v0_1(listener: Listener) -> bool:
    return listener.path in _OF_V0_1 and not listener.bound


def _found(listener: Listener) -> Finding:
    address = f"{listener.address} (from {BIND})" if listener.bound else listener.address
    message = f"anybody who reaches {address} may call this listener"
    hint = "add `auth: {api_keys: […]}`, or `auth: none` if that is meant"
    return Finding((*listener.path, "address"), message, hint)


@error(OPEN_LISTENER)
def open_listener(config: Config) -> Iterator[Finding]:
    """A listener can be called from other machines, by anybody.

    Whoever reaches it spends your providers' keys, and asks your APIs in your name. Say who may
    call, in `auth`, or `auth: none` if something in front of the gateway sees to that. With
    `--allow-open`, or ARCHGW_ALLOW_OPEN=1 in the environment, this is a warning.

    Wrong:
        listeners: {egress_traffic: {address: 0.0.0.0, port: 12000}}

    Right:
        listeners:
          egress_traffic:
            address: 0.0.0.0
            port: 12000
            auth: {api_keys: [{name: web, key: $K}]}
    """
    yield from (_found(each) for each in _open(config) if not _was_so_in_v0_1(each))


@warning("AG902")
def open_listener_of_v0_1(config: Config) -> Iterator[Finding]:
    """The `listener` of v0.1 can be called from other machines, by anybody.

    v0.1 could not ask who calls, and its own examples listen on 0.0.0.0; such configs stay valid.
    Say `auth: none` if it is meant.

    Wrong:
        listener: {address: 0.0.0.0, port: 10000}

    Right:
        listener: {address: 0.0.0.0, port: 10000, auth: none}
    """
    yield from (_found(each) for each in _open(config) if _was_so_in_v0_1(each))


def auths(config: Config) -> Iterator[tuple[Listener, Auth]]:
    """Of each listener that says who may call."""
    for listener in (config.ingress, config.egress):
        if listener and listener.auth:
            yield listener, listener.auth


@error("AG903")
def nobody_may_call(config: Config) -> Iterator[Finding]:
    """A listener asks who calls, but knows nobody.

    Every call would be a 401.

    Wrong:
        listeners: {egress_traffic: {auth: {api_keys: []}}}

    Right:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
    """
    for _, auth in auths(config):
        if not (auth.open_to_all or auth.keys or auth.jwt or auth.mtls):
            yield Finding(auth.path, "nobody could call this listener: no key is known")


@error("AG904")
def one_key_two_clients(config: Config) -> Iterator[Finding]:
    """One key is said to be that of two clients.

    Nobody could tell which of them calls.

    Wrong:
        listeners:
          egress_traffic: {auth: {api_keys: [{name: web, key: $K}, {name: batch, key: $K}]}}

    Right:
        listeners:
          egress_traffic: {auth: {api_keys: [{name: web, key: $K}, {name: batch, key: $K2}]}}
    """
    for _, auth in auths(config):
        owner: dict[str, str] = {}
        for each in auth.keys:
            first = owner.setdefault(each.key.value or "", each.client)
            if each.key.value and first != each.client:
                message = f"`{each.client}` has the same key as `{first}`"
                yield Finding(each.path, message, "give each client a key of its own")


@error("AG905")
def odd_client_name(config: Config) -> Iterator[Finding]:
    """A client's name cannot stand in a header.

    It goes through the gateway in one, and into logs and limits. Letters, digits and `._:@/-` can.

    Wrong:
        listeners: {egress_traffic: {auth: {api_keys: [{name: "the web shop", key: $K}]}}}

    Right:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web-shop, key: $K}]}}}
    """
    for _, auth in auths(config):
        for each in auth.keys:
            if not _CLIENT_NAME.fullmatch(each.client):
                message = f"no client can be called `{each.client}`"
                yield Finding(each.path, message, "write a name such as web-shop")
        for number, san in enumerate(auth.mtls.sans if auth.mtls else ()):
            if not unresolved(san) and not _CLIENT_NAME.fullmatch(san):
                message = f"no client can be called `{san}`"
                hint = "names of certificates are compared letter by letter: write out each"
                yield Finding((*auth.path, "mtls", "sans", number), message, hint)


@warning("AG906")
def short_key(config: Config) -> Iterator[Finding]:
    """A client's key is so short that it can be guessed.

    `openssl rand -hex 32` makes one that cannot.

    Wrong:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: secret}]}}}

    Right:
        listeners:
          egress_traffic: {auth: {api_keys: [{name: web, key: not-a-real-key-but-a-long-one}]}}
    """
    for _, auth in auths(config):
        for each in auth.keys:
            if each.key.value and len(each.key.value) < _SHORTEST_KEY:
                message = f"the key of `{each.client}` has under {_SHORTEST_KEY} characters"
                yield Finding(each.path, message, "`openssl rand -hex 32` makes a good one")


@warning("AG907")
def client_keys_in_clear(config: Config) -> Iterator[Finding]:
    """Clients on other machines send their keys or tokens without TLS.

    Who listens on the way has them. Give the listener a certificate, or let a proxy on this
    machine end TLS and call 127.0.0.1.

    Wrong:
        listeners:
          egress_traffic: {address: 0.0.0.0, auth: {api_keys: [{name: web, key: $K}]}}

    Right:
        listeners:
          egress_traffic:
            address: 0.0.0.0
            auth: {api_keys: [{name: web, key: $K}]}
            tls:
              tls_certificates:
                - {certificate_chain: /etc/certs/cert.pem, private_key: /etc/certs/key.pem}
    """
    for listener, auth in auths(config):
        address = listener.address
        reachable = address and is_address(address) and not is_loopback(address)
        if reachable and (auth.keys or auth.jwt) and not listener.certificates:
            what = "keys" if auth.keys else "tokens"
            message = f"{what} of clients come to {address} unencrypted"
            yield Finding(
                (*listener.path, "address"), message, "add `tls: {tls_certificates: […]}`"
            )
