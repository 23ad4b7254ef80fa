"""The gateway to be built: no YAML, no Envoy, no default left open.

`lower` makes it, `emit` reads it. Everything here is decided: names are final, references
are resolved, `None` means "there is none", never "take the default". What extproc is told of
prompts is in its own words, those of `extproc.contract`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from extproc import contract

ListenerName = Literal["llm", "prompt"]


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    weight: int = 1
    called: str | None = None
    """What it is called in Host and TLS, where that is not its own name."""

    @property
    def name(self) -> str:
        return self.called or self.host

    @property
    def place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """Whom to trust. The name to expect is each address's own host."""

    ca_file: str


@dataclass(frozen=True, slots=True)
class HealthCheck:
    http_path: str
    interval: timedelta
    timeout: timedelta
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    max_connections: int
    max_pending_requests: int
    max_requests: int
    max_retries: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """A set of hosts that serve the same thing."""

    name: str
    addresses: tuple[Address, ...]
    tls: UpstreamTls | None
    connect_timeout: timedelta
    circuit_breaker: CircuitBreaker
    health_check: HealthCheck | None


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a provider's key goes. The key itself is in `Gateway.secrets` only."""

    secret: str
    header: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens."""

    input: float
    output: float
    cached: float


@dataclass(frozen=True, slots=True)
class Provider:
    """One LLM behind one upstream, with its own key, host, paths and model."""

    name: str
    """Unique; the name of its cluster is made from it."""
    label: str
    """As the user wrote it; several providers of a pool share it."""
    kind: str
    """Whose API it is, as OpenTelemetry names providers."""
    upstream: Upstream
    model: str | None
    credential: Credential | None
    paths: tuple[tuple[str, str], ...]
    """The gateway's API path → this provider's, for all that is below it, too; the longest holds.
    An empty one is not offered."""
    query: str
    """Behind each of them, with its question mark."""
    speaks_messages: bool
    """Whether it has Anthropic's API: another header for the key, and no OpenAI paths but chat."""
    price: Price | None = None
    headers: tuple[Credential, ...] = ()
    """What the user has each call carry besides; a value may be a key."""


@dataclass(frozen=True, slots=True)
class WeightedProvider:
    provider: str
    weight: int


Groups = tuple[tuple[WeightedProvider, ...], ...]
"""Providers to be tried one group after the other."""


@dataclass(frozen=True, slots=True)
class TokenLimit:
    header: str | None
    """Lower case; None: one bucket for everybody."""
    value: str | None
    """None: one bucket for each distinct value of the header."""
    tokens: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Budget:
    """What a client may spend: tokens as providers count them, once they have told."""

    name: str
    """Of what is counted together, for each client."""
    what: str
    """What it is a budget for, in messages."""
    tokens: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Budgets:
    each: tuple[Budget, ...] = ()
    """Of a client that has none of its own, and of all that nobody knows, together."""
    named: tuple[tuple[str, tuple[Budget, ...]], ...] = ()
    """Client → its own."""


@dataclass(frozen=True, slots=True)
class Redis:
    url: str
    """Without a password."""
    secret: str | None
    ca_file: str


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """Limits and budgets have one sum for all gateways of a domain."""

    domain: str
    keeper: Redis | Upstream
    """Redis, which a process of ours asks; or a rate limit service that runs elsewhere."""
    refuses_unknown: bool
    """Whether a call is refused while nobody can say what is spent."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Clients that may use what others may not."""

    clients: tuple[str, ...]
    groups: Groups
    """As `LlmRoute.groups` has them for all others."""


@dataclass(frozen=True, slots=True)
class LlmRoute:
    """What a name stands for that clients say: a pool, then its fallbacks in order."""

    name: str
    """A provider's, or that of a model which providers of several names serve."""
    model: str | None
    """For messages and logs: the model of the first provider of the pool."""
    groups: Groups
    """The first one is the pool itself. Empty: only an audience may use it."""
    first_byte_timeout: timedelta
    idle_timeout: timedelta
    retries: int
    """Further attempts within the pool, before any byte of an answer."""
    limits: tuple[TokenLimit, ...]
    budgets: Budgets = Budgets()
    audiences: tuple[Audience, ...] = ()
    """Each client is in one at most."""

    def is_for(self, client: str | None) -> bool:
        """Whether a client may use it; None: one that no list names."""
        return bool(self.groups) or any(client in each.clients for each in self.audiences)


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """How a hint or a body's `model` becomes a route."""

    names: tuple[str, ...]
    models: tuple[tuple[str, str], ...]
    """model or alias → route name, for those that are not themselves a name."""
    makers: tuple[tuple[str, str], ...]
    """Whose models, by how their names begin (`providers.MODEL_BEGINNINGS`) → route name."""
    kinds: tuple[tuple[str, str], ...]
    """A kind of provider → route name, for models that are named with it: `openai/gpt-5`."""
    others: str | None
    """The route for a model that nobody knows; None: there is none."""
    refuses_others: bool
    """Whether such a model is then refused; else it is as if none was named."""
    default: str | None
    listed: tuple[tuple[str, str], ...]
    """What clients may call a model, as they are told → whose it is."""


@dataclass(frozen=True, slots=True)
class Certificate:
    name: str
    chain_file: str
    key_file: str


@dataclass(frozen=True, slots=True)
class Cors:
    """Which web pages may call."""

    origins: tuple[str, ...]
    """`https://host:port`, `https://*.host`, or `*`."""
    credentials: bool


@dataclass(frozen=True, slots=True)
class SecretValue:
    name: str
    value: str | None = field(repr=False)

    def __repr__(self) -> str:
        return f"SecretValue({self.name!r}, [redacted])"


@dataclass(frozen=True, slots=True)
class KeySet:
    """Where an issuer has its keys."""

    url: str
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class Tokens:
    """Clients known by a token that an issuer has signed."""

    issuer: str
    audiences: tuple[str, ...]
    client_claim: str
    keys: SecretValue | KeySet
    """A JSON Web Key Set, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    name: str
    """Of what Envoy is told about them."""
    ca_file: str
    sans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may call. One of these things is enough."""

    keys: tuple[SecretValue, ...]
    """Each with the name of its client, which may have several."""
    tokens: Tokens | None = None
    certificates: ClientCertificates | None = None

    @property
    def clients(self) -> tuple[str, ...]:
        """Those whose names are known beforehand: with tokens there are others."""
        sans = self.certificates.sans if self.certificates else ()
        return tuple(dict.fromkeys((*(key.name for key in self.keys), *sans)))


@dataclass(frozen=True, slots=True)
class Listener:
    name: ListenerName
    address: str
    port: int
    certificates: tuple[Certificate, ...]
    max_body_bytes: int
    cors: Cors | None = None
    auth: Auth | None = None
    """None: anybody may call."""


@dataclass(frozen=True, slots=True)
class FunctionCalling:
    """An OpenAI-compatible server that names and fills the calls instead of our models."""

    base_url: str
    model: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class ModelServer:
    addresses: tuple[Address, ...]
    """None for a socket of the home; else Envoy chooses among them."""
    embedded: bool
    guard_model: str | None
    function_calling: FunctionCalling | None

    @property
    def address(self) -> str | None:
        """The first, as `host:port`; the only one of a server that we start ourselves."""
        return self.addresses[0].place if self.addresses else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts(contract.Prompts):
    """What extproc is told, and whom it asks; None in a gateway for LLM calls alone."""

    model_server: ModelServer


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where spans go, and of which requests: Envoy's own, and those that our processes add."""

    collector: Upstream
    sampling: float
    """Of requests that are in no trace yet, 0 to 1; of others their callers decide."""
    spans: contract.Tracing
    """What our processes are told of it; its headers name secrets here, and their files there."""


@dataclass(frozen=True, slots=True)
class Gateway:
    listeners: tuple[Listener, ...]
    providers: tuple[Provider, ...]
    llm_routes: tuple[LlmRoute, ...]
    choice: ProviderChoice
    upstreams: tuple[Upstream, ...]
    prompts: Prompts | None
    secrets: tuple[SecretValue, ...]
    error_format: Literal["json", "text"]
    access_log_format: Literal["text", "json"]
    stats_port: int
    """0 for none."""
    stats_address: str
    tracing: Tracing | None = None
    shared_limits: SharedLimits | None = None
    """None: each gateway counts by itself."""

    @property
    def key_sets(self) -> tuple[tuple[ListenerName, KeySet], ...]:
        """Of each listener whose tokens are checked with keys that are elsewhere."""
        tokens = ((each.name, each.auth.tokens) for each in self.listeners if each.auth)
        return tuple((name, it.keys) for name, it in tokens if it and isinstance(it.keys, KeySet))

    @property
    def has_prices(self) -> bool:
        """Whether it can be told of any answer what it cost."""
        return any(provider.price for provider in self.providers)
