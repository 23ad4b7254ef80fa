"""What Envoy is started with: its limits, its admin socket, and where its config comes from.

`xds_bootstrap` points at the control plane's socket; `static_bootstrap` holds the same
resources in itself, for review, for validation and for a gateway without a control plane.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from controlplane.emit import metrics, names, proto
from controlplane.emit.proto import Fields, typed

if TYPE_CHECKING:
    from controlplane.emit.resources import Resources
    from controlplane.home_paths import Home

_HEAP_BYTES = 512 << 20
_MAX_CONNECTIONS = 2000
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def xds_bootstrap(home: Home) -> Fields:
    fields = _common(home)
    fields["dynamic_resources"] = {
        "ads_config": {
            "api_type": "GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "ads"}}],
        },
        "cds_config": {"resource_api_version": "V3", "ads": {}},
        "lds_config": {"resource_api_version": "V3", "ads": {}},
    }
    # The supervisor, who puts the statistics of all processes together.
    stats = _pipe_cluster(names.STATS_CLUSTER, str(home.scrape_socket))
    fields["static_resources"] = {"clusters": [_ads_cluster(home), stats]}
    return fields


def static_bootstrap(home: Home, resources: Resources) -> Fields:
    routes = {route["name"]: route for route in resources.routes}
    fields = _common(home)
    fields["static_resources"] = {
        "listeners": [_with_routes(listener, routes) for listener in resources.listeners],
        # Where there is no supervisor, Envoy tells its own.
        "clusters": [
            *resources.clusters,
            _pipe_cluster(names.STATS_CLUSTER, str(home.admin_socket)),
        ],
    }
    return fields


def _with_routes(listener: Fields, routes: dict[str, Fields]) -> Fields:
    listener = copy.deepcopy(listener)
    for chain in listener["filter_chains"]:
        for network_filter in chain["filters"]:
            manager = network_filter["typed_config"]
            if rds := manager.pop("rds", None):
                manager["route_config"] = routes[rds["route_config_name"]]
    return listener


def _common(home: Home) -> Fields:
    return {
        "node": {"id": "archgw", "cluster": "archgw"},
        "admin": _admin(home),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _RUNTIME}]},
        "overload_manager": _overload(),
        "stats_config": {
            "use_all_default_tags": True,
            "histogram_bucket_settings": metrics.buckets(),
        },
        # Histograms show what they hold as often as this.
        "stats_flush_interval": "1s",
        "typed_dns_resolver_config": _RESOLVER,
    }


# Envoy takes no further clusters while one still waits for its first DNS answer. By default it
# waits 40 seconds for a name server that is silent, and so would every reload.
_RESOLVER: Fields = {
    "name": "envoy.network.dns_resolver.cares",
    "typed_config": typed(
        "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        query_timeout_seconds=2,
        query_tries=2,
    ),
}

_RUNTIME: Fields = {
    "overload.premature_reset_total_stream_count": 100,
    "overload.premature_reset_min_stream_lifetime_seconds": 1,
    "http.max_requests_per_io_cycle": 5,
    # All paths of the API in one expression are more than the 100 that it allows by itself.
    "re2.max_program_size.error_level": 1000,
    # It would send every five spans by themselves, which is one request for each that it serves.
    "tracing.opentelemetry.min_flush_spans": 256,
    "tracing.opentelemetry.flush_interval_ms": 1000,
}


def _admin(home: Home) -> Fields:
    # No config_dump, no quitquitquit, no runtime_modify; and only this user can connect.
    return {
        "address": proto.pipe(home.admin_socket),
        "ignore_global_conn_limit": True,
        "allow_paths": [
            {"exact": "/ready"},
            {"exact": "/server_info"},
            {"exact": "/reopen_logs"},
            {"prefix": "/stats"},
            {"prefix": "/listeners"},
            {"prefix": "/clusters"},
            {"prefix": "/healthcheck/"},
            {"prefix": "/drain_listeners"},
        ],
    }


def _ads_cluster(home: Home) -> Fields:
    cluster = _pipe_cluster("ads", str(home.ads_socket))
    cluster["typed_extension_protocol_options"] = {
        _HTTP_OPTIONS: typed(
            _HTTP_OPTIONS,
            explicit_http_config={
                "http2_protocol_options": {
                    "connection_keepalive": {"interval": "5s", "timeout": "2s"}
                }
            },
        )
    }
    return cluster


def _pipe_cluster(name: str, path: str) -> Fields:
    endpoint = {"endpoint": {"address": {"pipe": {"path": path}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


_HEAP = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"


def _overload() -> Fields:
    """Under memory pressure: first tidy up, then slow down, then refuse, never die."""
    return {
        "refresh_interval": "0.25s",
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": 20},
        "resource_monitors": [
            {
                "name": _HEAP,
                "typed_config": typed(
                    "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    max_heap_size_bytes=_HEAP_BYTES,
                ),
            },
            {
                "name": _CONNECTIONS,
                "typed_config": typed(
                    "envoy.extensions.resource_monitors.downstream_connections.v3"
                    ".DownstreamConnectionsConfig",
                    max_active_downstream_connections=_MAX_CONNECTIONS,
                ),
            },
        ],
        "actions": [
            _action("shrink_heap", _above(0.85)),
            {
                **_action("reduce_timeouts", _growing(0.85, 0.95)),
                "typed_config": typed(
                    "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
                    timer_scale_factors=[
                        {"timer": "HTTP_DOWNSTREAM_CONNECTION_IDLE", "min_timeout": "2s"}
                    ],
                ),
            },
            _action("disable_http_keepalive", _above(0.90)),
            _action("reset_high_memory_stream", _growing(0.92, 0.98)),
            _action("stop_accepting_requests", _above(0.95)),
        ],
        "loadshed_points": [
            {"name": f"envoy.load_shed_points.{point}", "triggers": [_above(0.97)]}
            for point in ("tcp_listener_accept", "http_connection_manager_decode_headers")
        ],
    }


def _action(name: str, trigger: Fields) -> Fields:
    return {"name": f"envoy.overload_actions.{name}", "triggers": [trigger]}


def _above(share: float) -> Fields:
    """All at once, when the heap is as full as that."""
    return {"name": _HEAP, "threshold": {"value": share}}


def _growing(low: float, high: float) -> Fields:
    """Begins where the heap is `low` full, and is at its most at `high`."""
    return {
        "name": _HEAP,
        "scaled": {"scaling_threshold": low, "saturation_threshold": high},
    }
