"""Which processes a gateway is made of. A new kind of process is one more entry of `_KINDS`."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import controlplane
from controlplane import ir
from controlplane.defaults import MODEL_SERVER, MODEL_SERVER_SECRET
from controlplane.emit.runtime import tracing_at_home
from controlplane.supervise.envoy import binary
from controlplane.supervise.health import console_answers, grpc_answers, http_ok
from controlplane.supervise.http import Place
from controlplane.supervise.ports import Port
from controlplane.supervise.processes.child import ChildSpec

if TYPE_CHECKING:
    from controlplane.home_paths import Home


class Service(StrEnum):
    ALL = "all"
    GATEWAY = "gateway"
    MODEL_SERVER = "model_server"


@dataclass(frozen=True, slots=True)
class Needs:
    service: Service
    gateway: ir.Gateway | None
    """None for a model server alone, which needs no config."""
    home: Home
    envoy: Path | None
    """None where no Envoy runs."""
    model_server: str = MODEL_SERVER
    """Where a model server without a gateway is."""
    has_token: bool = False
    """Whether a model server at a port has a token to know."""
    console: bool = False
    """Whether the console is wanted."""

    @property
    def prompts(self) -> ir.Prompts | None:
        return self.gateway.prompts if self.gateway else None


def children(needs: Needs) -> tuple[ChildSpec, ...]:
    """In starting order."""
    return tuple(spec for kind in _KINDS for spec in kind(needs))


def runs_model_server(service: Service, gateway: ir.Gateway | None) -> bool:
    prompts = gateway.prompts if gateway else None
    needed = service is Service.ALL and prompts and needs_models(prompts)
    return service is Service.MODEL_SERVER or bool(needed)


def model_server_port(
    service: Service, gateway: ir.Gateway | None, alone: str = MODEL_SERVER
) -> Port | None:
    """Of the model server that is ours to run; None when there is none, or it is on a socket.

    `alone`: where one without a gateway is.
    """
    prompts = gateway.prompts if gateway else None
    address = prompts.model_server.address if prompts else alone
    if address is None or not runs_model_server(service, gateway):
        return None
    host, _, port = address.rpartition(":")
    setting = "MODEL_SERVER_PORT, or model_server.address to share one that runs"
    return Port("model server", host.strip("[]"), int(port), setting)


def needs_models(prompts: ir.Prompts) -> bool:
    """Ours to run, and with something to decide."""
    decides = any(not target.default for target in prompts.targets) or prompts.guards
    return prompts.model_server.embedded and bool(decides)


def _model_server(needs: Needs) -> tuple[ChildSpec, ...]:
    if not runs_model_server(needs.service, needs.gateway):
        return ()
    port = model_server_port(needs.service, needs.gateway, needs.model_server)
    if port:
        arguments = ["--host", port.address, "--port", str(port.number)]
        if needs.has_token:
            arguments += ["--token-file", str(needs.home.key_file(MODEL_SERVER_SECRET))]
        place = Place(host=port.address, port=port.number)
    else:
        # Whoever may open the home's socket is this user; a port is anybody's to take.
        arguments = ["--uds", str(needs.home.model_server_socket)]
        place = Place(socket=needs.home.model_server_socket)
    if settings := _settings(needs):
        arguments += ["--config", str(settings)]
    spec = python_child("modelserver", "modelserver", arguments, needs.home)
    probe = partial(http_ok, place, "/healthz", 1.5)
    return (replace(spec, probe=probe, patience=8, metrics=place),)


def _settings(needs: Needs) -> Path | None:
    """Named after its content, so that other settings make another child of it."""
    server = needs.prompts.model_server if needs.prompts else None
    body: dict[str, Any] = {}
    if server and server.guard_model:
        body["guard"] = {"directory": server.guard_model}
    if server and (calling := server.function_calling):
        body["function_calling"] = {
            "backend": "openai",
            "base_url": calling.base_url,
            "model": calling.model,
        }
        if calling.secret:
            key_file = needs.home.key_file(calling.secret)
            body["function_calling"]["access_key_file"] = str(key_file)
    if not body:
        return None
    text = yaml.safe_dump(body)
    file = needs.home.model_server_file(hashlib.sha256(text.encode()).hexdigest()[:8])
    file.write_text(text, "utf-8")
    return file


def _extproc(needs: Needs) -> tuple[ChildSpec, ...]:
    if needs.prompts is None or needs.service is Service.MODEL_SERVER:
        return ()
    home = needs.home
    pairs = zip(home.extproc_sockets, home.metrics_sockets, strict=True)
    return tuple(_one_extproc(home, path, metrics) for path, metrics in pairs)


def _one_extproc(home: Home, path: Path, metrics: Path) -> ChildSpec:
    arguments = ["--socket", str(path), "--runtime", str(home.runtime)]
    arguments += ["--metrics", str(metrics)]
    arguments += ["--model-key", str(home.key_file(MODEL_SERVER_SECRET))]
    spec = python_child(path.stem, "extproc", arguments, home)
    probe = partial(grpc_answers, path, 0.6)
    return replace(spec, probe=probe, patience=3, metrics=Place(socket=metrics))


def _spans(needs: Needs) -> tuple[ChildSpec, ...]:
    """Makes spans of LLM calls. Its settings are its arguments: others make another child of it."""
    if needs.gateway is None or needs.gateway.tracing is None or needs.envoy is None:
        return ()
    settings = tracing_at_home(needs.gateway.tracing.spans, needs.home)
    place = Place(socket=needs.home.spans_socket)
    arguments = ["--socket", str(place.socket), "--collector", settings.collector]
    arguments += ["--service-name", settings.service_name]
    if settings.ca_file:
        arguments += ["--ca-file", settings.ca_file]
    for name, file in settings.headers:
        arguments += ["--header", f"{name}={file}"]
    spec = python_child("spans", "extproc.traces", arguments, needs.home)
    return (replace(spec, probe=partial(http_ok, place, "/healthz", 3.0), metrics=place),)


def _console(needs: Needs) -> tuple[ChildSpec, ...]:
    if not needs.console or needs.envoy is None:
        return ()
    home = needs.home
    arguments = ["--home", str(home.folder), "--logs", str(home.logs)]
    spec = python_child("console", "controlplane.console", arguments, home)
    return (replace(spec, probe=partial(console_answers, home)),)


def _limits(needs: Needs) -> tuple[ChildSpec, ...]:
    """Asks Redis for limits that many gateways share."""
    shared = needs.gateway.shared_limits if needs.gateway else None
    if shared is None or needs.envoy is None or not isinstance(shared.keeper, ir.Redis):
        return ()
    home, redis = needs.home, shared.keeper
    arguments = ["--socket", str(home.limits_socket), "--metrics", str(home.limits_metrics_socket)]
    arguments += ["--redis", redis.url, "--ca-file", redis.ca_file]
    if redis.secret:
        arguments += ["--password-file", str(home.key_file(redis.secret))]
    spec = python_child("limits", "extproc.limits", arguments, home)
    probe = partial(grpc_answers, home.limits_socket, 0.6)
    return (replace(spec, probe=probe, metrics=Place(socket=home.limits_metrics_socket)),)


def _envoy(needs: Needs) -> tuple[ChildSpec, ...]:
    if needs.envoy is None:
        return ()
    return (binary.child(needs.envoy, needs.home),)


def python_child(name: str, module: str, arguments: list[str], home: Home) -> ChildSpec:
    """One of our own modules, found where the control plane itself was found."""
    root = Path(controlplane.__file__).resolve().parent.parent
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-m", module, *arguments),
        log=home.logs / f"{name}.log",
        environment=(("PYTHONPATH", str(root)),),
        essential=False,
    )


_KINDS = (_model_server, _extproc, _spans, _limits, _envoy, _console)
