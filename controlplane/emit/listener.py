"""Listeners: sockets, TLS, the connection manager and its hardening.

A listener changes only with its address, its certificates, the forms of errors and logs, the first
price, or more kinds of limits than it has slots for. What a config reload usually touches lives in
routes and clusters, because replacing a listener drains its connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import client_headers
from controlplane.emit import access_log, local_reply, metrics, models, names, proto, tracing
from controlplane.emit.clusters import sds_secret
from controlplane.emit.filters import internal_filters, llm_filters, plain_filters, prompt_filters
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home

_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_EARLY = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"


def emit_listeners(gateway: ir.Gateway, home: Home) -> tuple[Fields, ...]:
    listeners = [_public_listener(listener, gateway, home) for listener in gateway.listeners]
    if gateway.prompts:
        listeners.append(_internal_listener(gateway, home))
        if gateway.prompts.model_server.addresses:
            listeners.append(models.emit_listener(home))
    if gateway.stats_port:
        listeners.append(_stats_listener(gateway))
    return tuple(listeners)


def _public_listener(listener: ir.Listener, gateway: ir.Gateway, home: Home) -> Fields:
    manager = _connection_manager(listener, gateway)
    if listener.name == "llm":
        manager["http_filters"] = llm_filters(listener, gateway, home)
        logs = access_log.llm(listener, gateway, home)
    else:
        manager["http_filters"] = prompt_filters(listener, gateway, home)
        logs = access_log.prompt(listener, gateway, home)
    manager["access_log"] = [
        *logs,
        *metrics.logs(listener, prices=gateway.has_prices),
        *tracing.llm_calls(gateway),
    ]
    return _listener(listener, manager, home)


def _listener(listener: ir.Listener, manager: Fields, home: Home) -> Fields:
    chain: Fields = {
        "transport_socket_connect_timeout": "5s",
        "filters": [
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": manager,
            }
        ],
    }
    fields: Fields = {
        "name": listener.name,
        "address": proto.socket_address(listener.address, listener.port),
        "per_connection_buffer_limit_bytes": _UNREAD,
        "tcp_backlog_size": 1024,
        "max_connections_to_accept_per_socket_event": 1,
        "listener_filters_timeout": "5s",
        "tcp_keepalive": {
            "keepalive_time": 60,
            "keepalive_interval": 10,
            "keepalive_probes": 3,
        },
        "filter_chains": [chain],
    }
    if listener.certificates:
        chain["transport_socket"] = _downstream_tls(listener, home)
        fields["listener_filters"] = [
            {
                "name": "envoy.filters.listener.tls_inspector",
                "typed_config": typed(
                    "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
                ),
            }
        ]
    return fields


_UNREAD = 64 << 10
"""Bytes of answers that wait for a client that does not read; the provider waits beyond them. How
large a body may be is in the routes."""


_CIPHERS = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
]


def _downstream_tls(listener: ir.Listener, home: Home) -> Fields:
    # Envoy picks among several certificates by SNI; the first one serves unknown names.
    clients = listener.auth.certificates if listener.auth else None
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            **_sessions(resumed=clients is None),
            common_tls_context={
                **(
                    {"validation_context_sds_secret_config": sds_secret(clients.name, home)}
                    if clients
                    else {}
                ),
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {
                    "tls_minimum_protocol_version": "TLSv1_2",
                    "tls_maximum_protocol_version": "TLSv1_3",
                    "cipher_suites": _CIPHERS,
                },
                "tls_certificate_sds_secret_configs": [
                    sds_secret(each.name, home) for each in listener.certificates
                ],
            },
        ),
    }


def _sessions(*, resumed: bool) -> Fields:
    if resumed:
        return {"disable_stateless_session_resumption": False}
    # Nobody looks again at the certificate of a client that goes on where it once was.
    return {
        "disable_stateless_session_resumption": True,
        "disable_stateful_session_resumption": True,
    }


def _connection_manager(listener: ir.Listener, gateway: ir.Gateway) -> Fields:
    return typed(
        _HCM,
        stat_prefix=listener.name,
        **_HARDENED,
        stream_idle_timeout="300s",
        http2_protocol_options=_HTTP2,
        early_header_mutation_extensions=[_header_trust(gateway)],
        local_reply_config=local_reply.config(gateway, listener),
        rds=_rds(listener.name),
        **tracing.of_listener(listener.name, gateway),
    )


# For every socket that others than ourselves can reach.
_HARDENED: Fields = {
    "codec_type": "AUTO",
    "server_header_transformation": "OVERWRITE",
    "server_name": "archgw",
    "use_remote_address": True,
    "xff_num_trusted_hops": 0,
    "internal_address_config": {"unix_sockets": False},
    "skip_xff_append": True,
    "strip_any_host_port": True,
    "strip_trailing_host_dot": True,
    "normalize_path": True,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "REJECT_REQUEST",
    "generate_request_id": True,
    "preserve_external_request_id": False,
    "always_set_request_id_in_response": True,
    "max_request_headers_kb": 32,
    "request_headers_timeout": "5s",
    "request_timeout": "30s",
    "stream_flush_timeout": "60s",
    "drain_timeout": "5s",
    "delayed_close_timeout": "1s",
    "common_http_protocol_options": {
        "idle_timeout": "60s",
        "max_headers_count": 64,
        "max_requests_per_connection": 10000,
        "headers_with_underscores_action": "REJECT_REQUEST",
    },
    "http_protocol_options": {
        "accept_http_10": False,
        "allow_chunked_length": False,
        "enable_trailers": False,
    },
}

_HTTP2: Fields = {
    "max_concurrent_streams": 100,
    "initial_stream_window_size": 65536,
    "initial_connection_window_size": 1048576,
    "max_outbound_frames": 1000,
    "max_outbound_control_frames": 1000,
    "hpack_table_size": 4096,
    "stream_reset_burst": 100,
    "stream_reset_rate": 20,
    "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    "override_stream_error_on_invalid_http_message": False,
}


def _header_trust(gateway: ir.Gateway) -> Fields:
    """Only here is early enough: routes and filters still see what is removed later."""
    mutations: list[Fields] = [
        {"remove": names.REQUEST_ID_HEADER},
        *_checked_request_id(),
        {"remove": contract.HINT_HEADER},
        {"remove": contract.DEBUG_HEADER},
        {"remove": contract.STREAM_HEADER},
        _copied(names.CLIENT_HINT_HEADER, contract.HINT_HEADER),
        _copied(contract.CLIENT_DEBUG_HEADER, contract.DEBUG_HEADER),
        _copied(contract.CLIENT_STREAM_HEADER, contract.STREAM_HEADER),
    ]
    mutations += [
        {"remove_on_match": {"key_matcher": {"prefix": prefix}}}
        for prefix in client_headers.REMOVED_PREFIXES
    ]
    mutations += [{"remove": name} for name in client_headers.REMOVED]
    mutations += tracing.probes_untraced(gateway)
    return {"name": "header-trust", "typed_config": typed(_EARLY, mutations=mutations)}


def _checked_request_id() -> list[Fields]:
    """The id of a client on this machine is kept, where Envoy would take one of any form."""
    given = "request.headers['x-request-id']"
    sound = f"size({given}) <= 128 && {given}.matches('^[A-Za-z0-9._:/+=-]+$')"
    return [
        _set(names.REQUEST_ID_HEADER, f"%CEL({sound} ? {given} : '')%"),
        {"remove": "x-request-id"},
        _copied(names.REQUEST_ID_HEADER, "x-request-id"),
    ]


def _copied(header: str, name: str) -> Fields:
    return _set(name, f"%REQ({header})%")


def _set(name: str, value: str) -> Fields:
    return {
        "append": {
            "header": {"key": name, "value": value},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            "keep_empty_value": False,
        }
    }


def _internal_listener(gateway: ir.Gateway, home: Home) -> Fields:
    """Where extproc calls the user's APIs: a socket that only this user can open."""
    manager = typed(
        _HCM,
        stat_prefix="internal",
        generate_request_id=False,
        stream_idle_timeout="60s",
        http_filters=internal_filters(),
        access_log=access_log.internal(gateway, home),
        local_reply_config=local_reply.internal_config(),
        rds=_rds("internal"),
        **tracing.of_internal_listener(gateway),
    )
    return _plain_listener("internal", proto.pipe(home.internal_socket), manager)


def _stats_listener(gateway: ir.Gateway) -> Fields:
    """Prometheus' door: the admin socket stays closed, this answers two exact paths."""
    routes = [
        {"match": {"path": path}, "route": {"cluster": names.STATS_CLUSTER}}
        for path in ("/stats", "/stats/prometheus")
    ]
    host = {"name": "stats", "domains": ["*"], "routes": routes}
    manager = typed(
        _HCM,
        stat_prefix="stats",
        **{**_HARDENED, "codec_type": "HTTP1"},
        stream_idle_timeout="60s",
        route_config={"name": "stats", "virtual_hosts": [host]},
        http_filters=plain_filters(),
    )
    address = proto.socket_address(gateway.stats_address, gateway.stats_port)
    return _plain_listener("stats", address, manager)


def _plain_listener(name: str, address: Fields, manager: Fields) -> Fields:
    connection_manager = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    }
    return {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [connection_manager]}],
    }


def _rds(name: str) -> Fields:
    return {
        "route_config_name": name,
        "config_source": {"resource_api_version": "V3", "ads": {}},
    }
