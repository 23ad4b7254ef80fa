"""What a prompt is decided by: the contract between the control plane and this package.

The control plane writes one JSON file per generation of the config, named by its content
hash. Envoy's routes carry the same hash, so a request is decided by the very config that
routed it, however many generations are in flight. Standard library only: the control plane
imports this to write what we read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Guard:
    kind: Literal["jailbreak", "toxicity"]
    message: str
    """What the client is told, as an assistant's answer."""
    forward_to_error_target: bool
    threshold: float | None
    """None: the model's own, calibrated one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    """JSON Schema name: string, integer, number, boolean, array or object."""
    description: str
    required: bool
    default: Json
    has_default: bool
    enum: tuple[Json, ...]
    format: str | None
    in_path: bool
    items: str | None
    minimum: float | None
    maximum: float | None
    pattern: str | None


READS: Final = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    upstream: str
    """Goes to Envoy as `x-arch-upstream`; Envoy knows the hosts."""
    path: str
    """May hold `{parameter}`."""
    method: str


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    description: str
    default: bool
    call: ApiCall | None
    parameters: tuple[Parameter, ...]
    dispatch_to_llm: bool
    system_prompt: str | None


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    system_prompt: str | None
    guards: tuple[Guard, ...]
    targets: tuple[Target, ...]
    error_target: ApiCall | None
    intent_threshold: float | None
    max_calls: int
    debug_headers: bool
    model_server: str
    """`host:port`"""
    internal_socket: str
    """Envoy's own listener for calls to the application's APIs."""
    deadline: float
    """Seconds for a whole decision; Envoy gives up a little later."""

    @property
    def default_target(self) -> Target | None:
        return next((target for target in self.targets if target.default), None)


def dumps(config: RuntimeConfig) -> str:
    return json.dumps(dataclasses.asdict(config), indent=2, ensure_ascii=False) + "\n"


def generation(text: str) -> str:
    """The name of a config: a hash of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def loads(text: str) -> RuntimeConfig:
    fields: dict[str, Any] = json.loads(text)
    call = fields["error_target"]
    return RuntimeConfig(
        **{
            **fields,
            "guards": tuple(Guard(**guard) for guard in fields["guards"]),
            "targets": tuple(_target(target) for target in fields["targets"]),
            "error_target": ApiCall(**call) if call else None,
        }
    )


def _target(fields: dict[str, Any]) -> Target:
    call = fields["call"]
    return Target(
        **{
            **fields,
            "call": ApiCall(**call) if call else None,
            "parameters": tuple(
                Parameter(**{**parameter, "enum": tuple(parameter["enum"])})
                for parameter in fields["parameters"]
            ),
        }
    )
