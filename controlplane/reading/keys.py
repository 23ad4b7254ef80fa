"""The one table of every key a config may hold, in all three dialects.

The parser reads by it and `archgw schema` prints it for editors, so that what is accepted,
what is suggested after a misspelling and what an editor completes are the same. A key with
`now` is an old spelling. Old forms that differ by more than a name (`prompt_endpoints`,
`system_prompts`, …) are keys of their own, which `reading.dialects` translates. What a later
archgw has and this one does not is `Elsewhere`: a line says what to do instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.reading.key_files import KeyFile, KeyFolder, KeySetFile
from controlplane.reading.mappings import Key, Table, TableOrList
from controlplane.reading.values import (
    Anything,
    Duration,
    Elsewhere,
    Flag,
    Listing,
    Named,
    Number,
    SecretText,
    Size,
    Text,
    folded,
)
from extproc.contract import HTTP_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.reading.values import JsonSchema, Reading
    from controlplane.reading.yaml_tree import Node
    from extproc.contract import ParameterType


@dataclass(frozen=True, slots=True)
class _Version:
    """The dialect that a config says it is in."""

    def read(self, node: Node, reading: Reading) -> str | None:
        text = Text().read(node, reading)
        if text is None or _OURS.fullmatch(text):
            return text
        if later := _LATER.fullmatch(text):
            message = f"`version: {text}` is the dialect of archgw {later[1]}"
            hint = "this version reads it, too; what it does not have is told key by key"
            reading.warn("AG120", node.path, message, hint)
            return text
        message = f"there is no version `{text}` of these configs"
        reading.error("AG104", node.path, message, "write `version: v0.1`")
        return None

    def schema(self) -> JsonSchema:
        return Text().schema()


@dataclass(frozen=True, slots=True)
class _Client:
    """`true` for each client, or the name of one."""

    def read(self, node: Node, reading: Reading) -> str | None:
        text = Text().read(node, reading)
        if text and folded(text) == "false":
            reading.wrong_type(node, "true, or the name of a client", show=True)
            return None
        return "" if text and folded(text) == "true" else text

    def schema(self) -> JsonSchema:
        return {"type": ["boolean", "string"]}


_OURS = re.compile(r"v?0\.1([.-][\w.-]*)?")
_LATER = re.compile(r"v?(0\.[2-4])([.-][\w.-]*)?")

UNITS = ("second", "minute", "hour", "day")

_PORT = Number(least=1, most=65535, whole=True)
_SHARE = Number(least=0, most=1)
_COUNT = Number(least=1, most=1_000_000, whole=True)

_FILE = Table({"filename": Key(Text(env=True), "the path of the file", required=True)}, "filename")
_CERTIFICATES = Listing(
    Table(
        {
            "certificate_chain": Key(_FILE, "the certificate and its chain, PEM", required=True),
            "private_key": Key(_FILE, "the private key, PEM", required=True),
        }
    ),
    lone=True,
)
_TLS = Table(
    {
        "tls_certificates": Key(_CERTIFICATES, "one per host name", required=True),
        "certificates": Key(_CERTIFICATES, now="tls_certificates"),
    }
)
_CORS = Table(
    {
        "allow_origins": Key(
            Listing(Text(env=True), lone=True),
            "origins of web pages that may call: https://app.example.com, https://*.example.com, *",
            required=True,
        ),
        "allow_credentials": Key(Flag(), "whether browsers send cookies along"),
    },
    lone="allow_origins",
)
_CLIENT_KEY = Table(
    {
        "name": Key(Text(), "what the client is called, in logs and limits"),
        "key": Key(SecretText(), "its key, as $VARIABLE"),
        "key_file": Key(KeyFile(), "a file with its key, or with several, one a line"),
        "directory": Key(KeyFolder(), "a folder with such a file for each client, of its name"),
    }
)
_UPSTREAM_TLS = Table({"ca_file": Key(Text(env=True), "the CA bundle to trust, PEM")})
_JWT = Table(
    {
        "issuer": Key(Text(env=True), "who makes the tokens, as their `iss` says it"),
        "audience": Key(
            Listing(Text(env=True), lone=True),
            "for whom they are made: one of these stands in their `aud`",
        ),
        "audiences": Key(Listing(Text(env=True), lone=True), now="audience"),
        "jwks_file": Key(KeySetFile(), "the issuer's public keys, a JSON Web Key Set"),
        "jwks_url": Key(Text(env=True), "where the issuer has them: https://…"),
        "client_claim": Key(Text(), "what of a token is the client's name; left out: `sub`"),
        "tls": Key(_UPSTREAM_TLS, "trust for the connection to `jwks_url`"),
    }
)
_MTLS = Table(
    {
        "ca_file": Key(Text(env=True), "the CA that signs certificates of clients, PEM"),
        "sans": Key(
            Listing(Text(env=True), lone=True),
            "clients, by a URI or DNS name of their certificate",
        ),
    }
)
_AUTH = Table(
    {
        "mode": Key(Text(choices=("none",)), "none: anybody may call"),
        "api_keys": Key(Listing(_CLIENT_KEY, lone=True), "clients known by a key"),
        "jwt": Key(_JWT, "clients known by a token that an issuer has signed"),
        "mtls": Key(_MTLS, "clients known by a certificate"),
    },
    lone="mode",
)
_LISTENER = Table(
    {
        "address": Key(Text(env=True), "the IP address to listen on"),
        "port": Key(_PORT, "the port to listen on"),
        "port_value": Key(_PORT, now="port"),
        "message_format": Key(
            Text(),
            "how a request's body is read: `huggingface` or `openai`, both chat completions",
        ),
        "messages": Key(Text(), now="message_format"),
        "connect_timeout": Key(Duration(), "of v0.1; has no effect: each endpoint has its own"),
        "timeout": Key(Duration(), "of archgw 0.2; has no effect"),
        "tls": Key(_TLS, "certificates; with them the listener speaks HTTPS"),
        "common_tls_context": Key(_TLS, "the same as `tls`, as Envoy calls it"),
        "cors": Key(_CORS, "web pages that may call"),
        "auth": Key(_AUTH, "who may call; `none`: anybody"),
    }
)
_NO_AGENTS = "an agent is an endpoint here: name it in `endpoints` and in a prompt target"
_NO_FILTERS = "nothing filters requests here but `prompt_guards`: remove it, or filter in the agent"
_LISTED_LISTENER = Table(
    {
        **_LISTENER.keys,
        "type": Key(
            Text(
                choices=("model", "prompt", "model_listener", "prompt_listener"),
                advice={"agent": _NO_AGENTS},
            ),
            "model: where applications call LLMs; prompt: where prompts come in",
            required=True,
        ),
        "name": Key(Text(), "accepted; a listener is known by its type"),
        "agents": Key(Elsewhere("0.4", _NO_AGENTS)),
        "router": Key(Elsewhere("0.4", _NO_AGENTS)),
        "filters": Key(Elsewhere("0.4", _NO_FILTERS)),
        "filter_chain": Key(Elsewhere("0.3", _NO_FILTERS)),
        "input_filters": Key(Elsewhere("0.4", _NO_FILTERS)),
        "output_filters": Key(Elsewhere("0.4", _NO_FILTERS)),
        "max_retries": Key(Elsewhere("0.4", "set `retries` of a provider", harmless=True)),
    }
)
_LISTENERS = TableOrList(
    Table(
        {
            "ingress_traffic": Key(_LISTENER, "where prompts come in"),
            "egress_traffic": Key(_LISTENER, "where applications call LLMs"),
            "prompt_gateway": Key(_LISTENER, now="ingress_traffic"),
            "llm_gateway": Key(_LISTENER, now="egress_traffic"),
        }
    ),
    _LISTED_LISTENER,
)

_SELECTOR = Table(
    {
        "http_header": Key(
            Table(
                {
                    "name": Key(Text(), "the header", required=True),
                    "value": Key(Text(), "its value; empty: one limit per distinct value"),
                }
            ),
            "the request header to count by",
        ),
        "key": Key(Text(), "the header (short form)"),
        "value": Key(Text(), "its value; empty: one limit per distinct value"),
        "client": Key(_Client(), "true: count by client, as `auth` knows it; a name: this one"),
    }
)
_LIMIT = Table(
    {
        "tokens": Key(Number(least=1, most=4e9, whole=True), "tokens per unit", required=True),
        "unit": Key(Text(choices=UNITS), "second, minute, hour or day", required=True),
    }
)
_PROVIDER_LIMIT = Table(
    {
        "selector": Key(_SELECTOR, "count apart by a header; without it, all together"),
        "limit": Key(_LIMIT, "how many tokens", required=True),
    }
)
_MODEL_LIMIT = Table(
    {
        "model": Key(Text(), "the model that is limited; a limit by client may be for all"),
        "provider": Key(Text(), now="model"),
        "selector": Key(_SELECTOR, "count apart by a header; without it, all together"),
        "limit": Key(_LIMIT, "how many tokens", required=True),
    }
)
_COUNTING = Table(
    {
        "mode": Key(
            Text(choices=("local", "global")),
            "local: each gateway counts by itself; global: one sum for all gateways",
            required=True,
        ),
        "redis": Key(Text(env=True), "where the sums are: rediss://[user@]host[:port][/number]"),
        "password": Key(SecretText(), "Redis's, as $VARIABLE"),
        "password_file": Key(KeyFile(), "a file with Redis's password"),
        "service": Key(
            Text(env=True),
            "host:port of a rate limit service that runs elsewhere, instead of `redis`",
        ),
        "domain": Key(Text(), "gateways of one domain share their sums; left out: archgw"),
        "on_failure": Key(
            Text(choices=("deny", "allow")),
            "what becomes of calls while the sums cannot be asked; left out: deny",
        ),
        "tls": Key(_UPSTREAM_TLS, "trust for the connection to Redis or the service"),
    }
)
_TIMEOUTS = Table(
    {
        "connect": Key(Duration(), "until the connection stands"),
        "first_byte": Key(Duration(), "until the answer begins"),
        "idle": Key(Duration(), "between two pieces of an answer"),
    },
    lone="first_byte",
)

_MONEY = Number(most=1_000_000)
_PRICE = Table(
    {
        "input": Key(_MONEY, "a million tokens of prompts", required=True),
        "output": Key(_MONEY, "a million tokens of answers; 0 where there are none", required=True),
        "cached": Key(
            _MONEY, "a million tokens of prompts that the provider had in its cache; else as input"
        ),
    }
)

_NO_ROUTING = "no model chooses a provider here: a call goes where it says, else to the default"
_NO_RETRY = "set `fallbacks`: a provider that answers 429 or fails is followed by the next of them"
_NO_BACKOFF = "remove it: the gateway waits 25 to 250 ms between two tries"

PROVIDER = Table(
    {
        "name": Key(Text(), "the name clients say in x-arch-llm-provider-hint"),
        "provider": Key(Text(), "openai, mistral, groq, … or local"),
        "provider_interface": Key(Text(), now="provider"),
        "access_key": Key(SecretText(), "the provider's key, as $VARIABLE"),
        "api_key": Key(SecretText(), now="access_key"),
        "access_key_file": Key(KeyFile(), "a file with the key, which is watched"),
        "model": Key(Text(), "the model's name, as the provider calls it"),
        "default": Key(Flag(), "where calls go that name no provider"),
        "stream": Key(Flag(), "accepted for v0.1's sake: clients choose in each request"),
        "endpoint": Key(Text(env=True), "a name in `endpoints`, or host:port"),
        "base_url": Key(Text(env=True), "the provider's API, up to and with /v1"),
        "tls": Key(_UPSTREAM_TLS, "trust for the connection to the provider"),
        "weight": Key(_COUNT, "share of a pool of providers of one name"),
        "fallbacks": Key(Listing(Text(), lone=True), "providers to try when this one fails"),
        "timeout": Key(_TIMEOUTS, "one duration, until the answer begins; or each time limit"),
        "retries": Key(Number(0, 10, whole=True), "tries after the first, before any answer"),
        "rate_limits": Key(Listing(_PROVIDER_LIMIT, lone=True), "token limits"),
        "price": Key(_PRICE, "of a million tokens, in a currency of your own"),
        "clients": Key(
            Listing(Text(), lone=True), "clients that may use it, by their names in `auth`"
        ),
        "api_version": Key(Text(), "azure_openai's API version"),
        "http_host": Key(Text(), "the name the hosts are called by, in Host and TLS"),
        "headers": Key(
            Named(SecretText(blanks=True)),
            "headers of each call, as `name: value`; $VARIABLE for secrets",
        ),
        "passthrough_auth": Key(
            Elsewhere(
                "0.4", "keys of clients are not forwarded: set `access_key` to one of its own"
            )
        ),
        "retry_policy": Key(
            Elsewhere("0.4", "set `retries` and `fallbacks` of the provider", harmless=True)
        ),
        "max_retries": Key(Elsewhere("0.3", "set `retries` of the provider", harmless=True)),
        "retry_on_ratelimit": Key(Elsewhere("0.3", _NO_RETRY, harmless=True)),
        "retry_to_same_provider": Key(Elsewhere("0.3", _NO_RETRY, harmless=True)),
        "retry_backoff_base_ms": Key(Elsewhere("0.3", _NO_BACKOFF, harmless=True)),
        "retry_backoff_max_ms": Key(Elsewhere("0.3", _NO_BACKOFF, harmless=True)),
        "capabilities": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "routing_preferences": Key(Elsewhere("0.3", _NO_ROUTING, harmless=True)),
        "usage": Key(Elsewhere("0.3", _NO_ROUTING, harmless=True)),
    }
)

_ALIAS = Table(
    {"target": Key(Text(), "the provider or model that is meant", required=True)}, lone="target"
)

_NO_AFFINITY = "remove it: hosts are asked in turns, whatever a prompt begins with"
_NO_CACHING = "remove it: a body goes as it comes, with what its client says of caches"

_HEALTH_CHECK = Table(
    {
        "path": Key(Text(), "the path that answers 200 when all is well"),
        "interval": Key(Duration(), "between two checks"),
        "timeout": Key(Duration(), "of one check"),
        "healthy_threshold": Key(_COUNT, "good answers in a row until a host is used again"),
        "unhealthy_threshold": Key(_COUNT, "bad answers in a row until a host is left out"),
    },
    lone="path",
)
_CIRCUIT_BREAKER = Table(
    {
        "max_connections": Key(_COUNT, "connections at once"),
        "max_pending_requests": Key(_COUNT, "requests that wait for a connection"),
        "max_requests": Key(_COUNT, "requests at once"),
        "max_retries": Key(_COUNT, "retries at once"),
    }
)
ENDPOINT = Table(
    {
        "endpoint": Key(
            Listing(Text(env=True), lone=True), "host:port, or a list of them", required=True
        ),
        "port": Key(_PORT, "the port of hosts that are written without one"),
        "http_host": Key(Text(), "the name the hosts are called by, in Host and TLS"),
        "protocol": Key(Text(choices=("http", "https")), "http or https"),
        "connect_timeout": Key(Duration(), "until a connection stands"),
        "health_check": Key(_HEALTH_CHECK, "ask the hosts whether they are well"),
        "circuit_breaker": Key(_CIRCUIT_BREAKER, "how much the hosts are given at once"),
        "tls": Key(_UPSTREAM_TLS, "trust for https"),
        "prefix_affinity": Key(Elsewhere("0.4", _NO_AFFINITY, harmless=True)),
    },
    lone="endpoint",
)

_ON_EXCEPTION = Table(
    {
        "message": Key(Text(), "what the client is told"),
        "forward_to_error_target": Key(Flag(), "send what was refused to the error target"),
    },
    lone="message",
)
_GUARD = Table(
    {
        "on_exception": Key(_ON_EXCEPTION, "what happens to a prompt that is refused"),
        "threshold": Key(_SHARE, "the score from which a prompt is refused"),
    }
)
_OLD_GUARD = Table(
    {
        "name": Key(Text(), "jailbreak or toxicity"),
        "on-exception-message": Key(Text(), "what the client is told"),
    }
)
_PROMPT_GUARDS = Table(
    {
        "input_guards": Key(
            Table(
                {
                    "jailbreak": Key(
                        _GUARD, "attempts to make the model leave its rules", bare=True
                    ),
                    "toxicity": Key(_GUARD, "insults, threats, hate", bare=True),
                }
            ),
            "checks of every prompt",
        ),
        "allow_images": Key(Flag(), "whether images pass, which no guard can judge"),
        "api_answers": Key(Flag(), "whether they judge answers of APIs, too, before an LLM does"),
        "input-guard": Key(Listing(_OLD_GUARD, lone=True), "the checks, in 0.1-beta's form"),
    }
)

# What users may call a type, and its name in JSON Schema.
TYPES: Mapping[str, ParameterType] = {
    "str": "string",
    "string": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "list": "array",
    "array": "array",
    "set": "array",
    "tuple": "array",
    "dict": "object",
    "object": "object",
}
# Those that are checked; to the models any other words will do.
FORMATS = ("date", "time", "date-time", "email", "uri", "uuid", "ipv4", "ipv6")
_NO_TYPES = {
    **{folded(each): f"write `type: str` and `format: {each}`" for each in FORMATS},
    "datetime": "write `type: str` and `format: date-time`",
    "enum": "write `type: str` and `enum: […]`",
}

PARAMETER = Table(
    {
        "name": Key(Text(), "the parameter's name", required=True),
        "type": Key(
            Text(choices=tuple(TYPES), advice=_NO_TYPES),
            "str, int, float, bool, list or dict",
        ),
        "description": Key(Text(), "what it is, in words"),
        "required": Key(Flag(), "whether the user is asked for it"),
        "default": Key(Anything(), "the value when the prompt names none"),
        "enum": Key(Listing(Anything()), "the values it can have"),
        "format": Key(Text(), "such as date, or a pattern in words"),
        "in_path": Key(Flag(), "whether it stands in the endpoint's path"),
        "items": Key(Table({"type": Key(Text(), "type of the items")}, "type"), "of a list"),
        "minimum": Key(Number(-1e15), "the least value"),
        "maximum": Key(Number(-1e15), "the greatest value"),
        "pattern": Key(Text(), "a regular expression the value matches as a whole"),
        "ask": Key(Text(), "the words for it in a question to the user"),
    }
)
_ENDPOINT_REF = Table(
    {
        "name": Key(Text(), "a name in `endpoints`", required=True),
        "cluster": Key(Text(), now="name"),
        "path": Key(Text(), "the path of the API; {name} stands for a parameter"),
        "http_method": Key(Text(choices=HTTP_METHODS), "GET, POST, …"),
    },
    lone="name",
)
_TARGET_ENDPOINT = Table(
    {
        **_ENDPOINT_REF.keys,
        "http_headers": Key(
            Named(SecretText(blanks=True)),
            "headers of each call, as `name: value`; $VARIABLE for secrets",
        ),
    },
    lone="name",
)
TARGET = Table(
    {
        "name": Key(Text(), "the target's name", required=True),
        "description": Key(Text(), "what prompts it answers, in words"),
        "default": Key(Flag(), "where prompts go that match no target"),
        "type": Key(Text(), "0.1-beta's kind of target"),
        "endpoint": Key(_TARGET_ENDPOINT, "the API that answers"),
        "path": Key(Text(), "the path at `prompt_endpoints` (0.1-beta)"),
        "http_method": Key(Text(choices=HTTP_METHODS), "the method (0.1-beta)"),
        "parameters": Key(Listing(PARAMETER), "what the API needs to know"),
        "auto_llm_dispatch_on_response": Key(Flag(), "whether an LLM words the API's answer"),
        "system_prompt": Key(Text(), "instead of the global one"),
        "clients": Key(
            Listing(Text(), lone=True), "clients it is there for, by their names in `auth`"
        ),
        "confirm": Key(
            Text(choices=("never", "unsure", "always")), "when the user is asked before a call"
        ),
    }
)
_ERROR_TARGET = Table(
    {
        "endpoint": Key(_ENDPOINT_REF, "the API that is told of errors"),
        "name": Key(Text(), "the endpoint (0.1-beta)"),
        "path": Key(Text(), "the path (0.1-beta)"),
    }
)

_MESSAGES = Table(
    {
        "ask": Key(Text(), "the question for what is missing: {what}"),
        "ask_more": Key(Text(), "the same, when some of it is known: {what}"),
        "confirm": Key(Text(), "the question before a call: {calls}"),
        "dropped": Key(Text(), "what is said when nothing is done"),
        "and_word": Key(Text(), "and"),
        "or_word": Key(Text(), "or, between choices"),
        "yes_word": Key(Text(), "yes, as a value and as a reply"),
        "no_word": Key(Text(), "no, as a value and as a reply"),
        "between": Key(Text(), "bounds of a number: {low} and {high}"),
        "at_least": Key(Text(), "its lower bound alone: {low}"),
        "at_most": Key(Text(), "its upper bound alone: {high}"),
        "example": Key(Text(), "how a format is shown: {example}"),
    }
)
_WHOLE = "remove it: conversations go to the LLM whole"
_OVERRIDES = Table(
    {
        "prompt_target_intent_matching_threshold": Key(_SHARE, "score from which a target matches"),
        "guard_threshold": Key(_SHARE, "score from which a guard refuses"),
        "error_format": Key(Text(choices=("json", "text")), "form of the gateway's own errors"),
        "error_detail": Key(
            Text(choices=("client", "full")), "whether clients are told an API's host and path"
        ),
        "stream_format": Key(
            Text(choices=("openai", "v0.1")), "form of streams and of what was called"
        ),
        "access_log_format": Key(Text(choices=("json", "text")), "form of the access logs"),
        "debug_headers": Key(Flag(), "whether `x-arch-debug: true` shows scores"),
        "max_calls": Key(Number(1, 100, whole=True), "API calls one prompt may cause"),
        "ca_file": Key(Text(env=True), "the CA bundle to trust, PEM"),
        "stats_port": Key(Number(0, 65535, whole=True), "loopback port of the statistics; 0: none"),
        "max_body": Key(
            Size(least=64 << 10, most=64 << 20),
            "the largest body that is taken, such as 20MiB; left out: 10 MiB for LLM calls, 1 MiB "
            "for prompts",
        ),
        "unknown_model": Key(
            Text(choices=("refuse", "default")), "what becomes of a call for a model not known here"
        ),
        "messages": Key(_MESSAGES, "the gateway's own sentences"),
        "upstream_connect_timeout": Key(
            Duration(), "until a connection to a provider stands that says no time of its own"
        ),
        "upstream_tls_ca_path": Key(Text(env=True), now="ca_file"),
        "optimize_context_window": Key(Elsewhere("0.2", _WHOLE, harmless=True)),
        "use_agent_orchestrator": Key(Elsewhere("0.3", _NO_AGENTS, harmless=True)),
        "agent_orchestration_model": Key(Elsewhere("0.4", _NO_AGENTS, harmless=True)),
        "orchestrator_model_context_length": Key(Elsewhere("0.4", _NO_AGENTS, harmless=True)),
        "llm_routing_model": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "router_model": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "empty_pool_behavior": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "model_capabilities_source": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "disable_signals": Key(
            Elsewhere("0.4", "remove it: answers are not analysed here", harmless=True)
        ),
    }
)
_DECISIONS = Table(
    {
        "file": Key(Text(env=True), "JSON lines; a relative path is of the logs' folder"),
        "sample": Key(_SHARE, "share of the decisions that are written"),
        "content": Key(
            Text(choices=("none", "values", "all")), "texts in it: none, calls' values, prompts too"
        ),
    }
)
_NO_TRACES = "remove it: spans have attributes of their own, and go to `otlp`"
_TRACING = Table(
    {
        "sampling_rate": Key(_SHARE, "share of requests that are traced"),
        "random_sampling": Key(Number(0, 100), "the same in percent"),
        "trace_arch_internal": Key(Flag(), "accepted for v0.1's sake; has no effect"),
        "trace_arch": Key(Flag(), now="trace_arch_internal"),
        "otlp": Key(
            Text(env=True), "the collector: http://127.0.0.1:4318, or grpc://127.0.0.1:4317"
        ),
        "opentracing_grpc_endpoint": Key(Text(env=True), "the same, over gRPC (0.4)"),
        "headers": Key(
            Named(SecretText(blanks=True)),
            "headers of what the collector is sent, as `name: value`; $VARIABLE for secrets",
        ),
        "service_name": Key(Text(env=True), "what traces call the gateway; left out: archgw"),
        "span_attributes": Key(Elsewhere("0.4", _NO_TRACES, harmless=True)),
        "exporters": Key(Elsewhere("0.4", _NO_TRACES, harmless=True)),
    }
)
_MODEL_SERVER = Table(
    {
        "address": Key(
            Listing(Text(env=True), lone=True), "host:port of model servers of their own, or a list"
        ),
        "embedded": Key(Flag(), "whether `archgw up` starts it, at `address` if one is given"),
        "guard_model": Key(Text(env=True), "a directory with a guard model of one's own"),
        "token": Key(SecretText(), "what the server at `address` has to know, as $VARIABLE"),
    },
    lone="address",
)
_FUNCTION_CALLING = Table(
    {
        "backend": Key(Text(choices=("embedded", "openai")), "who names and fills the calls"),
        "base_url": Key(Text(env=True), "of an OpenAI-compatible server"),
        "model": Key(Text(), "its model"),
        "access_key": Key(SecretText(), "its key, as $VARIABLE"),
    },
    lone="backend",
)
_NAMED_PROMPT = Table(
    {
        "name": Key(Text(), "a name"),
        "content": Key(Text(), "the prompt", required=True),
    },
    lone="content",
)

_NO_STATE = "remove it: the gateway keeps no conversation, clients and providers do"

CONFIG = Table(
    {
        "version": Key(_Version(), "the dialect; the keys decide, not this"),
        "listener": Key(_LISTENER, "where prompts come in"),
        "listen": Key(_LISTENER, now="listener"),
        "listeners": Key(_LISTENERS, "both listeners"),
        "llm_providers": Key(Listing(PROVIDER), "the LLMs that may be called"),
        "model_providers": Key(Listing(PROVIDER), now="llm_providers"),
        "model_aliases": Key(Named(_ALIAS), "other names for models, by name"),
        "endpoints": Key(Named(ENDPOINT), "the application's own hosts, by name"),
        "prompt_endpoints": Key(
            Listing(Text(env=True), lone=True), "the application's hosts (0.1-beta)"
        ),
        "system_prompt": Key(Text(), "the system prompt of every target"),
        "system_prompts": Key(Listing(_NAMED_PROMPT, lone=True), "the same (0.1-beta)"),
        "prompt_guards": Key(_PROMPT_GUARDS, "prompts that are refused"),
        "prompt_targets": Key(Listing(TARGET), "prompts the application's APIs answer"),
        "error_target": Key(_ERROR_TARGET, "who is told of errors"),
        "ratelimits": Key(Listing(_MODEL_LIMIT, lone=True), "token limits by model"),
        "rate_limits": Key(_COUNTING, "how limits are counted: by each gateway, or by all as one"),
        "overrides": Key(_OVERRIDES, "settings of the gateway itself"),
        "decisions": Key(_DECISIONS, "records of what was decided"),
        "tracing": Key(_TRACING, "traces, and the collector that they go to"),
        "mode": Key(Text(choices=("llm", "prompt")), "llm: no prompt listener"),
        "model_server": Key(_MODEL_SERVER, "the server of the guard and intent models"),
        "function_calling": Key(_FUNCTION_CALLING, "who names and fills the calls"),
        "agents": Key(Elsewhere("0.3", _NO_AGENTS)),
        "filters": Key(Elsewhere("0.4", _NO_FILTERS)),
        "agent_filters": Key(Elsewhere("0.4", _NO_FILTERS)),
        "routing": Key(Elsewhere("0.3", _NO_ROUTING, harmless=True)),
        "routing_preferences": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "prompt_caching": Key(Elsewhere("0.4", _NO_CACHING, harmless=True)),
        "model_metrics_sources": Key(Elsewhere("0.4", _NO_ROUTING, harmless=True)),
        "state_storage": Key(Elsewhere("0.4", _NO_STATE, harmless=True)),
        "state_storage_v1_responses": Key(Elsewhere("0.4", _NO_STATE, harmless=True)),
    }
)
