"""Addresses that can be listened on, and hosts that can be called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane import client_headers
from controlplane.hosts import is_address, split, unresolved
from controlplane.lint.rule import Finding, error, warning
from extproc.contract import ANY_ORIGIN, OWN_PREFIX

if TYPE_CHECKING:
    from controlplane.model import Config, Path

_LONGEST_NAME = 128


@error("AG701")
def bad_listener_address(config: Config) -> Iterator[Finding]:
    """A listener's address is no IP address.

    A listener is bound to an address of this machine: 127.0.0.1 for callers on it alone,
    0.0.0.0 for all.

    Wrong:
        listener: {address: my-gateway, port: 10000}

    Right:
        listener: {address: 0.0.0.0, port: 10000}
    """
    for listener in (config.ingress, config.egress):
        address = listener.address if listener else None
        if listener and address and not unresolved(address) and not is_address(address):
            message = f"`{address}` is no IP address to listen on"
            hint = "127.0.0.1 for callers on this machine alone, 0.0.0.0 for all"
            yield Finding((*listener.path, "address"), message, hint)


@error("AG702")
def bad_host(config: Config) -> Iterator[Finding]:
    """An endpoint's address is no host, with or without a port.

    Wrong:
        endpoints:
          app: "127.0.0.1:80800"

    Right:
        endpoints:
          app: "127.0.0.1:8080"
    """
    for path, written in _hosts(config):
        host = split(written)
        if host is None or host.scheme not in (None, "http", "https"):
            message = f"`{written}` is no address" if "@" not in written else "this is no address"
            hint = "write host, host:port (1 to 65535), http://… or https://…"
            yield Finding(path, message, hint)


def _hosts(config: Config) -> Iterator[tuple[Path, str]]:
    for endpoint in config.endpoints:
        if endpoint.implicit:
            # Named by the error target, where AG202 speaks of it. A name is never a variable.
            yield endpoint.path, endpoint.name
    yield from ((path, each) for path, each in _addresses(config) if not unresolved(each))


def _addresses(config: Config) -> Iterator[tuple[Path, str]]:
    for endpoint in config.endpoints:
        if not endpoint.implicit:
            path = (*endpoint.path, "endpoint")
            yield from (((*path, number), each) for number, each in enumerate(endpoint.addresses))
    for provider in config.providers:
        if provider.endpoint is not None:
            yield (*provider.path, "endpoint"), provider.endpoint
    yield from _model_servers(config)


def _model_servers(config: Config) -> Iterator[tuple[Path, str]]:
    if server := config.model_server:
        path = (*server.path, "address")
        several = len(server.addresses) > 1
        for number, each in enumerate(server.addresses):
            yield ((*path, number) if several else path), each


@error("AG715")
def bad_http_host(config: Config) -> Iterator[Finding]:
    """An `http_host` is no name of a host.

    It is sent as it is, in the header `Host` of each call and in TLS: the name alone, and a port
    where the host wants one.

    Wrong:
        endpoints:
          app: {endpoint: "10.0.0.2:8001", http_host: "https://app.corp/"}

    Right:
        endpoints:
          app: {endpoint: "10.0.0.2:8001", http_host: app.corp}
    """
    named = [(each.path, each.http_host) for each in config.endpoints]
    named += [(each.path, each.http_host) for each in config.providers]
    for path, written in named:
        host = split(written) if written is not None else None
        if written is not None and (not host or host.scheme or host.path or host.user is not None):
            message = f"{written!r} is no name of a host"
            yield Finding((*path, "http_host"), message, "write a name such as app.corp")


@error("AG703")
def bad_base_url(config: Config) -> Iterator[Finding]:
    """A `base_url` is no URL.

    It is the provider's API with scheme, host and path, as an OpenAI client takes it.

    Wrong:
        llm_providers:
          - {name: ours, model: m, base_url: llm.corp/v1}

    Right:
        llm_providers:
          - {name: ours, model: m, base_url: "https://llm.corp/v1"}
    """
    urls = [((*provider.path, "base_url"), provider.base_url) for provider in config.providers]
    if config.function_calling:
        path = (*config.function_calling.path, "base_url")
        urls.append((path, config.function_calling.base_url))
    for path, url in urls:
        if url is None or unresolved(url):
            continue
        host = split(url)
        if host is None or host.scheme not in ("http", "https"):
            message = "this is no http(s) URL"
            yield Finding(path, message, "write `https://host/v1`")


@warning("AG704")
def path_in_host(config: Config) -> Iterator[Finding]:
    """An endpoint's address has a path, which is not used.

    Paths stand with each prompt target; the endpoint says only where the hosts are.

    Wrong:
        endpoints:
          app: http://127.0.0.1:8000/api

    Right:
        endpoints:
          app: http://127.0.0.1:8000
    """
    for endpoint in config.endpoints:
        for number, written in enumerate(endpoint.addresses):
            host = split(written)
            if host and host.path.strip("/"):
                message = f"the path `{host.path}` of an endpoint is not used"
                hint = "write it into the `path` of each target"
                yield Finding((*endpoint.path, "endpoint", number), message, hint)


@error("AG705")
def no_hosts(config: Config) -> Iterator[Finding]:
    """An endpoint has an empty list of hosts.

    Wrong:
        endpoints:
          app: {endpoint: []}

    Right:
        endpoints:
          app: {endpoint: ["127.0.0.1:8000", "127.0.0.1:8001"]}
    """
    for endpoint in config.endpoints:
        if not endpoint.addresses:
            yield Finding(endpoint.path, f"`{endpoint.name}` has no host", "add host:port")


@warning("AG706")
def mixed_schemes(config: Config) -> Iterator[Finding]:
    """Hosts of one endpoint are called some with TLS and some without.

    They are one pool with one way of calling it: with TLS, as soon as one of them needs it.

    Wrong:
        endpoints:
          app: {endpoint: ["https://a.corp", "http://b.corp"]}

    Right:
        endpoints:
          app: {endpoint: ["https://a.corp", "https://b.corp"]}
    """
    for endpoint in config.endpoints:
        hosts = [split(written) for written in endpoint.addresses]
        kinds = {host.https for host in hosts if host}
        if len(kinds) > 1 and endpoint.protocol is None:
            message = f"hosts of `{endpoint.name}` are called both with and without TLS"
            yield Finding((*endpoint.path, "endpoint"), message, "add `protocol: https` or `http`")


@error("AG707")
def function_calling_without_server(config: Config) -> Iterator[Finding]:
    """Function calling is left to an OpenAI-compatible server, but which one is not said.

    Wrong:
        function_calling: {backend: openai}

    Right:
        function_calling: {backend: openai, base_url: "http://127.0.0.1:8001/v1", model: m}
    """
    calling = config.function_calling
    if calling and calling.backend == "openai":
        for key in ("base_url", "model"):
            if getattr(calling, key) is None:
                message = f"`backend: openai` needs `{key}`"
                yield Finding(calling.path, message, f"add `{key}:`")


@warning("AG714")
def function_calling_of_others(config: Config) -> Iterator[Finding]:
    """Function calling is said for a model server that the gateway does not start.

    It is the model server that asks the OpenAI-compatible one, checks its calls and falls back on its own
    models. One that runs apart has settings of its own: `archgw-modelserver --config FILE`, with
    `function_calling: {backend: openai, base_url: …, model: …}` in it.

    Wrong:
        model_server: {address: "10.0.0.7:51000", token: $MODEL_SERVER_TOKEN}
        function_calling: {backend: openai, base_url: "http://127.0.0.1:8001/v1", model: m}

    Right:
        function_calling: {backend: openai, base_url: "http://127.0.0.1:8001/v1", model: m}
    """
    calling, server = config.function_calling, config.model_server
    apart = server is not None and bool(server.addresses) and not server.embedded
    if calling and calling.backend == "openai" and apart:
        message = "has no effect: the model server is not started by this gateway"
        yield Finding(calling.path, message, "say it in the model server's own settings (--config)")


@error("AG713")
def model_server_of_another_kind(config: Config) -> Iterator[Finding]:
    """A model server's address has a scheme other than http, or a path.

    It speaks HTTP at a port and no TLS: between hosts it needs a tunnel or a network of its own. A
    name stands for all addresses that it has, and Envoy chooses among them.

    Wrong:
        model_server: {address: "https://models.corp/v1", token: $MODEL_SERVER_TOKEN}

    Right:
        model_server: {address: "models.corp:51000", token: $MODEL_SERVER_TOKEN}
    """
    for path, written in _model_servers(config):
        host = split(written)
        if host and (host.scheme not in (None, "http") or host.path.strip("/")):
            message = f"`{written}` is no host and port"
            yield Finding(path, message, "write host:port, without a scheme")


_SET_BY_US = frozenset(
    ("host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade")
)


@error("AG710")
def odd_api_header(config: Config) -> Iterator[Finding]:
    """`http_headers` of a target, or `headers` elsewhere, names no header, or one of the gateway's.

    The name of the host is `http_host` of its endpoint. Length and type of a body are those of
    the body, and `x-arch-…` is for the gateway's own use.

    Wrong:
        endpoints: {app: "127.0.0.1:8000"}
        prompt_targets:
          - name: weather
            description: Current weather in a city
            endpoint: {name: app, path: /now, http_headers: {"Content-Length": "5"}}

    Right:
        endpoints: {app: "127.0.0.1:8000"}
        prompt_targets:
          - name: weather
            description: Current weather in a city
            endpoint: {name: app, path: /now, http_headers: {x-api-version: "2"}}
    """
    named: list[tuple[Path, str]] = [
        ((*target.path, "endpoint", "http_headers", name), name)
        for target in config.prompt_targets
        for name, _ in (target.endpoint.http_headers if target.endpoint else ())
    ]
    for provider in config.providers:
        named += [((*provider.path, "headers", name), name) for name, _ in provider.headers]
    if tracing := config.tracing:
        named += [((*tracing.path, "headers", name), name) for name, _ in tracing.headers]
    for path, name in named:
        ours = name.lower() in _SET_BY_US or name.lower().startswith(OWN_PREFIX)
        if ours or not client_headers.NAME.fullmatch(name):
            message = f"`{name}` is set by the gateway" if ours else f"`{name}` is no header"
            yield Finding(path, message, "leave it out", on_key=True)


@error("AG711")
def odd_origin(config: Config) -> Iterator[Finding]:
    """An origin of web pages is none that a browser says.

    It is scheme, host and port, without a path or a slash at its end. `https://*.example.com` means
    all hosts below that one, `http://localhost:*` all ports, and `*` every page; with cookies, which
    would let any page act as its visitor, `*` is refused.

    Wrong:
        listener:
          address: 127.0.0.1
          port: 10000
          cors: {allow_origins: [app.example.com, "https://example.com/app"]}

    Right:
        listener:
          address: 127.0.0.1
          port: 10000
          cors: {allow_origins: ["https://app.example.com", "https://*.example.com"]}
    """
    for listener in (config.ingress, config.egress):
        cors = listener.cors if listener else None
        for number, origin in enumerate(cors.origins if cors else ()):
            path = (*cors.path, "allow_origins", number) if cors else ()
            if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
                message = f"`{origin}` is no origin of a web page"
                yield Finding(path, message, "write it as https://app.example.com, or `*` for all")
            elif origin == ANY_ORIGIN and cors and cors.credentials:
                message = "`*` with `allow_credentials` would let every page act as its visitor"
                yield Finding(path, message, "name the origins")


_ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*)(:([0-9]{1,5}|\*))?"
)


@error("AG708")
def odd_name(config: Config) -> Iterator[Finding]:
    r"""A name is too long, or holds a line break.

    Clients say names in headers, and clusters and files are named after them. 128 printable
    characters are enough for each.

    Wrong:
        llm_providers:
          - {name: "two\nlines", provider: openai, model: gpt-4o, access_key: $K}

    Right:
        llm_providers:
          - {name: one line, provider: openai, model: gpt-4o, access_key: $K}
    """
    names = [((*provider.path, "name"), provider.name) for provider in config.providers]
    names += [(endpoint.path, endpoint.name) for endpoint in config.endpoints]
    names += [(alias.path, alias.name) for alias in config.aliases]
    names += [((*target.path, "name"), target.name) for target in config.prompt_targets]
    for path, name in names:
        if len(name) > _LONGEST_NAME or not name.isprintable():
            message = "this name is too long, or holds a line break or the like"
            yield Finding(path, message, f"at most {_LONGEST_NAME} printable characters")


@error("AG712")
def bad_collector(config: Config) -> Iterator[Finding]:
    """Traces have to go to what is no address of a collector.

    It is named with a scheme, by which it is known how to speak to it: `http` for OTLP over HTTP,
    `grpc` for OTLP over gRPC, `https` and `grpcs` for the two over TLS. Where the config names none,
    OTEL_TRACING_HTTP_ENDPOINT and then OTEL_EXPORTER_OTLP_ENDPOINT do.

    Wrong:
        tracing: {otlp: "127.0.0.1:4318"}

    Right:
        tracing: {otlp: "http://127.0.0.1:4318"}
    """
    tracing = config.tracing
    if tracing is None or tracing.otlp is None or unresolved(tracing.otlp):
        return
    host = split(tracing.otlp)
    if host is None or host.user is not None or host.scheme not in _COLLECTORS:
        # It is not quoted: one with a password in it is none, either.
        message = "this is no address of a collector"
        if tracing.otlp_place == tracing.path:
            message = "what the environment names is no address of a collector"
        hint = "write http://host:4318 or grpc://host:4317; https and grpcs are those over TLS"
        yield Finding(tracing.otlp_place, message, hint)


_COLLECTORS = ("http", "https", "grpc", "grpcs")
