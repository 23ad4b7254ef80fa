"""The scripts of `envoy/` inside a real Envoy, on a bootstrap with nothing else in it.

Two providers, `one` with `two` as its fallback; `lame` has a script that fails.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controlplane.emit.lua import script
from extproc import contract
from tests.e2e.harness import ENVOY, free_port
from tests.fakes.provider import FakeProvider
from tests.fakes.reference_rewrite import CHAT, Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"content-type": "application/json"}
EXTENSIONS = "type.googleapis.com/envoy.extensions."
LISTENER_BUFFER = 1114112

ONE = Target("gpt-4o", "one", route="one", route_model="gpt-4o")
TWO = Target("claude-3", "two", route="one", route_model="gpt-4o")

CHOOSE = """
local NAMES = {"one", "two", "lame"}
local MODELS = {["gpt-4o"] = "one", ["claude-3"] = "two"}
local BEGINNINGS = {}
local KINDS = {}
local CLIENTS = {}
local ORIGINS = {}
local DEFAULT = "one"
local ROUTES = {
  one = {model = "gpt-4o", limits = {}},
  two = {model = "claude-3", limits = {}},
  lame = {model = "lame", limits = {}},
}
"""
REWRITE_ONE = """
local MODEL = "gpt-4o"
local ROUTE = "one"
local PATHS = {
  ["/v1"] = "/deployments",
  ["/v1/chat/completions"] = "/deployments/chat",
}
local QUERY = "?api-version=2"
"""
REWRITE_TWO = """
local MODEL = "claude-3"
local ROUTE = "two"
local PATHS = {["/v1/chat/completions"] = "/v1/chat/completions"}
local QUERY = ""
"""
REWRITE_LAME = 'local MODEL = "lame"\nlocal ROUTE = "lame"\nlocal PATHS = nil\n'


def lua_filter(constants: str, entry: str) -> dict[str, Any]:
    code = constants + script(
        "json.lua", "bodies.lua", "headers.lua", "clock.lua", "budgets.lua", entry
    )
    return {
        "name": "envoy.filters.http.lua",
        "typed_config": {
            "@type": EXTENSIONS + "filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": code},
        },
    }


def cluster(name: str, port: int, constants: str) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": 32768,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                "http_filters": [
                    lua_filter(constants, "rewrite.lua"),
                    {
                        "name": "envoy.filters.http.upstream_codec",
                        "typed_config": {
                            "@type": EXTENSIONS + "filters.http.upstream_codec.v3.UpstreamCodec"
                        },
                    },
                ],
            }
        },
    }


def route(name: str, *clusters: str) -> dict[str, Any]:
    groups = [
        {"name": f"group-{each}", "clusters": [{"cluster_name": each, "weight": 1}]}
        for each in clusters
    ]
    plugin = {
        "@type": EXTENSIONS
        + "router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier",
        "priority_groups": groups,
    }
    header = {"name": "x-arch-llm-provider", "string_match": {"exact": name}}
    return {
        "match": {"prefix": "/v1/", "headers": [header]},
        "route": {
            "timeout": "10s",
            "retry_policy": {
                "retry_on": "5xx",
                "num_retries": len(clusters) - 1 or 1,
                "refresh_cluster_on_retry": True,
            },
            "inline_cluster_specifier_plugin": {
                "extension": {
                    "name": "envoy.router.cluster_specifier_plugin.priority_group",
                    "typed_config": plugin,
                }
            },
        },
    }


def bootstrap(port: int, admin_port: int, one: int, two: int) -> dict[str, Any]:
    manager = {
        "@type": EXTENSIONS + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "llm",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "llm",
                    "domains": ["*"],
                    "routes": [
                        route("one", "one", "two"),
                        route("two", "two"),
                        route("lame", "lame"),
                    ],
                }
            ]
        },
        "http_filters": [
            lua_filter(CHOOSE, "choose.lua"),
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": EXTENSIONS + "filters.http.router.v3.Router"},
            },
        ],
    }

    def address(number: int) -> dict[str, Any]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    listener = {
        "name": "llm",
        "address": address(port),
        "per_connection_buffer_limit_bytes": LISTENER_BUFFER,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    clusters = [
        cluster("one", one, REWRITE_ONE),
        cluster("two", two, REWRITE_TWO),
        cluster("lame", two, REWRITE_LAME),
    ]
    return {
        "admin": {"address": address(admin_port)},
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }


@dataclass(frozen=True)
class Setup:
    port: int
    one: FakeProvider
    two: FakeProvider
    log: Path

    def send(
        self, sent: bytes | Iterator[bytes], path: str = CHAT, method: str = "POST", **headers: str
    ) -> tuple[int, str, str]:
        """Status, text and error code of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            given = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, sent, given)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, text, answer.getheader(contract.ERROR_CODE_HEADER) or ""


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Setup]:
    port, admin_port = free_port(), free_port()
    with FakeProvider("one") as one, FakeProvider("two") as two:
        file = folder / "envoy.json"
        file.write_text(json.dumps(bootstrap(port, admin_port, one.port, two.port)))
        log = folder / "envoy.log"
        command = [str(ENVOY), "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id"]
        with log.open("wb") as output:
            process = subprocess.Popen([*command, "-l", "warning"], stdout=output, stderr=output)
        try:
            _wait_until_live(admin_port, log)
            yield Setup(port, one, two, log)
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_live(admin_port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=1)
            connection.request("GET", "/ready")
            if connection.getresponse().read() == b"LIVE\n":
                return
        time.sleep(0.05)
    raise AssertionError("Envoy did not start:\n" + log.read_text()[-3000:])
