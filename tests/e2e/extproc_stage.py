"""A stage for extproc alone: a real Envoy with a bootstrap of the bare wire contract.

The listener, its local replies and its routes are the least that extproc needs, written here and
not by the control plane's emitters: test_prompts.py has those. So what Envoy and extproc mean by
the messages they exchange is tested even where a mistake of the emitters would hide one of
extproc, with a runtime that no config could ask for (a short deadline), and with the metadata in
the access log as extproc left it, where Lua of ours would have used it up.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extproc import contract
from tests.e2e.harness import ENVOY, Extproc, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from extproc.contract import RuntimeConfig

_TYPE = "type.googleapis.com/envoy.extensions"
_PER_ROUTE = {"@type": f"{_TYPE}.filters.http.ext_proc.v3.ExtProcPerRoute"}


@dataclass
class Stage:
    port: int
    folder: Path
    extprocs: list[Extproc]
    envoy: subprocess.Popen[bytes]

    def access_log(self) -> list[dict[str, Any]]:
        time.sleep(0.3)
        lines = (self.folder / "access.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def extproc_log(self) -> str:
        return "".join(each.log.read_text() for each in self.extprocs)


@contextlib.contextmanager
def stage(
    folder: Path, settings: RuntimeConfig, llm: int, app: int, processes: int = 1
) -> Iterator[Stage]:
    """`llm` and `app` are ports on 127.0.0.1; the upstreams `app` and `errors` are both `app`."""
    runtime = folder / "runtime"
    runtime.mkdir()
    text = contract.dumps(settings)
    name = contract.generation(text)
    (runtime / f"{name}.json").write_text(text)
    extprocs = [
        Extproc(folder / f"ep-{n}.sock", runtime, folder / f"ep-{n}.log") for n in range(processes)
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(extprocs))
        port = free_port()
        bootstrap = folder / "bootstrap.json"
        resources = {
            "listeners": [
                _prompt_listener(folder, port, name, settings),
                _internal_listener(settings),
            ],
            "clusters": [_extproc_cluster(extprocs), _cluster("llm", llm), _cluster("app", app)],
        }
        bootstrap.write_text(json.dumps({"static_resources": resources}))
        envoy = _start_envoy(folder, bootstrap, port)
        stack.callback(_end, envoy)
        yield Stage(port, folder, extprocs, envoy)


def _start_envoy(folder: Path, bootstrap: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(ENVOY), "-c", str(bootstrap), "--concurrency", "2", "--disable-hot-restart",
               "--file-flush-interval-msec", "50", "-l", "warning"]  # fmt: skip
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": os.defpath})
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            # The extproc hosts must have passed their first health check.
            time.sleep(0.7)
            return process
        time.sleep(0.02)
    raise AssertionError((folder / "envoy.log").read_text()[-3000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _prompt_listener(folder: Path, port: int, name: str, settings: RuntimeConfig) -> dict[str, Any]:
    return _listener(
        "prompt",
        {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        filters=[
            {"name": "archgw.prompts", "typed_config": _ext_proc(settings)},
            _router(),
        ],
        routes=[
            {
                "match": {"prefix": "/", "headers": [_header("x-plain", "1")]},
                "route": {"cluster": "llm", "timeout": "0s"},
                "typed_per_filter_config": {"archgw.prompts": {**_PER_ROUTE, "disabled": True}},
            },
            {
                "match": {"prefix": "/", "headers": [_header(contract.GUARDED_HEADER, "1")]},
                "route": {"cluster": "llm", "timeout": "0s"},
            },
            {"match": {"prefix": "/"}, "direct_response": {"status": 404}},
        ],
        per_filter={
            "archgw.prompts": {
                **_PER_ROUTE,
                "overrides": {
                    "grpc_initial_metadata": [{"key": contract.GENERATION_KEY, "value": name}]
                },
            }
        },
        access_log=[_access_log(folder)],
        local_reply_config=_local_reply(),
        generate_request_id=True,
    )


def _internal_listener(settings: RuntimeConfig) -> dict[str, Any]:
    to_app = {"cluster": "app", "timeout": "5s"}
    return _listener(
        "internal",
        {"pipe": {"path": settings.internal_socket, "mode": 0o600}},
        filters=[_router()],
        routes=[
            {
                "match": {"prefix": "/", "headers": [_header(contract.UPSTREAM_HEADER, upstream)]},
                "route": to_app,
            }
            for upstream in ("app", "errors")
        ],
        request_headers_to_remove=[contract.UPSTREAM_HEADER, contract.TEMPLATE_HEADER],
    )


def _listener(
    name: str, address: dict[str, Any], *, filters: list[Any], routes: list[Any],
    per_filter: dict[str, Any] | None = None, request_headers_to_remove: list[str] | None = None,
    **manager: Any,
) -> dict[str, Any]:  # fmt: skip
    config = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "http_filters": filters,
        "route_config": {
            "virtual_hosts": [
                {
                    "name": name,
                    "domains": ["*"],
                    "routes": routes,
                    "typed_per_filter_config": per_filter or {},
                    "request_headers_to_remove": request_headers_to_remove or [],
                }
            ]
        },
        **manager,
    }
    chain = {
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}
        ]
    }
    return {
        "name": name,
        "address": address,
        "per_connection_buffer_limit_bytes": (1 << 20) + (64 << 10),
        "filter_chains": [chain],
    }


def _ext_proc(settings: RuntimeConfig) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}.filters.http.ext_proc.v3.ExternalProcessor",
        "grpc_service": {"envoy_grpc": {"cluster_name": "extproc"}, "timeout": "0s"},
        "failure_mode_allow": False,
        "status_on_error": {"code": "ServiceUnavailable"},
        "message_timeout": f"{settings.deadline + 1}s",
        "max_message_timeout": "0s",
        "route_cache_action": "CLEAR",
        "mutation_rules": {"disallow_system": True, "disallow_is_error": True},
        "forward_rules": {
            "disallowed_headers": {"patterns": [{"exact": "authorization"}, {"exact": "cookie"}]}
        },
        "processing_mode": {
            "request_header_mode": "SEND",
            "request_body_mode": "BUFFERED",
            "request_trailer_mode": "SKIP",
            "response_header_mode": "SKIP",
            "response_body_mode": "NONE",
            "response_trailer_mode": "SKIP",
        },
        "metadata_options": {"receiving_namespaces": {"untyped": [contract.PROMPT_METADATA]}},
    }


def _access_log(folder: Path) -> dict[str, Any]:
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{_TYPE}.access_loggers.file.v3.FileAccessLog",
            "path": str(folder / "access.log"),
            "log_format": {
                "json_format": {
                    "code": "%RESPONSE_CODE%",
                    "details": "%RESPONSE_CODE_DETAILS%",
                    "flags": "%RESPONSE_FLAGS%",
                    "events": f"%DYNAMIC_METADATA({contract.PROMPT_METADATA}:{contract.EVENTS_KEY})%",
                    "members": f"%DYNAMIC_METADATA({contract.PROMPT_METADATA}:{contract.MEMBERS_KEY})%",
                }
            },
        },
    }


def _local_reply() -> dict[str, Any]:
    mappers = [
        {
            "filter": {
                "extension_filter": {
                    "name": "cel",
                    "typed_config": {
                        "@type": f"{_TYPE}.access_loggers.filters.cel.v3.ExpressionFilter",
                        "expression": f"response.headers['{contract.ANSWER_HEADER}'] == '{form}'",
                    },
                }
            },
            "body_format_override": {
                "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
                "content_type": form.content_type,
            },
        }
        for form in contract.Form
    ]
    error = {
        "message": "%LOCAL_REPLY_BODY%",
        "type": "%RESP(X-ARCH-ERROR-TYPE)%",
        "code": "%RESP(X-ARCH-ERROR-CODE)%",
        "param": "%RESP(X-ARCH-ERROR-PARAM)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return {
        "mappers": mappers,
        "body_format": {"json_format": {"error": error}, "content_type": "application/json"},
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string_match": {"exact": value}}


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{_TYPE}.filters.http.router.v3.Router"},
    }


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _extproc_cluster(extprocs: list[Extproc]) -> dict[str, Any]:
    hosts = [{"endpoint": {"address": {"pipe": {"path": str(e.socket)}}}} for e in extprocs]
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    keepalive = {"connection_keepalive": {"interval": "5s", "timeout": "2s"}}
    return {
        "name": "extproc",
        "type": "STATIC",
        "connect_timeout": "0.25s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": "extproc", "endpoints": [{"lb_endpoints": hosts}]},
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "outlier_detection": {
            "split_external_local_origin_errors": True,
            "consecutive_local_origin_failure": 1,
            "enforcing_consecutive_local_origin_failure": 100,
            "interval": "0.5s",
            "base_ejection_time": "1s",
            "max_ejection_time": "5s",
            "max_ejection_percent": 50,
        },
        "health_checks": [
            {
                "timeout": "0.3s",
                "interval": "0.5s",
                "no_traffic_interval": "0.5s",
                "unhealthy_interval": "0.5s",
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
                "reuse_connection": False,
                "grpc_health_check": {},
            }
        ],
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": keepalive},
            }
        },
    }
