"""What the person who runs the server may choose, read from a YAML file or left alone.

    models:           {manifest: /models/models.yaml}
    guard:            {directory: /models/prompt-guard, threshold: 0.8}
    function_calling: {backend: openai, base_url: http://127.0.0.1:8000/v1,
                       model: Arch-Function-1.5B, format: arch, access_key: $FUNCTION_KEY}
    cache:            {enabled: true, entries: 4096}
    limits:           {body_bytes: 2097152, tools: 256}
    runtime:          {threads: 1, guard_workers: 1, targets_workers: 2, timeout_ms: 10000}

Every key may be absent. `guard.sha256` pins the directory's graph, and
`function_calling.access_key_file` is for a key that lies in a file. What is unknown or of the
wrong kind is reported, all of it: msgspec, which could read such a file, stops at the first.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

import yaml

from modelserver.errors import StartError
from modelserver.requests import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PromptFormat = Literal["tools", "arch"]

REMOTE_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that prints as nothing but its length."""

    value: str

    def __repr__(self) -> str:
        return f"Secret([{len(self.value)} characters])"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class OwnGuard:
    """A guard from a directory of the user's own instead of ours."""

    directory: Path
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """An OpenAI-compatible server that makes the function calls."""

    base_url: str
    model: str
    format: PromptFormat = "tools"
    access_key: Secret | None = None
    timeout_ms: int = REMOTE_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class Cache:
    enabled: bool = True
    entries: int = 4096


@dataclass(frozen=True, slots=True)
class Workload:
    """Threads and bounds. `budget` and `capacity` count tokens, `most_requests` callers.

    A budget of 1 runs each row alone. On a CPU that costs nothing (a row of 64 tokens takes
    5.5 ms alone and 5.2 in company), and the scales of an int8 model are taken over all that
    runs together, so that company would change a score in its third digit. For a float model
    on many cores, such as a guard of one's own, a budget of 2048 is a good start.
    """

    threads: int = 1
    guard_workers: int = 1
    targets_workers: int = 2
    budget: int = 1
    capacity: int = 65536
    most_requests: int = 256
    timeout_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class Settings:
    manifest: Path | None = None
    own_guard: OwnGuard | None = None
    guard_threshold: float | None = None
    remote: Remote | None = None
    cache: Cache = field(default_factory=Cache)
    limits: Limits = field(default_factory=Limits)
    runtime: Workload = field(default_factory=Workload)


def load_settings(path: Path | None) -> Settings:
    """The settings of a file; without one, the defaults."""
    if path is None:
        return Settings()
    try:
        body = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise StartError(f"{path}: cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: is no YAML.\n{error}") from None
    return parse_settings(body or {}, where=str(path), base=path.parent)


def parse_settings(body: Any, *, where: str, base: Path) -> Settings:
    """YAML's value, checked; paths in it are relative to `base`."""
    reading = _Reading(body, where, base)
    settings = Settings(
        manifest=reading.path("models", "manifest"),
        own_guard=reading.own_guard(),
        guard_threshold=reading.fraction("guard", "threshold"),
        remote=reading.remote(),
        cache=Cache(**reading.numbers_and_flags("cache", Cache)),
        limits=Limits(**reading.numbers_and_flags("limits", Limits)),
        runtime=Workload(**reading.numbers_and_flags("runtime", Workload)),
    )
    reading.finish()
    return settings


class _Reading:
    """Reads sections of the file and gathers what is wrong with them."""

    SECTIONS: Mapping[str, tuple[str, ...]] = {
        "models": ("manifest",),
        "guard": ("directory", "sha256", "threshold"),
        "function_calling": (
            "backend",
            "base_url",
            "model",
            "format",
            "access_key",
            "access_key_file",
            "timeout_ms",
        ),
        "cache": tuple(item.name for item in fields(Cache)),
        "limits": tuple(item.name for item in fields(Limits)),
        "runtime": tuple(item.name for item in fields(Workload)),
    }

    def __init__(self, body: Any, where: str, base: Path) -> None:
        self._where, self._base = where, base
        self._problems: list[str] = []
        self._body: dict[str, dict[str, Any]] = {}
        if not isinstance(body, dict):
            self._problems.append("the file must hold a mapping")
            return
        for name, section in body.items():
            self._take(str(name), section)

    def _take(self, name: str, section: Any) -> None:
        known = self.SECTIONS.get(name)
        if known is None:
            self._problems.append(f"{name}: unknown; known are {', '.join(self.SECTIONS)}")
        elif not isinstance(section, dict):
            self._problems.append(f"{name}: must be a mapping")
        else:
            self._problems += [
                f"{name}.{key}: unknown; known are {', '.join(known)}"
                for key in section
                if key not in known
            ]
            self._body[name] = section

    def finish(self) -> None:
        if self._problems:
            raise StartError("\n".join(f"{self._where}: {text}" for text in self._problems))

    def numbers_and_flags(
        self, section: str, shape: type[Cache | Limits | Workload]
    ) -> dict[str, Any]:
        """The numbers and flags of a section, each of its default's type and positive."""
        found = self._body.get(section, {})
        values: dict[str, Any] = {}
        for item in fields(shape):
            if item.name not in found:
                continue
            value: Any = found[item.name]
            default: Any = item.default
            if type(value) is not type(default) or (not isinstance(value, bool) and value < 1):
                want = "true or false" if isinstance(default, bool) else "a whole number above 0"
                self._problems.append(f"{section}.{item.name}: must be {want}, not {value!r}")
                continue
            values[item.name] = value
        return values

    def fraction(self, section: str, name: str) -> float | None:
        value = self._body.get(section, {}).get(name)
        if value is None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            self._problems.append(f"{section}.{name}: must be a number from 0 to 1, not {value!r}")
            return None
        return float(value)

    def path(self, section: str, name: str) -> Path | None:
        value = self._text(section, name)
        return None if value is None else (self._base / value).resolve()

    def own_guard(self) -> OwnGuard | None:
        directory = self.path("guard", "directory")
        sha256 = self._text("guard", "sha256")
        if directory is None:
            if sha256 is not None:
                self._problems.append("guard.sha256: pins nothing without guard.directory")
            return None
        return OwnGuard(directory, sha256)

    def remote(self) -> Remote | None:
        backend = self._text("function_calling", "backend") or "embedded"
        if backend not in ("embedded", "openai"):
            self._problems.append(
                f"function_calling.backend: must be embedded or openai, not {backend!r}"
            )
        if backend != "openai":
            return None
        base_url = self._text("function_calling", "base_url") or ""
        if not base_url.startswith(("http://", "https://")):
            self._problems.append("function_calling.base_url: must begin with http:// or https://")
        model = self._text("function_calling", "model")
        if not model:
            self._problems.append("function_calling.model: missing")
        timeout = self._body["function_calling"].get("timeout_ms", REMOTE_TIMEOUT_MS)
        if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
            self._problems.append("function_calling.timeout_ms: must be a whole number above 0")
        return Remote(base_url.rstrip("/"), model or "", self._format(), self._key(), timeout)

    def _format(self) -> PromptFormat:
        value = self._text("function_calling", "format")
        if value is None:
            # These models were trained on the prompt format; a tools field may mean nothing.
            model = self._text("function_calling", "model") or ""
            value = "arch" if "arch-function" in model.lower() else "tools"
        if value == "arch":
            return "arch"
        if value != "tools":
            self._problems.append(f"function_calling.format: must be tools or arch, not {value!r}")
        return "tools"

    def _key(self) -> Secret | None:
        file = self._text("function_calling", "access_key_file")
        name = self._text("function_calling", "access_key")
        if file:
            try:
                return Secret((self._base / file).read_text("utf-8").strip())
            except OSError as error:
                self._problems.append(
                    f"function_calling.access_key_file: {file} cannot be read ({error.strerror})"
                )
        elif name and not name.startswith("$"):
            # The value is not repeated: it may be the key itself.
            self._problems.append(
                "function_calling.access_key: must name an environment variable, as $NAME"
            )
        elif name:
            value = os.environ.get(name[1:])
            if value:
                return Secret(value)
            self._problems.append(f"function_calling.access_key: {name} is not set")
        return None

    def _text(self, section: str, name: str) -> str | None:
        value = self._body.get(section, {}).get(name)
        if value is not None and not isinstance(value, str):
            self._problems.append(f"{section}.{name}: must be text, not {value!r}")
            return None
        return value
