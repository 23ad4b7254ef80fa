"""What the supervisor tells a command of `archgw`, each with its one form in JSON.

A message is a line. Any number of lines tell how it goes, the last one is the result:

    {"progress": "waiting for Envoy"}
    {"result": {…}}                      a Verdict, a Status or a Stopped

The control socket speaks so, and the pipe on which `archgw up` hears how the start goes.
Only light modules are imported here: `archgw status` waits for them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from controlplane.exit_codes import COULD_NOT_RUN, DONE
from controlplane.problem import Located

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Progress = Callable[[str], None]


NOTHING_CHANGED = "nothing changed"
"""A verdict's summary."""


class NoResultError(Exception):
    """The lines ended before the result came."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a config; what `archgw up` and `reload` show."""

    code: int
    summary: str
    problems: tuple[Located, ...] = ()
    changes: tuple[str, ...] = ()
    version: str = ""

    @property
    def ok(self) -> bool:
        return self.code == DONE

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "code": self.code,
            "summary": self.summary,
            "problems": [each.to_json() for each in self.problems],
            "changes": list(self.changes),
            "version": self.version,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Verdict:
        return cls(
            code=body["code"],
            summary=body["summary"],
            problems=tuple(map(Located.from_json, body["problems"])),
            changes=tuple(body["changes"]),
            version=body["version"],
        )


def could_not_run(summary: str) -> Verdict:
    return Verdict(COULD_NOT_RUN, summary)


@dataclass(frozen=True, slots=True)
class ListenerStatus:
    name: str
    address: str
    port: int
    healthy: bool
    tls: bool
    auth: bool
    """Whether callers have to show who they are."""


@dataclass(frozen=True, slots=True)
class ChildStatus:
    name: str
    state: str
    pid: int | None
    restarts: int
    uptime_s: float


@dataclass(frozen=True, slots=True)
class UpstreamStatus:
    """A host of a provider or an API, and whether it can be reached."""

    name: str
    address: str
    cause: str | None
    """dns, refused, tls, timeout or reset; None where it can."""
    detail: str


@dataclass(frozen=True, slots=True)
class LastReload:
    ago_s: float
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        return {"ago_s": self.ago_s, **self.verdict.to_json()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> LastReload:
        return cls(body["ago_s"], Verdict.from_json(body))


@dataclass(frozen=True, slots=True)
class Status:
    """What runs, and how it is."""

    state: str
    pid: int
    uptime_s: float
    home: str
    config: str
    """Empty for a model server alone."""
    service: str
    version: str
    """Of the snapshot that Envoy has taken; empty while there is none."""
    envoy_version: str
    acknowledged: Mapping[str, str]
    """CDS, LDS, RDS → the version Envoy has accepted of each."""
    listeners: tuple[ListenerStatus, ...]
    children: tuple[ChildStatus, ...]
    upstreams: tuple[UpstreamStatus, ...]
    stats_port: int
    """0 for none."""
    stats_address: str
    last_reload: LastReload | None

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "last_reload": self.last_reload.to_json() if self.last_reload else None,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Status:
        last = body["last_reload"]
        nested = {
            "listeners": tuple(ListenerStatus(**each) for each in body["listeners"]),
            "children": tuple(ChildStatus(**each) for each in body["children"]),
            "upstreams": tuple(UpstreamStatus(**each) for each in body["upstreams"]),
            "last_reload": LastReload.from_json(last) if last else None,
        }
        return cls(**{**body, **nested})


@dataclass(frozen=True, slots=True)
class Looked:
    """The config on disk, looked at with the variables of the gateway that runs."""

    text: str
    """With everything that looks like a key replaced."""
    problems: tuple[Located, ...]

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "problems": [each.to_json() for each in self.problems]}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Looked:
        return cls(body["text"], tuple(map(Located.from_json, body["problems"])))


@dataclass(frozen=True, slots=True)
class Stopped:
    """The gateway has drained and is gone."""

    cut: int
    """Requests that were still open when the time was up."""
    after: float
    """Seconds: that time."""

    def to_json(self) -> dict[str, Any]:
        return {"ok": True, **asdict(self)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Stopped:
        return cls(body["cut"], body["after"])


def progress_line(text: str) -> bytes:
    return _line({"progress": text})


def result_line(result: Mapping[str, Any]) -> bytes:
    return _line({"result": result})


def read_result(lines: Iterable[str], progress: Progress) -> dict[str, Any]:
    """The result; what comes before it goes to `progress`."""
    for line in lines:
        message = json.loads(line)
        if "result" in message:
            return dict(message["result"])
        progress(message["progress"])
    raise NoResultError("closed without an answer")


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
