"""Keys: not in the file, and not in clear over the internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.hosts import Host, is_public, split
from controlplane.lint.rule import Finding, error, warning
from extproc.contract import proof

if TYPE_CHECKING:
    from controlplane.model import Config, Endpoint, Path, Provider, Secret


def _variable(name: str, key: str | int) -> str:
    letters = "".join(letter if letter.isalnum() else "_" for letter in name.upper())
    return f"${letters.strip('_') or 'LLM'}_{'PASSWORD' if key == 'password' else 'API_KEY'}"


def _places(config: Config, provider: Provider) -> Iterator[tuple[Host, str | None]]:
    """The hosts a provider's calls go to, each with the protocol its endpoint declares."""
    named = {endpoint.name: endpoint for endpoint in config.endpoints}
    endpoint: Endpoint | None = named.get(provider.endpoint or "")
    written = endpoint.addresses if endpoint else (provider.base_url or provider.endpoint or "",)
    protocol = endpoint.protocol if endpoint else None
    hosts = (split(each) for each in written)
    yield from ((host, protocol) for host in hosts if host)


def _in_clear(host: Host, protocol: str | None) -> bool:
    return not (protocol == "https" if protocol else host.https)


@warning("AG501")
def literal_secret(config: Config) -> Iterator[Finding]:
    """An access key stands in the file itself.

    Configs are committed, mailed and printed; a key that was in one is no secret any more.
    Write the name of a variable, and its value into the environment or a `.env` file.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: sk-not-a-real-key}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
    """
    for path, secret, name in _held(config):
        if secret.reference is None and secret.file is None:
            wanted = _variable(name, path[-1])
            hint = f"write `{path[-1]}: {wanted}`, put the key there, and replace the key"
            yield Finding(path, "an access key stands in the file itself", hint)


def _held(config: Config) -> Iterator[tuple[Path, Secret, str]]:
    """Where each key stands, and whose it is."""
    for provider in config.providers:
        if provider.access_key:
            yield (*provider.path, "access_key"), provider.access_key, provider.name
    calling = config.function_calling
    if calling and calling.access_key:
        yield (*calling.path, "access_key"), calling.access_key, "function"
    if config.counting and config.counting.password:
        yield (*config.counting.path, "password"), config.counting.password, "redis"
    for listener in (config.ingress, config.egress):
        for each in listener.auth.keys if listener and listener.auth else ():
            yield each.path, each.key, each.client


@error("AG502")
def key_in_clear(config: Config) -> Iterator[Finding]:
    """A key would travel unencrypted over the internet.

    Anyone between here and the provider could read it, and use it. So it is with `headers` of `tracing`.

    Wrong:
        llm_providers:
          - {name: ours, model: m, access_key: $K, base_url: "http://llm.example.com/v1"}

    Right:
        llm_providers:
          - {name: ours, model: m, access_key: $K, base_url: "https://llm.example.com/v1"}
    """
    for provider in config.providers:
        exposed = [
            host
            for host, protocol in _places(config, provider)
            if _in_clear(host, protocol) and is_public(host.name)
        ]
        if provider.access_key is not None and exposed:
            key = "base_url" if provider.base_url else "endpoint"
            message = f"the key of `{provider.name}` would go to {exposed[0].name} unencrypted"
            yield Finding((*provider.path, key), message, "use https")
    tracing = config.tracing
    host = split(tracing.otlp or "") if tracing and tracing.headers else None
    if tracing and host and host.scheme in ("http", "grpc") and is_public(host.name):
        message = f"what is in `headers` would go to {host.name} unencrypted"
        yield Finding(tracing.otlp_place, message, "use https, or grpcs")


@warning("AG503")
def plain_http_in_public(config: Config) -> Iterator[Finding]:
    """An endpoint on a public address is called without TLS.

    Prompts and the API's answers could be read and changed on the way.

    Wrong:
        endpoints:
          weather: api.weather.example.com:80
        prompt_targets:
          - name: weather
            description: Current weather in a city
            endpoint: {name: weather, path: /now}

    Right:
        endpoints:
          weather: https://api.weather.example.com
        prompt_targets:
          - name: weather
            description: Current weather in a city
            endpoint: {name: weather, path: /now}
    """
    for endpoint in config.endpoints:
        for number, written in enumerate(endpoint.addresses):
            host = split(written)
            if host and is_public(host.name) and _in_clear(host, endpoint.protocol):
                message = f"`{endpoint.name}` calls {host.name} over plain HTTP"
                hint = "write `https://…`, or `protocol: https`"
                yield Finding((*endpoint.path, "endpoint", number), message, hint)


@error("AG504")
def secret_in_url(config: Config) -> Iterator[Finding]:
    """A URL carries a user and a password.

    They would show in logs and statistics, and no provider takes them. Keys go to
    `access_key`.

    Wrong:
        llm_providers:
          - {name: ours, model: m, base_url: "https://user:pass@llm.corp/v1"}

    Right:
        llm_providers:
          - {name: ours, model: m, base_url: "https://llm.corp/v1", access_key: $K}
    """
    urls: list[tuple[Path, str | None]] = [
        ((*provider.path, "base_url"), provider.base_url) for provider in config.providers
    ]
    urls += [((*provider.path, "endpoint"), provider.endpoint) for provider in config.providers]
    for endpoint in config.endpoints:
        path = (*endpoint.path, "endpoint")
        urls += [((*path, number), written) for number, written in enumerate(endpoint.addresses)]
    for place, url in urls:
        host = split(url or "")
        if host and host.user is not None:
            yield Finding(place, "a user or password stands in an address", "use `access_key`")


@warning("AG505")
def http_on_443(config: Config) -> Iterator[Finding]:
    """An endpoint says `protocol: http`, but its port is 443.

    Port 443 speaks TLS nearly everywhere, and a plain request to it fails.

    Wrong:
        endpoints:
          app: {endpoint: "app.corp:443", protocol: http}

    Right:
        endpoints:
          app: {endpoint: "app.corp:443", protocol: https}
    """
    for endpoint in config.endpoints:
        hosts = (split(written) for written in endpoint.addresses)
        if endpoint.protocol == "http" and any(host and host.port == 443 for host in hosts):
            message = f"`{endpoint.name}` speaks plain HTTP to port 443"
            yield Finding((*endpoint.path, "protocol"), message, "write `protocol: https`")


@warning("AG506")
def trust_without_tls(config: Config) -> Iterator[Finding]:
    """An endpoint has a CA file, but is called without TLS.

    The file is never looked at, and the connection not as safe as it seems.

    Wrong:
        endpoints:
          app: {endpoint: "app.corp:8000", tls: {ca_file: /etc/ca.pem}}

    Right:
        endpoints:
          app: {endpoint: "app.corp:8000", protocol: https, tls: {ca_file: /etc/ca.pem}}
    """
    for endpoint in config.endpoints:
        hosts = [split(written) for written in endpoint.addresses]
        clear = all(host is not None and _in_clear(host, endpoint.protocol) for host in hosts)
        if endpoint.ca_file and clear:
            message = f"`{endpoint.name}` has a CA file, but is called without TLS"
            yield Finding((*endpoint.path, "tls"), message, "add `protocol: https`", on_key=True)


@warning("AG509")
def model_server_without_token(config: Config) -> Iterator[Finding]:
    """A model server at a port is believed without proof.

    A port is anybody's to take: whoever listens there is shown every prompt and decides what is an
    attack. With a `token`, 32 random characters or more that the server knows too (its
    `--token-file`, or MODEL_SERVER_TOKEN of `archgw up --service model_server`), it is shown
    nothing before it has proved to know it, and the token itself never travels.

    Wrong:
        model_server: {address: "127.0.0.1:51000"}

    Right:
        model_server: {address: "127.0.0.1:51000", token: $MODEL_SERVER_TOKEN}
    """
    server = config.model_server
    if server and server.addresses and server.token is None:
        message = "whoever takes this port is shown every prompt and decides what is an attack"
        hint = "add `token: $MODEL_SERVER_TOKEN`, which the server has to know as well"
        yield Finding((*server.path, "address"), message, hint)


@error("AG510")
def short_token(config: Config) -> Iterator[Finding]:
    """The token of a model server is short enough to be guessed.

    Who has seen one proof can try tokens at home. `openssl rand -hex 32` makes one that is long
    enough.

    Wrong:
        model_server: {address: "127.0.0.1:51000", token: secret}

    Right:
        model_server: {address: "127.0.0.1:51000", token: $MODEL_SERVER_TOKEN}
    """
    server = config.model_server
    value = server.token.value if server and server.token else None
    if server and value is not None and len(value) < proof.SHORTEST:
        message = f"the token has {len(value)} characters; it needs {proof.SHORTEST} or more"
        yield Finding((*server.path, "token"), message, "`openssl rand -hex 32` makes one")
