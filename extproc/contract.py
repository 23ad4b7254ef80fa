"""What the control plane and this package both know, each thing once: the contract.

First the names that both spell: headers, metadata and paths, by which Envoy carries from one
to the other what either has to say. Envoy's Lua gets them by name from here, too.

Then the runtime: what a prompt is decided by. The control plane writes one JSON file per
generation of the config, named by its content hash. Envoy's routes carry the same hash, so a
request is decided by the very config that routed it, however many generations are in flight.

Standard library only: the control plane imports this to write what we read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Self

# A parameter is the same thing to the user's config, to us and to the model server. Its class
# stands at the far end of that way, with the one package that imports no other.
from modelserver import proof as proof  # noqa: PLC0414  the control plane asks a model server, too
from modelserver.schema import Json as Json  # noqa: PLC0414  taken from here by both sides
from modelserver.schema import Parameter as Parameter  # noqa: PLC0414
from modelserver.schema import ParameterType as ParameterType  # noqa: PLC0414

if TYPE_CHECKING:
    from collections.abc import Sequence

# Names ----------------------------------------------------------------------------------------

CHAT_PATH: Final = "/v1/chat/completions"

NO_MODEL: Final = ("", "--", "none", "None", "default")
"""What applications write as `model` that do not mean any: v0.1's own examples do."""

CALLS_PATH: Final = "/v1/logs"
"""Where the process that makes spans of LLM calls is told of them."""

CALL_FIELDS: Final = (
    "traceparent", "operation", "provider", "kind", "model", "named", "route", "client", "status",
    "flags", "attempts", "host", "input_tokens", "cached_tokens", "output_tokens", "sent",
    "first_byte", "ended", "duration",
)  # fmt: skip
"""What it is told of each, in one line: attributes, which OpenTelemetry has for it, cost both ends more."""
CALL_SEPARATOR: Final = "\t"

OWN_PREFIX: Final = "x-arch-"
"""Headers of ours; Envoy removes what a client sends under it."""
GENERATION_KEY: Final = "x-arch-generation"
"""Initial metadata of Envoy's call: which runtime decides the request."""
GUARDED_HEADER: Final = "x-arch-guarded"
"""Set by extproc alone, on what it lets through to an LLM."""
UPSTREAM_HEADER: Final = "x-arch-upstream"
"""On the internal listener: which API a call is for."""
TEMPLATE_HEADER: Final = "x-arch-path-template"
"""On the internal listener: the path as the config writes it, without values, for the log."""
HINT_HEADER: Final = "x-gateway-hint"
"""The client's `x-arch-llm-provider-hint`, likewise."""
CLIENT_HEADER: Final = "x-arch-client"
"""Who calls, once Envoy has seen that it is so; a client cannot send it (`OWN_PREFIX`)."""
DEBUG_HEADER: Final = "x-gateway-debug"
"""The client's `x-arch-debug`, which Envoy copies before it removes all `x-arch-*`; heeded if the
config says so."""
CLIENT_DEBUG_HEADER: Final = "x-arch-debug"
STREAM_HEADER: Final = "x-gateway-stream"
"""The client's `x-arch-stream`, copied likewise: a `StreamFormat`, for this request alone."""
CLIENT_STREAM_HEADER: Final = "x-arch-stream"
# What a client that asks for it finds in the answer's metadata, beside `x-arch-state`.
INTENT_KEY: Final = "x-arch-intent"
INTENT_SCORE_KEY: Final = "x-arch-intent-score"
INTENT_THRESHOLD_KEY: Final = "x-arch-intent-threshold"
INTENT_BEST_KEY: Final = "x-arch-intent-best"
INTENT_RUNNER_UP_KEY: Final = "x-arch-intent-runner-up"
INTENT_RUNNER_UP_SCORE_KEY: Final = "x-arch-intent-runner-up-score"

# An error is told in headers and a plain body; Envoy makes the envelope from them.
ERROR_CODE_HEADER: Final = "x-arch-error-code"
ERROR_TYPE_HEADER: Final = "x-arch-error-type"
ERROR_PARAM_HEADER: Final = "x-arch-error-param"
ERROR_MESSAGE_HEADER: Final = "x-arch-error-message"
JSON_WANTED: Final = 'send the header "content-type: application/json"'
"""What both listeners say to a body of another kind, or of none."""
# What an error target is told beside the type and the message.
ERROR_TIME_HEADER: Final = "x-arch-error-timestamp"
ERROR_PROMPT_TARGET_HEADER: Final = "x-arch-target-prompt"
FUNCTION_ERROR_HEADER: Final = "x-function-error-code"
GUARD_ERROR_HEADER: Final = "x-prompt-guard-error-code"

FUNCTION_MODEL: Final = "Arch-Function"
"""Who speaks where no model does: the gateway asks, or an application answers in plain words."""

ANSWER_HEADER: Final = "x-arch-answer"
"""On an answer of extproc's own: its form. Such an answer passes as it is."""


class Form(StrEnum):
    """What a body of ours is; Envoy sets its content type by it."""

    JSON = "json"
    SSE = "sse"

    @property
    def content_type(self) -> str:
        return _CONTENT_TYPES[self]


_CONTENT_TYPES: Final = {
    Form.JSON: "application/json",
    Form.SSE: "text/event-stream",
}

THROUGH_ENVOY: Final = "envoy:"
"""Before the path of a socket at which Envoy passes connections on to one of several model servers."""

MARK_HEADER: Final = "x-archgw-mark"
"""From extproc to whoever watches its decisions: what to ask for the next ones with."""

CAUSE_HEADER: Final = "x-arch-cause"
"""From the internal listener to extproc: why an API could not be reached, as a `Cause`."""


class Cause(StrEnum):
    """Why a provider or an API could not be reached: all that others than the operator are told."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"

    @property
    def words(self) -> str:
        return _CAUSES[self]


_CAUSES: Final = {
    Cause.DNS: "its name does not resolve (dns)",
    Cause.REFUSED: "the connection is refused (refused)",
    Cause.TLS: "no TLS connection can be made with it (tls)",
    Cause.TIMEOUT: "no connection comes about in time (timeout)",
    Cause.RESET: "it closes the connection without an answer (reset)",
}

PROMPT_METADATA: Final = "arch.prompt"
"""Dynamic metadata that extproc leaves for the LLM's answer, under these keys."""
EVENTS_KEY: Final = "events"
MEMBERS_KEY: Final = "members"

DECISION_METADATA: Final = "arch.decision"
"""Dynamic metadata that extproc leaves for the access log, under these keys: names of the config,
and words of ours. Nothing of it is a client's."""
GUARD_KEY: Final = "guard"
TARGET_KEY: Final = "target"
OUTCOME_KEY: Final = "outcome"

MOST_MODELS_TOLD: Final = 40


def no_such_model(names: Sequence[str]) -> str:
    """What both listeners say of a model that nobody here knows, behind its name."""
    told = ", ".join(names[:MOST_MODELS_TOLD])
    more = len(names) - MOST_MODELS_TOLD
    return f"does not exist here; known are {told}" + (f" and {more} more" if more > 0 else "")


NAMELESS_CLIENT: Final = "a client without a name"
NOT_ITS_PROVIDER: Final = "its `clients` in the gateway's config do not name it"
NO_OTHER_PROVIDER: Final = "there is no other that it may use"
"""What both listeners say of a provider that a client may not use."""

ANY_ORIGIN: Final = "*"
_PART_OF_A_HOST: Final = "[a-z0-9.-]+"


def origin_pattern(written: str) -> str:
    """The regular expression of the origins that a config means: `*`, or a `*.` before a host."""
    if written == ANY_ORIGIN:
        return ".*"
    return _PART_OF_A_HOST.join(re.escape(part) for part in written.split("*"))


def is_allowed(origin: str, written: Sequence[str]) -> bool:
    """Whether pages of this origin may call, as Envoy's cors filter has it."""
    return any(re.fullmatch(origin_pattern(each), origin) for each in written)


# Runtime --------------------------------------------------------------------------------------

MAX_BODY: Final = 1 << 20
"""Bytes of a prompt's body, where the config does not say. It goes from Envoy to extproc and back."""
HTTP_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""Those that a config may name."""
READS: Final = frozenset({"GET"})
"""Those of them that change nothing."""
WITHOUT_BODY: Final = frozenset({"GET", "DELETE"})
"""Those that carry all they say in the URL."""


@dataclass(frozen=True, slots=True)
class Guard:
    kind: Literal["jailbreak", "toxicity"]
    message: str
    """What the client is told, as an assistant's answer."""
    forward_to_error_target: bool
    threshold: float | None
    """None, of a jailbreak guard alone: the model's own, calibrated one."""


@dataclass(frozen=True, slots=True)
class Messages:
    """The gateway's own sentences, and the words in them."""

    ask: str = "Could you please tell me {what}?"
    ask_more: str = "Sure, could you also tell me {what}?"
    """When some values are known already."""
    confirm: str = "Shall I go ahead with {calls}?"
    dropped: str = "All right, I have not done anything."
    and_word: str = "and"
    or_word: str = "or"
    yes_word: str = "yes"
    no_word: str = "no"
    between: str = "from {low} to {high}"
    at_least: str = "at least {low}"
    at_most: str = "at most {high}"
    example: str = "such as {example}"


Content = Literal["none", "values", "all"]
"""What of a conversation a record of it holds: no text, the values of calls, or prompts too."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Where records of decisions are kept, beside the newest in memory."""

    file: str | None = None
    sample: float = 1.0
    """The share of them that is written to the file."""
    content: Content = "none"


@dataclass(frozen=True, slots=True)
class Tracing:
    """How spans leave our processes."""

    collector: str
    """`http://host:port/path`, `grpc://host:port`; with an s behind the scheme over TLS."""
    service_name: str
    ca_file: str | None = None
    """What the collector's certificate is checked against."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of what it is sent, each with the file that holds its value: it may be a key."""
    content: bool = False
    """Whether they hold what was said."""


Confirm = Literal["never", "unsure", "always"]
"""When the user is asked before a call."""

StreamFormat = Literal["openai", "v0.1"]
"""What a client is shown of the gateway's calls, and how: as SDKs read it, or as v0.1 did."""
V01: Final = "v0.1"

ErrorDetail = Literal["client", "full"]
"""Whether an API's host and path are named to clients: `full` is v0.1's way."""


@dataclass(frozen=True, slots=True)
class ApiEndpoint:
    upstream: str
    """Goes to Envoy as `UPSTREAM_HEADER`; Envoy knows the hosts."""
    path: str
    """May hold `{parameter}`."""
    method: str
    headers: tuple[tuple[str, str], ...] = ()
    """Further ones, each with the file that holds its value: it may be a key."""


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    description: str
    default: bool
    endpoint: ApiEndpoint | None
    parameters: tuple[Parameter, ...]
    dispatch_to_llm: bool
    system_prompt: str | None
    confirm: Confirm
    clients: tuple[str, ...] = ()
    """Those alone that it is there for; empty: all."""

    def is_for(self, client: str | None) -> bool:
        return not self.clients or client in self.clients

    @property
    def changes(self) -> bool:
        """Whether a call of it changes something at the application."""
        return self.endpoint is not None and self.endpoint.method not in READS


@dataclass(frozen=True, slots=True)
class Models:
    """What a body's `model` may be where others are refused."""

    listed: tuple[str, ...]
    unlisted: tuple[str, ...] = ()
    """Other spellings of them."""
    beginnings: tuple[str, ...] = ()
    """In lower case."""

    def has(self, name: str) -> bool:
        known = name in self.listed or name in self.unlisted or name in NO_MODEL
        return known or name.lower().startswith(self.beginnings)


@dataclass(frozen=True, slots=True)
class Providers:
    """Which one an LLM call is for, as `choose.lua` has it, where some are for some clients alone.

    There the call is refused; here, before an API is called for a prompt that no LLM would answer.
    """

    names: tuple[str, ...]
    """Those that a client is told of."""
    clients: tuple[tuple[str, tuple[str, ...]], ...]
    """Name → the clients that may use it; none: all."""
    models: tuple[tuple[str, str], ...]
    """Model or alias → name."""
    kinds: tuple[tuple[str, str], ...]
    """As in `openai/gpt-5` → name."""
    beginnings: tuple[tuple[str, str], ...]
    """Of a model, in lower case → name."""
    others: str | None
    """For a model that none of these fits; None: the default, where such a model is not refused."""
    default: str | None

    def chosen(self, hint: str, model: object) -> str | None:
        """The name; None where there is none, which Envoy tells."""
        known = dict(self.clients)
        if hint:
            return hint if hint in known else self.default if hint == "default" else None
        if not isinstance(model, str) or model in NO_MODEL:
            return self.default
        named = model if model in known else dict(self.models).get(model)
        return named or self._of_another(model) or self.default

    def _of_another(self, model: str) -> str | None:
        kind, slash, rest = model.lower().partition("/")
        if slash and rest and kind in dict(self.kinds):
            return dict(self.kinds)[kind]
        fit = (name for beginning, name in self.beginnings if model.lower().startswith(beginning))
        return next(fit, self.others)

    def may_use(self, client: str | None, name: str) -> bool:
        clients = dict(self.clients)[name]
        return not clients or client in clients

    def told(self, client: str | None) -> str:
        """Those that a client may ask for, in words."""
        found = [name for name in self.names if self.may_use(client, name)]
        if not found:
            return NO_OTHER_PROVIDER
        default = self.default is not None and self.may_use(client, self.default)
        return f"ask for one of: {', '.join(found)}{' or default' if default else ''}"


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the config says of prompts."""

    system_prompt: str | None
    guards: tuple[Guard, ...]
    targets: tuple[Target, ...]
    error_target: ApiEndpoint | None
    intent_threshold: float | None
    max_calls: int
    debug_headers: bool
    messages: Messages
    guards_api_answers: bool = True
    """Whether the guards judge what APIs answer, before an LLM reads it."""
    allow_images: bool = False
    """Whether images pass that the guards cannot judge."""
    decisions: Decisions = Decisions()
    stream_format: StreamFormat = "openai"
    error_detail: ErrorDetail = "client"
    models: Models | None = None
    """None: any will do."""
    providers: Providers | None = None
    """None: every client may use each."""
    origins: tuple[str, ...] = ()
    """Of web pages that may call; see `is_allowed`."""
    max_body: int = MAX_BODY
    """Bytes. Envoy refuses a longer one, and one that the APIs' answers have made so."""
    tracing: Tracing | None = None
    """None: no spans are made."""

    @property
    def default_target(self) -> Target | None:
        return next((target for target in self.targets if target.default), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig(Prompts):
    """That, and where extproc finds what it needs."""

    model_server: str
    """`host:port`, `unix:` or `THROUGH_ENVOY` and the path of a socket."""
    internal_socket: str
    """Envoy's own listener for calls to the application's APIs."""
    deadline: float
    """Seconds from a prompt to its outcome; Envoy gives up a little later."""

    @classmethod
    def of(
        cls, prompts: Prompts, *, model_server: str, internal_socket: str, deadline: float
    ) -> Self:
        return cls(
            **{each.name: getattr(prompts, each.name) for each in fields(Prompts)},
            model_server=model_server,
            internal_socket=internal_socket,
            deadline=deadline,
        )


def pattern_fault(pattern: str) -> str | None:
    """Why no value can be matched by this pattern, as whoever matches them has it."""
    # A tenth of lint's start, and few configs have patterns.
    from modelserver import checked  # noqa: PLC0415

    return checked.pattern_fault(pattern)


def generation(text: str) -> str:
    """The name of a runtime: a hash of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def dumps(config: RuntimeConfig) -> str:
    return json.dumps(_to_json(config), indent=2, ensure_ascii=False) + "\n"


def _to_json(value: Any) -> Any:
    """What is as it is by default is left out."""
    if is_dataclass(value):
        held = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: _to_json(item) for each, item in held if item != each.default}
    return [_to_json(item) for item in value] if isinstance(value, tuple) else value


def loads(text: str) -> RuntimeConfig:
    found: dict[str, Any] = json.loads(text)
    error_target, models = found["error_target"], found.get("models")
    providers = found.get("providers")
    return RuntimeConfig(
        **{
            **found,
            "guards": tuple(Guard(**guard) for guard in found["guards"]),
            "targets": tuple(_target(target) for target in found["targets"]),
            "error_target": _endpoint(error_target) if error_target else None,
            "messages": Messages(**found["messages"]),
            "decisions": Decisions(**found.get("decisions", {})),
            "origins": tuple(found.get("origins", ())),
            "tracing": _tracing(found["tracing"]) if found.get("tracing") else None,
            "models": Models(**{key: tuple(value) for key, value in models.items()})
            if models
            else None,
            "providers": _providers(providers) if providers else None,
        }
    )


def _providers(found: dict[str, Any]) -> Providers:
    pairs = {key: _pairs(found[key]) for key in ("models", "kinds", "beginnings")}
    clients = tuple((name, tuple(clients)) for name, clients in found["clients"])
    return Providers(**{**found, **pairs, "names": tuple(found["names"]), "clients": clients})


def _tracing(found: dict[str, Any]) -> Tracing:
    return Tracing(**{**found, "headers": _pairs(found.get("headers", []))})


def _pairs(found: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one, other in found)


def _target(found: dict[str, Any]) -> Target:
    endpoint = found["endpoint"]
    return Target(
        **{
            **found,
            "endpoint": _endpoint(endpoint) if endpoint else None,
            "parameters": tuple(_parameter(each) for each in found["parameters"]),
            "clients": tuple(found.get("clients", ())),
        }
    )


def _endpoint(found: dict[str, Any]) -> ApiEndpoint:
    return ApiEndpoint(**{**found, "headers": _pairs(found.get("headers", []))})


def _parameter(found: dict[str, Any]) -> Parameter:
    return Parameter(**{**found, "enum": tuple(found.get("enum", ()))})
