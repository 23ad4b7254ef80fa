"""The model server to ask: the one that runs, else one that is started for the time it is needed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.defaults import MODEL_SERVER_SECRET
from controlplane.supervise.health import http_ok
from controlplane.supervise.http import Place
from controlplane.supervise.processes.environment import clean_environment
from controlplane.supervise.secrets import SecretStore
from controlplane.supervise.services import Needs, Service, children, needs_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from controlplane import ir
    from controlplane.home_paths import Home
    from controlplane.supervise.processes.child import ChildSpec

_PATIENCE = 60.0
_POLL = 0.05
_ENDS_WITHIN = 10.0


class NoModelsError(Exception):
    """The model server does not start."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model server that can be asked."""

    address: str
    key_file: Path
    """With the token that one at a port has to know; absent where none is asked for."""


@contextmanager
def model_server(gateway: ir.Gateway, home: Home, tell: Callable[[str], None]) -> Iterator[Served]:
    """A gateway's own is asked only where it would be the same: see `_running`."""
    assert gateway.prompts is not None, "whoever rehearses has prompts"
    with tempfile.TemporaryDirectory(prefix="archgw-") as folder:
        own = replace(home, folder=Path(folder), logs=Path(folder))
        _write_keys(gateway, own)
        if not needs_models(gateway.prompts) or _running(gateway.prompts, home):
            address = home.model_server(gateway.prompts.model_server.address)
            yield Served(address, _key_file(own, home))
            return
        tell("loading the models; a running gateway of this config would have them loaded")
        own.run.mkdir()
        with _started(_spec(gateway, own), own.model_server_socket):
            yield Served(own.model_server(None), _key_file(own, home))


def _write_keys(gateway: ir.Gateway, home: Home) -> None:
    """Of the model server, and of the one that names the calls where it is not our model that does."""
    assert gateway.prompts is not None, "whoever rehearses has prompts"
    calling = gateway.prompts.model_server.function_calling
    wanted = (MODEL_SERVER_SECRET, calling.secret if calling else None)
    keys = {
        home.key_file(secret.name).name: secret.value
        for secret in gateway.secrets
        if secret.name in wanted and secret.value
    }
    if keys:
        store = SecretStore(home.secrets)
        store.prepare()
        store.write(keys)


def _key_file(own: Home, home: Home) -> Path:
    """The token as the config has it; a gateway that runs may have been given it without that."""
    written = own.key_file(MODEL_SERVER_SECRET)
    return written if written.exists() else home.key_file(MODEL_SERVER_SECRET)


def _running(prompts: ir.Prompts, home: Home) -> bool:
    """One that loads another guard, or asks another server for calls, would decide otherwise."""
    server = prompts.model_server
    if server.address is not None or server.guard_model or server.function_calling:
        return False
    return asyncio.run(http_ok(Place(socket=home.model_server_socket), "/healthz"))


def _spec(gateway: ir.Gateway, home: Home) -> ChildSpec:
    assert gateway.prompts is not None, "whoever rehearses has prompts"
    on_socket = replace(gateway.prompts.model_server, addresses=())
    alone = replace(gateway, prompts=replace(gateway.prompts, model_server=on_socket))
    specs = children(Needs(Service.ALL, alone, home, envoy=None))
    return next(each for each in specs if each.name == "modelserver")


@contextmanager
def _started(spec: ChildSpec, socket: Path) -> Iterator[None]:
    with spec.log.open("wb") as log:
        process = subprocess.Popen(
            spec.argv, env=clean_environment(os.environ) | dict(spec.environment),
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _await(process, socket, spec.log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while not asyncio.run(http_ok(Place(socket=socket), "/healthz")):
        if process.poll() is not None or time.monotonic() > ends:
            said = log.read_text("utf-8", "replace").strip().splitlines()
            raise NoModelsError(said[-1] if said else "the model server does not start")
        time.sleep(_POLL)
