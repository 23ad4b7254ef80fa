"""Tokens and certificates of clients: whose they are, and how it is seen that they hold."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.hosts import split, unresolved
from controlplane.lint.doors import auths
from controlplane.lint.rule import Finding, error

if TYPE_CHECKING:
    from controlplane.model import Config, Jwt


def _tokens(config: Config) -> Iterator[Jwt]:
    yield from (auth.jwt for _, auth in auths(config) if auth.jwt)


@error("AG908")
def tokens_of_anybody(config: Config) -> Iterator[Finding]:
    """A listener takes tokens without saying who makes them, for whom, or with which keys.

    Without an issuer and an audience it would take a token that was made for another service, and
    whoever runs that service could call in the name of its users.

    Wrong:
        listeners:
          egress_traffic: {auth: {jwt: {jwks_url: "https://login.example.com/jwks.json"}}}

    Right:
        listeners:
          egress_traffic:
            auth:
              jwt:
                issuer: https://login.example.com/
                audience: archgw
                jwks_url: https://login.example.com/jwks.json
    """
    for jwt in _tokens(config):
        if not jwt.issuer:
            hint = "add `issuer:`, as the tokens say it in `iss`"
            yield Finding(jwt.path, "nobody says who makes the tokens", hint)
        if not all(jwt.audiences) or not jwt.audiences:
            hint = "add `audience:`, as the tokens say it in `aud`"
            yield Finding(jwt.path, "nobody says for whom the tokens are made", hint)
        if jwt.keys is None and jwt.url is None:
            hint = "add `jwks_url: https://…` or `jwks_file:`"
            yield Finding(jwt.path, "nobody says where the keys of the issuer are", hint)


@error("AG909")
def two_key_sets(config: Config) -> Iterator[Finding]:
    """The keys that tokens are checked with are said to be in two places.

    Wrong:
        listeners:
          egress_traffic:
            auth:
              jwt:
                issuer: https://login.example.com/
                audience: archgw
                jwks_file: surely/not/there
                jwks_url: https://login.example.com/jwks.json

    Right:
        listeners:
          egress_traffic:
            auth:
              jwt:
                issuer: https://login.example.com/
                audience: archgw
                jwks_url: https://login.example.com/jwks.json
    """
    for jwt in _tokens(config):
        if jwt.keys and jwt.url:
            message = "both `jwks_file` and `jwks_url` are given"
            yield Finding((*jwt.path, "jwks_file"), message, "keep one of them")


@error("AG910")
def key_set_in_clear(config: Config) -> Iterator[Finding]:
    """The keys of an issuer are not fetched over https.

    Whoever answers in its place could sign a token for every client, so who answers is checked by
    its certificate. `jwt.tls.ca_file` names an authority of your own.

    Wrong:
        listeners:
          egress_traffic:
            auth:
              jwt:
                issuer: https://login.example.com/
                audience: archgw
                jwks_url: http://login.example.com/jwks.json

    Right:
        listeners:
          egress_traffic:
            auth:
              jwt:
                issuer: https://login.example.com/
                audience: archgw
                jwks_url: https://login.example.com/jwks.json
    """
    for jwt in _tokens(config):
        if jwt.url is None or unresolved(jwt.url):
            continue
        path = (*jwt.path, "jwks_url")
        where, _, query = jwt.url.partition("?")
        host = split(where)
        if host is None or host.user is not None or not set(query).isdisjoint("#\\ \t\r\n"):
            yield Finding(path, "this is no URL of a key set", "write `https://host/path`")
        elif host.scheme != "https":
            yield Finding(path, "keys of an issuer have to come over https", "write `https://…`")
        elif _is_nobodys(host.name):
            message = f"`{host.name}` is the address of no issuer"
            yield Finding(path, message, "name the host of the issuer")


def _is_nobodys(name: str) -> bool:
    """Addresses of a link, where clouds have their metadata, or of no single machine."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified


@error("AG911")
def certificates_of_anybody(config: Config) -> Iterator[Finding]:
    """A listener takes certificates of clients without saying who signs them, or whose they are.

    A public CA signs certificates of everybody, so the names of those that may call are needed, too.

    Wrong:
        listeners:
          egress_traffic:
            auth: {mtls: {ca_file: clients.pem}}
            tls: {tls_certificates: {certificate_chain: chain.pem, private_key: key.pem}}

    Right:
        listeners:
          egress_traffic:
            auth: {mtls: {ca_file: clients.pem, sans: ["spiffe://corp.example/shop"]}}
            tls: {tls_certificates: {certificate_chain: chain.pem, private_key: key.pem}}
    """
    for _, auth in auths(config):
        if auth.mtls and not auth.mtls.ca_file:
            yield Finding(
                auth.mtls.path, "nobody says who signs the certificates", "add `ca_file:`"
            )
        if auth.mtls and not auth.mtls.sans:
            hint = "add `sans:`, each a URI or DNS name that a certificate has"
            yield Finding(auth.mtls.path, "nobody says which certificates may call", hint)


@error("AG912")
def certificates_without_tls(config: Config) -> Iterator[Finding]:
    """A listener knows clients by certificates, which none can show it without TLS.

    Wrong:
        listeners:
          egress_traffic:
            auth: {mtls: {ca_file: clients.pem, sans: ["spiffe://corp.example/shop"]}}

    Right:
        listeners:
          egress_traffic:
            auth: {mtls: {ca_file: clients.pem, sans: ["spiffe://corp.example/shop"]}}
            tls: {tls_certificates: {certificate_chain: chain.pem, private_key: key.pem}}
    """
    for listener, auth in auths(config):
        if auth.mtls and not listener.certificates:
            message = "no client can show a certificate to a listener without TLS"
            yield Finding(auth.mtls.path, message, "add `tls: {tls_certificates: […]}`")
