"""Limits that gateways share: where their sums are, and how one gets there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.hosts import is_public, split, unresolved
from controlplane.lint.rule import Finding, error, warning

if TYPE_CHECKING:
    from controlplane.hosts import Host
    from controlplane.model import Config, Counting

_SCHEMES = ("redis", "rediss")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OTHER_KEYS = ("redis", "password", "service", "domain", "on_failure", "ca_file")


def _shared(config: Config) -> Iterator[Counting]:
    if config.counting and config.counting.shared:
        yield config.counting


def _redis(config: Config) -> Iterator[tuple[Counting, Host | None]]:
    for counting in _shared(config):
        if counting.redis and not unresolved(counting.redis):
            yield counting, split(counting.redis)


@error("AG616")
def nowhere_to_count(config: Config) -> Iterator[Finding]:
    """Limits are to have one sum for all gateways, but not one place where that is.

    Either the gateway asks Redis, or a rate limit service that runs elsewhere does what it will.

    Wrong:
        rate_limits: {mode: global}

    Right:
        rate_limits: {mode: global, redis: "rediss://redis.corp"}
    """
    for counting in _shared(config):
        if counting.redis is None and counting.service is None:
            message = "no place is named where the sums of all gateways are"
            yield Finding(
                counting.path, message, "add `redis: rediss://host`, or `service: host:port`"
            )
        elif counting.redis is not None and counting.service is not None:
            message = "sums cannot be in Redis and with a service"
            path = (*counting.path, "service")
            yield Finding(path, message, "keep one: a service is told of its Redis where it runs")


@error("AG617")
def odd_redis(config: Config) -> Iterator[Finding]:
    """What should say where Redis is, does not.

    It is `rediss://host`, or `redis://host` without TLS; with a user, a port and the number of a
    database where these are others than Redis's usual: `rediss://gateway@redis.corp:6380/2`.

    Wrong:
        rate_limits: {mode: global, redis: "http://redis.corp:6379"}

    Right:
        rate_limits: {mode: global, redis: "rediss://redis.corp:6379"}
    """
    for counting, host in _redis(config):
        path = host.path.strip("/") if host else ""
        if host is None or host.scheme not in _SCHEMES or (path and not path.isdecimal()):
            message = "this is no address of a Redis"
            hint = "write `rediss://host:6379`, or `redis://…` where no TLS is needed"
            yield Finding((*counting.path, "redis"), message, hint)


@error("AG618")
def password_in_redis_url(config: Config) -> Iterator[Finding]:
    """The address of Redis has a password in it.

    An address is an argument of a process, which every user of the machine can list. The password has
    a key of its own, and is only ever in a file that no other user can read.

    Wrong:
        rate_limits: {mode: global, redis: "rediss://gateway:not-a-real-one@redis.corp"}

    Right:
        rate_limits: {mode: global, redis: "rediss://gateway@redis.corp", password: $REDIS_PASSWORD}
    """
    for counting, host in _redis(config):
        if host and host.user is not None and ":" in host.user:
            message = "a password stands in the address of Redis"
            hint = "write `password: $REDIS_PASSWORD`, and put it there"
            yield Finding((*counting.path, "redis"), message, hint)


@error("AG619")
def redis_password_in_clear(config: Config) -> Iterator[Finding]:
    """Redis's password would travel unencrypted over the internet.

    Anyone in between could read it, and set every limit back.

    Wrong:
        rate_limits: {mode: global, redis: "redis://redis.example.com", password: $REDIS_PASSWORD}

    Right:
        rate_limits: {mode: global, redis: "rediss://redis.example.com", password: $REDIS_PASSWORD}
    """
    for counting, host in _redis(config):
        if counting.password and host and host.scheme == "redis" and is_public(host.name):
            message = f"the password of Redis would go to {host.name} unencrypted"
            yield Finding((*counting.path, "redis"), message, "write `rediss://…`")


@warning("AG620")
def sharing_without_effect(config: Config) -> Iterator[Finding]:
    """Something about shared limits is said that has no effect.

    With `mode: local` each gateway counts by itself, wherever Redis is. And where there are no limits,
    nothing is counted.

    Wrong:
        rate_limits: {mode: local, redis: "rediss://redis.corp"}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
        rate_limits: {mode: global, redis: "rediss://redis.corp"}
    """
    counting = config.counting
    if counting is None:
        return
    said = next((key for key in _OTHER_KEYS if getattr(counting, key) is not None), None)
    limits = (config.rate_limits, *(provider.rate_limits for provider in config.providers))
    if not counting.shared and said:
        message = f"`{'tls' if said == 'ca_file' else said}` has no effect where each gateway counts by itself"
        yield Finding(counting.path, message, "write `mode: global`, or keep `mode: local` alone")
    elif counting.shared and not any(limits):
        message = "there are no limits that could be shared"
        hint = "limits are in `ratelimits`, or in `rate_limits` of a provider"
        yield Finding(counting.path, message, hint)


@error("AG621")
def odd_service(config: Config) -> Iterator[Finding]:
    """What should say where a rate limit service is, or what it calls the sums, does not.

    The service is at `host:port`, and speaks TLS at `https://host:port`. A domain is a word of letters,
    digits, dots, dashes and underscores.

    Wrong:
        rate_limits: {mode: global, service: "limits.corp:8081/check"}

    Right:
        rate_limits: {mode: global, service: "limits.corp:8081"}
    """
    for counting in _shared(config):
        host = split(counting.service or "")
        odd = host is None or host.path or host.user or host.scheme not in (None, "http", "https")
        if counting.service and not unresolved(counting.service) and odd:
            message = "this is no address of a service"
            yield Finding((*counting.path, "service"), message, "write `host:port`")
        if counting.domain is not None and not _DOMAIN.fullmatch(counting.domain):
            message = "this cannot be the name of a domain"
            hint = "up to 64 letters, digits, dots, dashes and underscores will do"
            yield Finding((*counting.path, "domain"), message, hint)
