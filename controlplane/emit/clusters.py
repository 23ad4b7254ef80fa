"""Upstreams become clusters; a provider's cluster also knows its key, its paths, its model.

The key and the rewrite are *upstream* filters: they run for the cluster an attempt really
goes to, so a request that fails over carries the other provider's key and model, never the
first one's.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.emit import lua, names, proto
from controlplane.emit.proto import Fields, duration, typed

if TYPE_CHECKING:
    from controlplane.home_paths import Home
    from extproc import contract

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_FILTERS = "envoy.extensions.filters.http"


def emit_clusters(gateway: ir.Gateway, home: Home) -> tuple[Fields, ...]:
    providers = [_provider(provider, gateway, home) for provider in gateway.providers]
    apis = [_api(upstream) for upstream in gateway.upstreams]
    ours = _prompt_path(gateway, gateway.prompts, home) if gateway.prompts else []
    traces = _traces(gateway.tracing, home) if gateway.tracing else []
    limits = [_limits(gateway.shared_limits.keeper, home)] if gateway.shared_limits else []
    return tuple(providers + apis + ours + _key_sets(gateway) + traces + limits)


def _provider(provider: ir.Provider, gateway: ir.Gateway, home: Home) -> Fields:
    cluster = _cluster(names.provider_cluster(provider.name), provider.upstream)
    told: Fields = {"provider": provider.label, "kind": provider.kind}
    if provider.model:
        told["model"] = provider.model
    if provider.price:
        told |= {f"price_{name}": price for name, price in asdict(provider.price).items()}
    cluster["metadata"] = {"filter_metadata": {names.CLUSTER_METADATA: told}}
    cluster["typed_extension_protocol_options"] = _http_options(
        http_filters=_upstream_filters(provider, gateway, home)
    )
    return cluster


def _api(upstream: ir.Upstream) -> Fields:
    cluster = _cluster(names.api_cluster(upstream.name), upstream)
    cluster["typed_extension_protocol_options"] = _http_options()
    return cluster


def _key_sets(gateway: ir.Gateway) -> list[Fields]:
    """Where issuers of clients' tokens have their keys."""
    return [
        {
            **_cluster(names.key_set_cluster(listener), keys.upstream),
            "typed_extension_protocol_options": _http_options(),
        }
        for listener, keys in gateway.key_sets
    ]


def _traces(tracing: ir.Tracing, home: Home) -> list[Fields]:
    """The collector, and our process that makes spans of LLM calls for it."""
    collector = _cluster(names.COLLECTOR_CLUSTER, tracing.collector)
    speaks_http = tracing.spans.collector.startswith("http")
    options = _http_options() if speaks_http else {_HTTP_OPTIONS: {**_HTTP2[_HTTP_OPTIONS]}}
    headers = [ir.Credential(secret, name, "") for name, secret in tracing.spans.headers]
    if headers:
        filters = [_credential(each, home) for each in headers]
        options[_HTTP_OPTIONS]["http_filters"] = [*filters, _codec()]
    collector["typed_extension_protocol_options"] = options
    spans = {
        "name": names.SPANS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "0.25s",
        "load_assignment": {
            "cluster_name": names.SPANS_CLUSTER,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": proto.pipe(home.spans_socket)}}]}
            ],
        },
        # What it is too slow for is dropped.
        "circuit_breakers": {
            "thresholds": [{"max_connections": 2, "max_pending_requests": 8, "max_requests": 8}]
        },
    }
    return [collector, spans]


def _limits(keeper: ir.Redis | ir.Upstream, home: Home) -> Fields:
    """A rate limit service, or our own process, which asks Redis."""
    name = names.LIMITS_CLUSTER
    if not isinstance(keeper, ir.Redis):
        return {**_cluster(name, keeper), "typed_extension_protocol_options": _HTTP2}
    endpoint = {"endpoint": {"address": proto.pipe(home.limits_socket)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "0.25s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {"thresholds": [{"max_pending_requests": 4096, "max_requests": 4096}]},
        "typed_extension_protocol_options": _HTTP2,
    }


def _cluster(name: str, upstream: ir.Upstream) -> Fields:
    fields: Fields = {
        "name": name,
        "cluster_type": DNS,
        "connect_timeout": duration(upstream.connect_timeout),
        "per_connection_buffer_limit_bytes": 32 << 10,
        "lb_policy": "ROUND_ROBIN",
        "common_lb_config": UNTIL_NONE_IS_LEFT,
        "load_assignment": endpoints(name, upstream.addresses),
        "circuit_breakers": _circuit_breakers(upstream.circuit_breaker),
        "outlier_detection": _OUTLIERS,
        "upstream_connection_options": {
            "tcp_keepalive": {
                "keepalive_time": 30,
                "keepalive_interval": 10,
                "keepalive_probes": 3,
            }
        },
    }
    if upstream.health_check:
        fields["health_checks"] = [_health_check(upstream.health_check)]
    if upstream.tls:
        fields["transport_socket"] = _tls(upstream.tls)
    return fields


# All addresses of a name share the calls, and the last known ones serve on while DNS is away.
DNS: Fields = {
    "name": "envoy.clusters.dns",
    "typed_config": typed(
        "envoy.extensions.clusters.dns.v3.DnsCluster",
        dns_lookup_family="V4_PREFERRED",
        respect_dns_ttl=True,
        dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "10s"},
    ),
}

# Envoy's default gives sick hosts their share again once half of them are sick. Here they get
# none while one is well; when none is, all are tried, and a fallback takes over where they fail.
UNTIL_NONE_IS_LEFT: Fields = {"healthy_panic_threshold": {"value": 1.0}}

# Five server errors in a row (Envoy's default), or three connections that failed, take a host out
# for a while; a lone host stays, since there is no better one.
_OUTLIERS: Fields = {
    "interval": "5s",
    "base_ejection_time": "10s",
    "max_ejection_percent": 50,
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 3,
}


def endpoints(name: str, addresses: tuple[ir.Address, ...]) -> Fields:
    return {
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [_endpoint(address) for address in addresses]}],
    }


def _endpoint(address: ir.Address) -> Fields:
    return {
        "endpoint": {
            "hostname": address.name,
            # Without it a health check asks for a host named like our cluster.
            "health_check_config": {"hostname": address.name},
            "address": proto.socket_address(address.host, address.port),
        },
        "load_balancing_weight": address.weight,
    }


def _circuit_breakers(breaker: ir.CircuitBreaker) -> Fields:
    threshold = {
        "max_connections": breaker.max_connections,
        "max_pending_requests": breaker.max_pending_requests,
        "max_requests": breaker.max_requests,
        "max_retries": breaker.max_retries,
        "retry_budget": {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 8},
        "track_remaining": True,
    }
    return {"thresholds": [threshold]}


def _health_check(check: ir.HealthCheck) -> Fields:
    return {
        "timeout": duration(check.timeout),
        "interval": duration(check.interval),
        "unhealthy_threshold": check.unhealthy_threshold,
        "healthy_threshold": check.healthy_threshold,
        "no_traffic_interval": duration(check.interval),
        "http_health_check": {"path": check.http_path},
    }


def _tls(tls: ir.UpstreamTls) -> Fields:
    # Envoy accepts any certificate until it is given a CA, and any name the CA ever signed
    # until the name is checked. An access key travels here: both are set.
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            auto_host_sni=True,
            auto_sni_san_validation=True,
            common_tls_context={
                "tls_params": {
                    "tls_minimum_protocol_version": "TLSv1_2",
                    "tls_maximum_protocol_version": "TLSv1_3",
                },
                "validation_context": {"trusted_ca": {"filename": tls.ca_file}},
            },
        ),
    }


def _http_options(http_filters: list[Fields] | None = None) -> Fields:
    options = typed(
        _HTTP_OPTIONS,
        common_http_protocol_options={
            "idle_timeout": "60s",
            "max_requests_per_connection": 10000,
            "max_headers_count": 100,
            "max_response_headers_kb": 60,
        },
        explicit_http_config={"http_protocol_options": {}},
    )
    if http_filters:
        options["http_filters"] = http_filters
    return {_HTTP_OPTIONS: options}


_HTTP2: Fields = {
    _HTTP_OPTIONS: typed(_HTTP_OPTIONS, explicit_http_config={"http2_protocol_options": {}})
}


def _upstream_filters(provider: ir.Provider, gateway: ir.Gateway, home: Home) -> list[Fields]:
    tells = bool(gateway.prompts and gateway.prompts.error_target)
    filters = [
        lua.lua_filter(names.REWRITE_FILTER, lua.rewrite_source(provider, record_failures=tells)),
    ]
    if provider.credential:
        filters.append(_credential(provider.credential, home))
    filters += [_credential(header, home) for header in provider.headers]
    if provider.speaks_messages:
        filters.append(lua.lua_filter(names.NATIVE_KEY_FILTER, lua.native_key_source()))
    return [*filters, _codec()]


def _codec() -> Fields:
    codec = typed(f"{_FILTERS}.upstream_codec.v3.UpstreamCodec")
    return {"name": "envoy.filters.http.upstream_codec", "typed_config": codec}


def _credential(credential: ir.Credential, home: Home) -> Fields:
    return {
        "name": "envoy.filters.http.credential_injector",
        "typed_config": typed(
            f"{_FILTERS}.credential_injector.v3.CredentialInjector",
            overwrite=True,
            allow_request_without_credential=False,
            credential={
                "name": "envoy.http.injected_credentials.generic",
                "typed_config": typed(
                    "envoy.extensions.http.injected_credentials.generic.v3.Generic",
                    header=credential.header,
                    header_value_prefix=credential.prefix,
                    credential=sds_secret(credential.secret, home),
                ),
            },
        ),
    }


def sds_secret(name: str, home: Home) -> Fields:
    """A secret that Envoy reads from a file, and reads again when the file changes."""
    return {
        "name": name,
        "sds_config": {
            "resource_api_version": "V3",
            "initial_fetch_timeout": "5s",
            "path_config_source": {
                "path": str(home.sds_file(name)),
                "watched_directory": {"path": str(home.secrets)},
            },
        },
    }


def _prompt_path(gateway: ir.Gateway, prompts: ir.Prompts, home: Home) -> list[Fields]:
    clusters = [_extproc(home)]
    if prompts.error_target:
        clusters.append(_error_target(gateway, prompts.error_target))
    return clusters


def _error_target(gateway: ir.Gateway, endpoint: contract.ApiEndpoint) -> Fields:
    """The error target as the last provider of a failover chain."""
    upstream = next(entry for entry in gateway.upstreams if entry.name == endpoint.upstream)
    cluster = _cluster(names.ERROR_TARGET_CLUSTER, upstream)
    cluster["typed_extension_protocol_options"] = _http_options(
        http_filters=[
            lua.lua_filter("archgw.error_target", lua.error_target_source(endpoint)),
            _codec(),
        ]
    )
    return cluster


_LEFT_AT_ONCE: Fields = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 1,
    "enforcing_consecutive_local_origin_failure": 100,
    "consecutive_gateway_failure": 3,
    "enforcing_consecutive_gateway_failure": 100,
    "enforcing_success_rate": 0,
    "enforcing_local_origin_success_rate": 0,
    "interval": "0.5s",
    "base_ejection_time": "1s",
    "max_ejection_time": "5s",
    "max_ejection_percent": 50,
}

_PROBE: Fields = {
    "timeout": "0.3s",
    "interval": "0.5s",
    "no_traffic_interval": "0.5s",
    "unhealthy_interval": "0.5s",
    "unhealthy_threshold": 1,
    "healthy_threshold": 1,
    "reuse_connection": False,
    "grpc_health_check": {},
}


def _extproc(home: Home) -> Fields:
    """Two processes: one that dies or hangs is left at once, and the other serves on."""
    endpoints = [
        {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
        for socket in home.extproc_sockets
    ]
    http2 = {
        # A process that hangs holds what it was asked until its connection is found dead.
        "connection_keepalive": {"interval": "0.5s", "timeout": "0.5s"},
        "initial_stream_window_size": 1 << 20,
        "initial_connection_window_size": 4 << 20,
    }
    return {
        "name": names.EXTPROC_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "0.25s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": names.EXTPROC_CLUSTER,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        # Envoy would keep a second change of hosts back for a second; one that died is left at once.
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            "update_merge_window": "0s",
        },
        "outlier_detection": _LEFT_AT_ONCE,
        "health_checks": [_PROBE],
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 64,
                    "max_pending_requests": 512,
                    "max_requests": 512,
                    "max_retries": 1,
                    "track_remaining": True,
                }
            ]
        },
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(
                _HTTP_OPTIONS, explicit_http_config={"http2_protocol_options": http2}
            )
        },
    }
