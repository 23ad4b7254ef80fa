"""What a gateway needs of a machine and of what it calls, one check each; none changes anything."""

from __future__ import annotations

import asyncio
import importlib.util
import resource
import shutil
import ssl
import stat
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from controlplane import jwks, tls_files
from controlplane.cli.start_hooks import unknown_hooks
from controlplane.compile import ca_bundle, compile_file
from controlplane.defaults import LLM_PORT, LOOPBACK, PROMPT_PORT, STATS_PORT
from controlplane.supervise import ports, reach, trial_call
from controlplane.supervise.envoy import binary
from controlplane.supervise.lock import holder, is_held
from controlplane.supervise.plan import wanted_ports
from controlplane.supervise.ports import Port
from controlplane.supervise.services import Service, model_server_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from controlplane import ir
    from controlplane.home_paths import Home

State = Literal["ok", "warning", "error"]

_FEW_FILES, _LITTLE_SPACE = 4096, 200 << 20
_REACH_WITHIN = 5.0
_SOON = 14
"""Days, in which a certificate should be renewed."""
_RELEASED = datetime(2025, 1, 1, tzinfo=UTC)
"""No right clock shows an earlier day than one before this was written."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: State
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Patient:
    config: Path | None
    gateway: ir.Gateway | None
    home: Home
    env: Mapping[str, str]
    call: bool

    @property
    def running(self) -> bool:
        return is_held(self.home.lock_file)


def examine(
    config: Path | None, home: Home, env: Mapping[str, str], *, call: bool = False
) -> list[Finding]:
    """With `call`, providers and APIs are each asked something, and not only tried."""
    gateway = compile_file(config, env).gateway if config else None
    patient = _Patient(config, gateway, home, env, call)
    return [finding for check in _CHECKS for finding in check(patient)]


def _config(patient: _Patient) -> Iterator[Finding]:
    if patient.config and patient.gateway is None:
        hint = f"archgw lint {patient.config} says what"
        yield Finding("config", "error", f"{patient.config} has errors", hint)
    elif patient.config:
        yield Finding("config", "ok", str(patient.config))


def _python(_: _Patient) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    state: State = "ok" if sys.version_info >= (3, 11) else "error"
    yield Finding("python", state, version, "archgw needs Python 3.11 or later")
    if not sys.platform.startswith("linux"):
        hint = "archgw ties its processes together as only Linux can"
        yield Finding("system", "error", sys.platform, hint)


def _envoy(_: _Patient) -> Iterator[Finding]:
    try:
        executable = binary.find()
        yield Finding("envoy", "ok", f"{binary.checked_version(executable)} at {executable}")
    except binary.EnvoyError as error:
        yield Finding("envoy", "error", str(error))


def _ports(patient: _Patient) -> Iterator[Finding]:
    if patient.running:
        who = holder(patient.home.lock_file)
        pid = f", pid {who.identity.pid}" if who else ""
        yield Finding("gateway", "ok", f"runs in {patient.home.folder}{pid}: ports not checked")
        return
    for port in _wanted(patient.gateway) if patient.gateway else _USUAL_PORTS:
        where = f"{port.address}:{port.number}"
        if reason := ports.busy(port):
            yield Finding("port", "error" if patient.gateway else "warning", reason)
        else:
            yield Finding("port", "ok", f"{where} is free ({port.name})")


def _wanted(gateway: ir.Gateway) -> Iterator[Port]:
    yield from wanted_ports(gateway)
    if port := model_server_port(Service.ALL, gateway):
        yield port


_USUAL_PORTS = (
    Port("llm listener", LOOPBACK, LLM_PORT, "listeners.egress_traffic.port"),
    Port("prompt listener", LOOPBACK, PROMPT_PORT, "listeners.ingress_traffic.port"),
    Port("stats", LOOPBACK, STATS_PORT, "overrides.stats_port"),
)


def _certificates(patient: _Patient) -> Iterator[Finding]:
    files = {ca_bundle(patient.env)}
    if patient.gateway:
        files |= {each.tls.ca_file for each in _upstreams(patient.gateway) if each.tls}
    for file in sorted(files):
        hint = "install certifi anew, or set SSL_CERT_FILE or overrides.ca_file"
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(file)
        except (OSError, ssl.SSLError) as error:
            yield Finding("ca bundle", "error", f"{file}: {error}", hint)
            continue
        count = context.cert_store_stats()["x509_ca"]
        state: State = "ok" if count else "error"
        yield Finding("ca bundle", state, f"{file}: {count} authorities", hint)


def _reach(patient: _Patient) -> Iterator[Finding]:
    if patient.gateway is None:
        return
    hint = "the gateway starts all the same; calls to it fail until it can be reached"
    for each in asyncio.run(reach.try_all(reach.hosts(patient.gateway), _REACH_WITHIN)):
        where = f"{each.what} at {each.place}"
        if each.cause:
            why = f"{where} cannot be reached ({each.cause}): {each.detail}"
            yield Finding("reach", "warning", why, hint)
        else:
            yield Finding("reach", "ok", f"{where} takes connections")


def _calls(patient: _Patient) -> Iterator[Finding]:
    if patient.gateway is None or not patient.call:
        return
    for each in trial_call.calls(patient.gateway):
        asked = f"{each.what}, {each.request}"
        if each.status is None:
            why = f" ({each.cause})" if each.cause else ""
            yield Finding("call", "error", f"{asked}: no answer{why}: {each.trouble}")
        elif each.status in (401, 403):
            hint = "is the variable of its key the one you mean, and does the key still hold?"
            yield Finding("call", "error", f"{asked}: {each.status}, it refuses the key", hint)
        elif each.status >= 500:
            yield Finding("call", "error", f"{asked}: {each.status}, it fails")
        else:
            yield Finding("call", "ok", f"{asked}: {each.status}")


def _key_sets(patient: _Patient) -> Iterator[Finding]:
    if patient.gateway is None:
        return
    hint = "no token is taken without them; does `jwks_url` say what the issuer says?"
    for each in trial_call.key_sets(patient.gateway):
        asked = f"{each.what}, {each.request}"
        if each.status is None:  # of which `_reach` speaks
            continue
        if each.status != HTTPStatus.OK:
            yield Finding("tokens", "error", f"{asked}: {each.status}, no keys", hint)
        elif fault := jwks.fault(each.body.decode("utf-8", "replace")):
            yield Finding("tokens", "error", f"{asked}: the answer {fault}", hint)
        else:
            yield Finding("tokens", "ok", f"{asked}: the keys are there")


def _tls_files(patient: _Patient) -> Iterator[Finding]:
    if patient.gateway is None or patient.config is None:
        return
    now = datetime.now(UTC)
    for listener in patient.gateway.listeners:
        for each in listener.certificates:
            chain, key = (patient.config.parent / file for file in (each.chain_file, each.key_file))
            fault = tls_files.pair_fault(chain, key) or tls_files.out_of_date(chain, now)
            if fault:
                yield Finding("certificate", "error", f"{listener.name} listener: {fault}")
            elif end := tls_files.last_day(chain):
                left = (end - now).days
                text = f"{listener.name} listener: {chain} holds for {left} days more"
                state: State = "warning" if left < _SOON else "ok"
                yield Finding("certificate", state, text, "renew it")
        if listener.auth and (signers := listener.auth.certificates):
            file = patient.config.parent / signers.ca_file
            fault = tls_files.bundle_fault(file) or tls_files.out_of_date(file, now)
            text = f"CA of clients of the {listener.name} listener: {fault or file}"
            yield Finding("certificate", "error" if fault else "ok", text)


def _upstreams(gateway: ir.Gateway) -> Iterable[ir.Upstream]:
    return (
        *(each.upstream for each in gateway.providers),
        *gateway.upstreams,
        *(keys.upstream for _, keys in gateway.key_sets),
    )


def _clock(_: _Patient) -> Iterator[Finding]:
    now = datetime.now(UTC)
    state: State = "ok" if now > _RELEASED else "error"
    hint = "a wrong clock makes every certificate look expired or not yet valid; set it"
    yield Finding("clock", state, now.isoformat(timespec="seconds"), hint)


def _home(patient: _Patient) -> Iterator[Finding]:
    home = patient.home
    for directory in (home.folder, home.run, home.secrets, home.logs):
        if directory.exists():
            yield from _private(directory)
    there = next(path for path in (home.folder, *home.folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    state: State = "ok" if free >= _LITTLE_SPACE else "warning"
    hint = "the access logs need room; requests are answered without it"
    yield Finding("disk", state, f"{free >> 20} MiB free at {there}", hint)


def _private(directory: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        hint = f"chmod 700 {directory}"
        yield Finding("file modes", "warning", f"{directory} is {mode:o}: others can look in", hint)
    else:
        yield Finding("file modes", "ok", f"{directory} is {mode:o}")


def _limits(_: _Patient) -> Iterator[Finding]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = soft == resource.RLIM_INFINITY or soft >= _FEW_FILES
    hint = f"each request takes two; raise it: ulimit -n {_FEW_FILES * 4}"
    yield Finding("open files", "ok" if many else "warning", f"at most {soft}", hint)


def _models(patient: _Patient) -> Iterator[Finding]:
    gateway = patient.gateway
    if gateway is None or gateway.prompts is None or not gateway.prompts.model_server.embedded:
        return
    found = importlib.util.find_spec("modelserver")
    roots = list(found.submodule_search_locations or ()) if found else []
    weights = sorted(path for root in roots for path in Path(root).glob("weights/**/*.onnx"))
    hint = "the prompt targets and guards of this config need them; install archgw anew"
    if not weights:
        yield Finding("models", "error", "no model files", hint)
    for path in weights:
        size = path.stat().st_size
        state: State = "ok" if size else "error"
        yield Finding("models", state, f"{path.parent.name}/{path.name}: {size >> 10} KiB", hint)


def _hooks(_: _Patient) -> Iterator[Finding]:
    found = list(unknown_hooks())
    hint = "it could read every key of the gateway: find out which package brought it, and why"
    for each in found:
        yield Finding("start hooks", "warning", f"{each} at each start of Python", hint)
    if not found:
        yield Finding("start hooks", "ok", "no package runs anything at each start of Python")


_CHECKS: tuple[Callable[[_Patient], Iterator[Finding]], ...] = (
    _config,
    _python,
    _hooks,
    _envoy,
    _ports,
    _certificates,
    _tls_files,
    _reach,
    _key_sets,
    _calls,
    _clock,
    _home,
    _limits,
    _models,
)
