"""What one config file comes to: everything that running it needs, worked out beforehand.

Making a plan touches nothing that runs. It either succeeds as a whole or says what is wrong,
so a bad file can never be half applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.compile import compile_file
from controlplane.emit import doors, emit, names, proto
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.lower.addresses import endpoint_names
from controlplane.lower.llm import provider_paths
from controlplane.problem import Located, for_start, has_errors
from controlplane.reading.document import variable_files
from controlplane.supervise.ports import Port
from controlplane.xds.snapshot import Bundle, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controlplane import ir, model
    from controlplane.emit import Resources
    from controlplane.emit.proto import Fields
    from controlplane.home_paths import Home
    from controlplane.reading.document import Document


@dataclass(frozen=True, slots=True)
class Plan:
    gateway: ir.Gateway
    snapshot: Snapshot
    resources: Resources = field(repr=False)
    secret_files: Mapping[str, str] = field(repr=False)
    """Keys, and the files that tell Envoy where they are."""
    runtime: tuple[str, str] | None
    """Generation and text of what extproc decides by; None without prompts."""
    warnings: tuple[Located, ...]
    places: tuple[tuple[str, str], ...]
    """Name of an Envoy resource, or a file it uses → `file:line:column` in the config."""

    def locate(self, reason: str) -> str | None:
        """Where in the config the thing stands that Envoy names in its reason."""
        named = [
            (name, place)
            for name, place in self.places
            if re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", reason)
        ]
        return max(named, key=lambda item: len(item[0]))[1] if named else None


@dataclass(frozen=True, slots=True)
class Sound:
    """A config without errors; what it means to Envoy is not worked out yet."""

    gateway: ir.Gateway
    warnings: tuple[Located, ...]
    places: tuple[tuple[str, str], ...]
    key_files: tuple[Path, ...] = ()
    """What was read beside the config; a folder is read anew when it changes."""


@dataclass(frozen=True, slots=True)
class Refused:
    problems: tuple[Located, ...]
    key_files: tuple[Path, ...] = ()


def read(config: Path, env: Mapping[str, str]) -> Sound | Refused:
    compiled = compile_file(config, env)
    problems = for_start(compiled.problems)
    located = tuple(compiled.located(problems))
    named = compiled.model.key_files if compiled.model else ()
    beside = (*variable_files(env), *map(Path, named))
    if compiled.gateway is None or has_errors(problems):
        return Refused(located, beside)
    places = _places(config, compiled.document, compiled.model)
    return Sound(compiled.gateway, located, places, beside)


def make_plan(sound: Sound, home: Home) -> Plan:
    gateway = sound.gateway
    resources = emit(gateway, home)
    runtime = resources.runtime
    return Plan(
        gateway=gateway,
        snapshot=_snapshot(resources),
        resources=resources,
        secret_files={**key_files(gateway, home), **dict(resources.secret_files)},
        runtime=(runtime.generation, runtime.text) if runtime else None,
        warnings=sound.warnings,
        places=sound.places,
    )


def static_json(plan: Plan, home: Home) -> str:
    """The plan in one file, for `envoy --mode validate`."""
    return to_json(static_bootstrap(home, plan.resources))


def _snapshot(resources: Resources) -> Snapshot:
    return Snapshot(
        clusters=_bundle(proto.CLUSTER, resources.clusters),
        listeners=_bundle(proto.LISTENER, resources.listeners),
        routes=_bundle(proto.ROUTES, resources.routes),
    )


def _bundle(type_name: str, resources: Iterable[Fields]) -> Bundle:
    return Bundle.of(
        {each["name"]: proto.encoded(proto.message(type_name, each)) for each in resources}
    )


def key_files(gateway: ir.Gateway, home: Home) -> dict[str, str]:
    ours = {
        home.key_file(secret.name).name: secret.value
        for secret in gateway.secrets
        if secret.value is not None
    }
    return ours | dict(doors.key_files(gateway, home))


def wanted_ports(gateway: ir.Gateway) -> tuple[Port, ...]:
    found = [
        Port(f"{each.name} listener", each.address, each.port, _SETTINGS[each.name])
        for each in gateway.listeners
    ]
    if gateway.stats_port:
        found.append(
            Port("stats", gateway.stats_address, gateway.stats_port, "overrides.stats_port")
        )
    return tuple(found)


_SETTINGS = {
    "llm": "listeners.egress_traffic.port",
    "prompt": "listeners.ingress_traffic.port",
}


def _places_of_listener(name: str, written: model.Listener | None) -> list[tuple[str, model.Path]]:
    if written is None:
        return []
    places = [(name, written.path)]
    if written.auth and (jwt := written.auth.jwt):
        places.append((names.key_set_cluster(name), jwt.path))
        places += [(jwt.ca_file, jwt.path)] if jwt.ca_file else []
    return places


def _places(
    config: Path, document: Document | None, written: model.Config | None
) -> tuple[tuple[str, str], ...]:
    if document is None or written is None:
        return ()
    called = endpoint_names(written)
    paths = [
        *((each.ca_file, each.path) for each in written.providers if each.ca_file),
        *((each.ca_file, each.path) for each in written.endpoints if each.ca_file),
        *((names.provider_cluster(name), path) for name, path in provider_paths(written, called)),
        *((names.api_cluster(called[each.name]), each.path) for each in written.endpoints),
        *([(names.LIMITS_CLUSTER, written.counting.path)] if written.counting else []),
        *_places_of_listener("llm", written.egress),
        *_places_of_listener("prompt", written.ingress),
    ]
    positions = ((name, document.position(path)) for name, path in paths)
    return tuple((name, f"{config}:{at.line}:{at.column}") for name, at in positions)
