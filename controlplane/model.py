"""What the user wrote, typed and frozen.

The three dialects of Arch YAML parse into this one model. A field the user left out is
`None` (or empty): defaults belong to `lower`, which is where a reader looks for them. Only the
gateway's own sentences and its records of decisions come with theirs, from `extproc.contract`.

Every node knows its `path` in the document, so that a rule can point at what it means
without knowing lines and columns; the `Document` alone turns a path into a place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from extproc import contract

if TYPE_CHECKING:
    from datetime import timedelta

Path = tuple[str | int, ...]
Unit = Literal["second", "minute", "hour", "day"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential. Prints as the variable it came from or as redacted, never as its value."""

    value: str | None = field(repr=False)
    """None when `$NAME` is in neither the environment nor `.env`."""
    reference: str | None = None
    """The variable it came from."""
    file: str | None = None
    """The file it came from; with neither it is a literal in the config."""

    def __repr__(self) -> str:
        source = f"${self.reference}" if self.reference else self.file
        return f"Secret({source or '[redacted]'})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Certificate:
    path: Path
    chain_file: str
    key_file: str


@dataclass(frozen=True, slots=True)
class Cors:
    """Which web pages may call a listener."""

    path: Path
    origins: tuple[str, ...] = ()
    """In lower case: `https://host:port`, `https://*.host`, or `*` for all."""
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client of the gateway, and a key of its own; it may have several."""

    path: Path
    client: str
    key: Secret


@dataclass(frozen=True, slots=True)
class Jwt:
    """Clients known by a token that an issuer has signed."""

    path: Path
    issuer: str | None = None
    audiences: tuple[str, ...] = ()
    keys: Secret | None = None
    """The text of `jwks_file`."""
    url: str | None = None
    claim: str | None = None
    """What of a token is the client's name; left out: `sub`."""
    ca_file: str | None = None
    """Whom to trust at `url`."""


@dataclass(frozen=True, slots=True)
class Mtls:
    """Clients known by a certificate."""

    path: Path
    ca_file: str | None = None
    sans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may call a listener."""

    path: Path
    open_to_all: bool = False
    """`auth: none`: it is meant."""
    keys: tuple[ClientKey, ...] = ()
    jwt: Jwt | None = None
    mtls: Mtls | None = None

    @property
    def clients(self) -> tuple[str, ...]:
        """Those whose names the config says; what a token calls its own, it does not."""
        sans = self.mtls.sans if self.mtls else ()
        return tuple(dict.fromkeys((*(key.client for key in self.keys), *sans)))


@dataclass(frozen=True, slots=True)
class Listener:
    path: Path
    address: str | None = None
    port: int | None = None
    message_format: str | None = None
    certificates: tuple[Certificate, ...] = ()
    connect_timeout: timedelta | None = None
    cors: Cors | None = None
    auth: Auth | None = None
    bound: bool = False
    """Whether the address is not the config's but that of `controlplane.binding`."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    path: Path
    http_path: str | None = None
    interval: timedelta | None = None
    timeout: timedelta | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    path: Path
    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    path: Path
    name: str
    addresses: tuple[str, ...]
    """As written: `host`, `host:port` or `http(s)://host[:port]`."""
    protocol: Literal["http", "https"] | None = None
    connect_timeout: timedelta | None = None
    health_check: HealthCheck | None = None
    circuit_breaker: CircuitBreaker | None = None
    ca_file: str | None = None
    http_host: str | None = None
    """The name its hosts are called by, where it is not their own."""
    implicit: bool = False
    """Named by the error target but not declared: treated as a host of that name."""


@dataclass(frozen=True, slots=True)
class Selector:
    path: Path
    header: str
    value: str | None = None
    """None or empty: each distinct value has its own limit."""


@dataclass(frozen=True, slots=True)
class ClientSelector:
    """Counts by the client that `auth` knows, not by what it says."""

    path: Path
    client: str | None = None
    """None: each client has its own limit."""


@dataclass(frozen=True, slots=True)
class TokenLimit:
    path: Path
    tokens: int
    unit: Unit
    selector: Selector | ClientSelector | None = None
    model: str | None = None
    """In top-level `ratelimits` only; left out there, a client's limit is one for all providers."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How limits are counted: `rate_limits` at the top."""

    path: Path
    shared: bool
    """One sum for all gateways."""
    redis: str | None = None
    password: Secret | None = None
    service: str | None = None
    domain: str | None = None
    on_failure: Literal["deny", "allow"] | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    path: Path
    connect: timedelta | None = None
    first_byte: timedelta | None = None
    idle: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens."""

    path: Path
    input: float
    output: float
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    path: Path
    name: str
    kind: str | None = None
    """openai, mistral, … as `providers` calls it, inferred from model or name if left out."""
    model: str | None = None
    access_key: Secret | None = None
    default: bool = False
    stream: bool | None = None
    endpoint: str | None = None
    """A name in `endpoints`, or host[:port]."""
    base_url: str | None = None
    ca_file: str | None = None
    weight: int | None = None
    fallbacks: tuple[str, ...] = ()
    timeouts: Timeouts | None = None
    retries: int | None = None
    rate_limits: tuple[TokenLimit, ...] = ()
    price: Price | None = None
    api_version: str | None = None
    """azure_openai's query parameter."""
    http_host: str | None = None
    """The name its host is called by, where it is not its own."""
    headers: tuple[tuple[str, Secret], ...] = ()
    """Of each call to it."""
    clients: tuple[str, ...] | None = None
    """Those alone that may use it; None: all."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that clients may say for a model."""

    path: Path
    name: str
    target: str
    """A provider's name, a model, or both as `openai/gpt-4o`."""


@dataclass(frozen=True, slots=True)
class Guard:
    path: Path
    message: str | None = None
    """`on_exception.message`."""
    forward_to_error_target: bool = False
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(contract.Parameter):
    """What models and APIs are told, and where and how it was written."""

    path: Path
    written_type: str
    """str, int, float, bool, list, dict, set, tuple, or a JSON Schema name."""


@dataclass(frozen=True, slots=True)
class EndpointRef:
    path: Path
    name: str
    http_path: str
    http_method: str | None = None
    http_headers: tuple[tuple[str, Secret], ...] = ()


@dataclass(frozen=True, slots=True)
class PromptTarget:
    path: Path
    name: str
    description: str = ""
    default: bool = False
    kind: str | None = None
    """0.1-beta's `type`, such as RAG."""
    endpoint: EndpointRef | None = None
    parameters: tuple[Parameter, ...] = ()
    auto_llm_dispatch_on_response: bool | None = None
    system_prompt: str | None = None
    confirm: contract.Confirm | None = None
    clients: tuple[str, ...] | None = None
    """Those alone that it is offered to; None: all."""


@dataclass(frozen=True, slots=True)
class ErrorTarget:
    path: Path
    endpoint: EndpointRef


@dataclass(frozen=True, slots=True)
class Overrides:
    path: Path = ("overrides",)
    intent_threshold: float | None = None
    guard_threshold: float | None = None
    error_format: Literal["json", "text"] | None = None
    error_detail: contract.ErrorDetail | None = None
    stream_format: contract.StreamFormat | None = None
    access_log_format: Literal["text", "json"] | None = None
    debug_headers: bool | None = None
    """Whether a client may ask for scores with `x-arch-debug: true`."""
    max_calls: int | None = None
    ca_file: str | None = None
    connect_timeout: timedelta | None = None
    """Of providers that have none of their own."""
    stats_port: int | None = None
    max_body: int | None = None
    """In bytes, on each listener."""
    unknown_model: Literal["refuse", "default"] | None = None
    """What happens to a call for a model that nothing in the config names; left out: refuse."""
    messages: contract.Messages = field(default_factory=contract.Messages)


@dataclass(frozen=True, slots=True)
class Tracing:
    path: Path
    sampling_rate: float | None = None
    """0 to 1, from `sampling_rate`, or `random_sampling` / 100."""
    otlp: str | None = None
    """The collector, as the config names it, else the environment."""
    otlp_place: Path = ()
    """Where that stands; of a collector of the environment, where the tracing does."""
    headers: tuple[tuple[str, Secret], ...] = ()
    """Of what the collector is sent, as the config names them, else the environment."""
    service_name: str | None = None
    content: bool = False
    """Whether spans hold what was said, as the environment decides."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    path: Path
    addresses: tuple[str, ...] = ()
    """Of one or several; behind a name there may be several, too."""
    embedded: bool | None = None
    """Whether `archgw up` starts it; left out: it does where no address is given."""
    guard_model: str | None = None
    """A directory with a guard of the user's own."""
    token: Secret | None = None
    """What a server at an address has to know, and so have its clients."""


@dataclass(frozen=True, slots=True)
class FunctionCalling:
    path: Path
    backend: Literal["embedded", "openai"] | None = None
    """Left out: embedded."""
    base_url: str | None = None
    model: str | None = None
    access_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Config:
    version: str | None = None
    ingress: Listener | None = None
    egress: Listener | None = None
    providers: tuple[Provider, ...] = ()
    aliases: tuple[Alias, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    system_prompt: str | None = None
    jailbreak_guard: Guard | None = None
    toxicity_guard: Guard | None = None
    guards_api_answers: bool = True
    guards_allow_images: bool = False
    prompt_targets: tuple[PromptTarget, ...] = ()
    error_target: ErrorTarget | None = None
    rate_limits: tuple[TokenLimit, ...] = ()
    counting: Counting | None = None
    overrides: Overrides = field(default_factory=Overrides)
    decisions: contract.Decisions = field(default_factory=contract.Decisions)
    tracing: Tracing | None = None
    mode: Literal["llm", "prompt"] | None = None
    model_server: ModelServer | None = None
    function_calling: FunctionCalling | None = None
    key_files: tuple[str, ...] = ()
    """Files and folders with keys that were looked into: a change there is one of the config."""
