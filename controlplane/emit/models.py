"""Model servers at ports: a cluster, and the socket at which extproc finds one of them.

Connections are passed on, not requests: on each the server proves that it knows the token before it is
shown a prompt, and that holds from end to end or not at all. extproc opens one for each question, so
that the server with the fewest connections is the one that has the least to do.

A server that dies is left out at the first connection that it refuses, one that hangs when it has not
said twice that it is well; its connections are closed then, and extproc asks another. One that drains
says that it is degraded: it ends what it has, and gets nothing new while another is well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import clusters, names, proto
from controlplane.emit.proto import Fields, typed

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home


def emit_cluster(server: ir.ModelServer) -> Fields:
    load = clusters.endpoints(names.MODELS_CLUSTER, server.addresses)
    # One that is well takes all calls: none are left for those that drain.
    load["policy"] = {"overprovisioning_factor": 100_000}
    return {
        "name": names.MODELS_CLUSTER,
        "cluster_type": clusters.DNS,
        "connect_timeout": "1s",
        "load_balancing_policy": {"policies": [{"typed_extension_config": _LEAST_REQUEST}]},
        "common_lb_config": {**clusters.UNTIL_NONE_IS_LEFT, "update_merge_window": "0s"},
        "load_assignment": load,
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 1024, "max_pending_requests": 1024, "max_requests": 1024}
            ]
        },
        "outlier_detection": _REFUSED,
        "health_checks": [_PROBE],
        "close_connections_on_host_health_failure": True,
    }


def emit_listener(home: Home) -> Fields:
    passes_on = typed(
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=names.MODELS_CLUSTER,
        cluster=names.MODELS_CLUSTER,
        idle_timeout="60s",
        max_connect_attempts=3,
    )
    proxy = {"name": "envoy.filters.network.tcp_proxy", "typed_config": passes_on}
    return {
        "name": names.MODELS_CLUSTER,
        "address": proto.pipe(home.models_socket),
        "filter_chains": [{"filters": [proxy]}],
    }


# All hosts are looked at: of two chosen by chance, both may be the one that is full.
_LEAST_REQUEST: Fields = {
    "name": "envoy.load_balancing_policies.least_request",
    "typed_config": typed(
        "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
        selection_method="FULL_SCAN",
    ),
}

_REFUSED: Fields = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 1,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_local_origin_success_rate": 0,
    "interval": "0.5s",
    "base_ejection_time": "1s",
    "max_ejection_time": "5s",
    # Were all of them left out, all would be asked.
    "max_ejection_percent": 100,
}

_PROBE: Fields = {
    "timeout": "1s",
    "interval": "0.5s",
    "no_traffic_interval": "0.5s",
    "unhealthy_threshold": 2,
    "healthy_threshold": 1,
    "http_health_check": {"path": "/healthz"},
}
