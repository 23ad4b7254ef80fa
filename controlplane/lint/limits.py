"""Times, ports, thresholds and limits that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from controlplane import client_headers, defaults
from controlplane.lint.rule import Finding, error, warning
from controlplane.model import ClientSelector, Selector

if TYPE_CHECKING:
    from controlplane.model import Config, Listener, Path

SHORTEST_CONNECT = timedelta(milliseconds=1)
LONGEST_CONNECT = timedelta(seconds=60)


def _connect_timeouts(config: Config) -> Iterator[tuple[Path, timedelta]]:
    for listener in (config.ingress, config.egress):
        if listener and listener.connect_timeout is not None:
            yield (*listener.path, "connect_timeout"), listener.connect_timeout
    for endpoint in config.endpoints:
        if endpoint.connect_timeout is not None:
            yield (*endpoint.path, "connect_timeout"), endpoint.connect_timeout
    for provider in config.providers:
        if provider.timeouts and provider.timeouts.connect is not None:
            yield (*provider.timeouts.path, "connect"), provider.timeouts.connect
    if config.overrides.connect_timeout is not None:
        path = (*config.overrides.path, "upstream_connect_timeout")
        yield path, config.overrides.connect_timeout


def _other_times(config: Config) -> Iterator[tuple[Path, timedelta | None]]:
    for provider in config.providers:
        if provider.timeouts:
            yield (*provider.timeouts.path, "first_byte"), provider.timeouts.first_byte
            yield (*provider.timeouts.path, "idle"), provider.timeouts.idle
    for endpoint in config.endpoints:
        if endpoint.health_check:
            yield (*endpoint.health_check.path, "interval"), endpoint.health_check.interval
            yield (*endpoint.health_check.path, "timeout"), endpoint.health_check.timeout


@warning("AG601")
def connect_timeout_out_of_range(config: Config) -> Iterator[Finding]:
    """A connect timeout is under 1 ms or over 60 s.

    Under a millisecond no connection stands in time, so each call fails. Over a minute every
    client has gone, while the gateway still waits for a host that is not there.

    Wrong:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", connect_timeout: 0.0005s}

    Right:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", connect_timeout: 0.5s}
    """
    for path, timeout in _connect_timeouts(config):
        if timedelta(0) < timeout < SHORTEST_CONNECT:
            message = "a connect timeout under 1 ms: no connection stands so soon"
            yield Finding(path, message, "is the unit right? 0.5s is usual")
        elif timeout > LONGEST_CONNECT:
            message = "a connect timeout over 60 s: clients will have given up before"
            yield Finding(path, message, "is the unit right? 5s is usual")


@error("AG602")
def no_time_at_all(config: Config) -> Iterator[Finding]:
    """A time limit is zero.

    It would have passed before anything began. Leave the key out for the default.

    Wrong:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", connect_timeout: 0s}

    Right:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", connect_timeout: 1s}
    """
    for path, time in (*_connect_timeouts(config), *_other_times(config)):
        if time == timedelta(0):
            yield Finding(path, "a time of zero", "leave the key out for the default")


@error("AG603")
def port_clash(config: Config) -> Iterator[Finding]:
    """Two listeners want one port.

    The prompt listener is on port 10000 unless `listener` says otherwise, the LLM listener on
    12000, and the statistics on 19901.

    Wrong:
        listener: {address: 127.0.0.1, port: 12000}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
        prompt_targets:
          - {name: reboot, description: Reboot one network device by its identifier}

    Right:
        listener: {address: 127.0.0.1, port: 10000}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
        prompt_targets:
          - {name: reboot, description: Reboot one network device by its identifier}
    """
    seen: list[_Wanted] = []
    for wanted in sorted(_ports(config), key=lambda each: each.chosen):
        for other in seen:
            if wanted.port == other.port and _overlap(wanted.address, other.address):
                message = f"{wanted.what} and {other.what} both want port {wanted.port}"
                yield Finding(wanted.path, message, "give one of them another port")
                break
        seen.append(wanted)


@dataclass(frozen=True, slots=True)
class _Wanted:
    path: Path
    what: str
    address: str
    port: int
    chosen: bool
    """Ports that nobody chose are looked at first, so that a clash points at a chosen one."""


def _ports(config: Config) -> Iterator[_Wanted]:
    guarded = config.jailbreak_guard or config.toxicity_guard
    prompts = config.mode != "llm" and (config.prompt_targets or guarded or config.ingress)
    if prompts:
        yield _listener(
            "the prompt listener", config.ingress, defaults.PROMPT_ADDRESS, defaults.PROMPT_PORT
        )
    if config.providers:
        yield _listener("the LLM listener", config.egress, defaults.LLM_ADDRESS, defaults.LLM_PORT)
    stats = config.overrides.stats_port
    if stats != 0:
        path = (*config.overrides.path, "stats_port")
        port = defaults.STATS_PORT if stats is None else stats
        yield _Wanted(path, "the statistics", defaults.LOOPBACK, port, stats is not None)


def _listener(what: str, listener: Listener | None, address: str, port: int) -> _Wanted:
    if listener is None:
        return _Wanted((), what, address, port, chosen=False)
    chosen = listener.port is not None
    wanted = port if listener.port is None else listener.port
    return _Wanted((*listener.path, "port"), what, listener.address or address, wanted, chosen)


def _overlap(one: str, other: str) -> bool:
    return one == other or bool({"0.0.0.0", "::"} & {one, other})


@warning("AG604")
def privileged_port(config: Config) -> Iterator[Finding]:
    """A listener wants a port below 1024.

    On most systems only root may listen there. archgw needs no root otherwise.

    Wrong:
        listener: {address: 0.0.0.0, port: 80}

    Right:
        listener: {address: 0.0.0.0, port: 10000}
    """
    for listener in (config.ingress, config.egress):
        if listener and listener.port is not None and listener.port < 1024:
            message = f"port {listener.port} is open to root alone on most systems"
            hint = "choose one above 1023, and let the load balancer or the firewall map it"
            yield Finding((*listener.path, "port"), message, hint)


@warning("AG605")
def https_port_without_certificate(config: Config) -> Iterator[Finding]:
    """A listener is on port 443 or 8443 but has no certificate.

    It then speaks plain HTTP on a port where every client expects TLS.

    Wrong:
        listener: {address: 0.0.0.0, port: 8443}

    Right:
        listener:
          address: 0.0.0.0
          port: 8443
          tls:
            tls_certificates:
              - certificate_chain: /etc/certs/cert.pem
                private_key: /etc/certs/key.pem
    """
    for listener in (config.ingress, config.egress):
        if listener and listener.port in (443, 8443) and not listener.certificates:
            message = f"port {listener.port}, but no certificate: this listener speaks plain HTTP"
            hint = "add `tls: {tls_certificates: […]}`"
            yield Finding((*listener.path, "port"), message, hint)


@warning("AG606")
def threshold_at_the_edge(config: Config) -> Iterator[Finding]:
    """A threshold is 0 or 1.

    Scores lie between the two: at 0 every prompt matches, or is refused; at 1 none is.

    Wrong:
        overrides: {guard_threshold: 0}

    Right:
        overrides: {guard_threshold: 0.5}
    """
    overrides = config.overrides
    key = "prompt_target_intent_matching_threshold"
    found: list[tuple[Path, float | None]] = [
        ((*overrides.path, key), overrides.intent_threshold),
        ((*overrides.path, "guard_threshold"), overrides.guard_threshold),
    ]
    guards = (guard for guard in (config.jailbreak_guard, config.toxicity_guard) if guard)
    found += [((*guard.path, "threshold"), guard.threshold) for guard in guards]
    for path, threshold in found:
        if threshold in (0, 1):
            what = "every prompt passes it" if threshold == 0 else "no prompt reaches it"
            message = f"a threshold of {threshold:g}: {what}"
            yield Finding(path, message, "choose one between, or leave the key out")


@warning("AG607")
def slow_health_check(config: Config) -> Iterator[Finding]:
    """A health check may take as long as the time between two of them.

    A host that hangs then has checks in flight all the time.

    Wrong:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", health_check: {interval: 1s, timeout: 5s}}

    Right:
        endpoints:
          app: {endpoint: "127.0.0.1:8000", health_check: {interval: 5s, timeout: 1s}}
    """
    for endpoint in config.endpoints:
        check = endpoint.health_check
        if check and check.timeout and check.interval and check.timeout >= check.interval:
            message = "a check may take as long as the time between two of them"
            yield Finding((*check.path, "timeout"), message, "make `timeout` less than `interval`")


@warning("AG608")
def same_limit_twice(config: Config) -> Iterator[Finding]:
    """Two limits count the same thing.

    The smaller one decides; the other is noise, or was meant for something else.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 900, unit: minute}}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 900, unit: hour}}
    """
    for limits in (config.rate_limits, *(provider.rate_limits for provider in config.providers)):
        seen: set[tuple[object, ...]] = set()
        for limit in limits:
            selector = limit.selector
            same = (limit.model, *_counted_by(selector), limit.unit)
            if same in seen:
                message = f"a second limit per {limit.unit} counts the same requests"
                yield Finding((*limit.path, "limit"), message, "keep the smaller one")
            seen.add(same)


def _counted_by(selector: Selector | ClientSelector | None) -> tuple[str | None, ...]:
    if isinstance(selector, ClientSelector):
        return "", selector.client
    return (selector.header.lower(), selector.value) if selector else (None, None)


@error("AG610")
def odd_header_name(config: Config) -> Iterator[Finding]:
    """A limit counts by a header whose name no header can have.

    Names of headers hold letters, digits and some signs, `-` as a rule (RFC 9110, section 5.1).

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: "x user"}, limit: {tokens: 100, unit: minute}}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
    """
    for selector in _selectors(config):
        if not client_headers.NAME.fullmatch(selector.header):
            message = f"no header can be called `{selector.header}`"
            yield Finding(selector.path, message, "write a name such as x-user")


@error("AG612")
def unseen_header(config: Config) -> Iterator[Finding]:
    """A limit counts by a header that the gateway takes away from clients.

    What a client says of `x-forwarded-for`, `forwarded`, `proxy`, `x-arch-*` and `x-envoy-*` is
    removed before anything reads it, `x-request-id` and `x-forwarded-proto` are written anew, and a
    name with an underscore is refused. Such a limit would never count, or count each call by itself.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-forwarded-for}, limit: {tokens: 100, unit: minute}}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
    """
    for selector in _selectors(config):
        if not client_headers.is_seen(selector.header.lower()):
            message = f"no limit can count by `{selector.header}`: clients cannot set this header"
            hint = "count by a header of your own, such as x-user"
            yield Finding(selector.path, message, hint)


def _selectors(config: Config) -> Iterator[Selector]:
    for limits in (config.rate_limits, *(provider.rate_limits for provider in config.providers)):
        for limit in limits:
            if isinstance(limit.selector, Selector):
                yield limit.selector


@warning("AG609")
def impatient_provider(config: Config) -> Iterator[Finding]:
    """A provider is given less than a second until its answer begins.

    LLMs often think longer than that, so good answers are cut off and fall back.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K, timeout: 100ms}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K, timeout: 30s}
    """
    for provider in config.providers:
        limit = provider.timeouts.first_byte if provider.timeouts else None
        if provider.timeouts and limit and limit < timedelta(seconds=1):
            message = f"`{provider.name}` has {limit.total_seconds():g} s until its answer begins"
            hint = "LLMs need seconds; is the unit right?"
            yield Finding((*provider.timeouts.path, "first_byte"), message, hint)


@warning("AG615")
def limits_of_a_fallback(config: Config) -> Iterator[Finding]:
    """A fallback has other time limits of its own, which do not hold while it is a fallback.

    Envoy knows one limit for all attempts of a request: those of the provider that was asked
    first. Each attempt has as long again. A fallback that needs longer is cut off.

    Wrong:
        llm_providers:
          - name: fast
            provider: openai
            model: gpt-4o
            access_key: $K
            timeout: {first_byte: 10s}
            fallbacks: [slow]
            default: true
          - {name: slow, provider: vllm, model: m, endpoint: "10.0.0.1:80", timeout: 90s}

    Right:
        llm_providers:
          - name: fast
            provider: openai
            model: gpt-4o
            access_key: $K
            timeout: {first_byte: 90s}
            fallbacks: [slow]
            default: true
          - {name: slow, provider: vllm, model: m, endpoint: "10.0.0.1:80", timeout: 90s}
    """
    by_name = {provider.name: provider for provider in reversed(config.providers)}
    for first in config.providers:
        for number, name in enumerate(first.fallbacks):
            fallback = by_name.get(name)
            given = fallback.timeouts.first_byte if fallback and fallback.timeouts else None
            limit = first.timeouts.first_byte if first.timeouts else None
            limit = limit or defaults.FIRST_BYTE_TIMEOUT
            if given is not None and given != limit:
                message = (
                    f"as a fallback of `{first.name}`, `{name}` has {limit.total_seconds():g} s"
                    f" until its answer begins, not {given.total_seconds():g} s"
                )
                hint = f"give `{first.name}` the time that the slowest of them needs"
                yield Finding((*first.path, "fallbacks", number), message, hint)
