"""One request: who asks, what was asked, the config it is decided under, what was learnt so far.

Stages read and fill the fields in the order of the pipeline. The runtime is pinned: however
often the config changes meanwhile, a request ends under the one it began with.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from extproc import contract
from extproc.clients import CallFailed
from extproc.line import Line
from extproc.telemetry import TRACEPARENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from extproc.chat.answers import ToolCall
    from extproc.chat.types import ChatRequest
    from extproc.clients import Endpoints, HttpCall, HttpResponse, Models
    from extproc.contract import Target
    from extproc.events import Outcome
    from extproc.questions import Sentence
    from extproc.runtime import Runtime
    from extproc.telemetry import Metrics
    from extproc.traces.context import Context
    from modelserver.schema import Call, DecideResponse, Evidence, GuardResult


# Shares of a request's time.
_FOR_MODELS = 0.7
_FOR_API = 0.95
_FOR_API_BEFORE_ERROR_TARGET = 0.8
_FOR_ERROR_TARGET = 0.9


@dataclass(frozen=True, slots=True)
class Clock:
    """How long this request may still take, and how much of that goes to whom."""

    ends: float
    whole: float

    @classmethod
    def starting(cls, seconds: float) -> Clock:
        return cls(time.monotonic() + seconds, seconds)

    def left(self) -> float:
        return max(0.0, self.ends - time.monotonic())

    def spent(self) -> float:
        return time.monotonic() - (self.ends - self.whole)

    def for_models(self) -> float:
        """Late enough for a slow model, early enough that the refusal is ours and not Envoy's."""
        return min(self.left(), _FOR_MODELS * self.whole)

    def for_api(self, *, reserve: bool) -> float:
        """With an error target, some time stays for that."""
        return self.left() * (_FOR_API_BEFORE_ERROR_TARGET if reserve else _FOR_API)

    def for_error_target(self) -> float:
        return self.left() * _FOR_ERROR_TARGET


@dataclass(frozen=True, slots=True)
class Caller:
    """What the request's headers say that matters here."""

    request_id: str
    onward: Mapping[str, str]
    """Headers for calls on behalf of this request. Nothing of the client's credentials."""
    debug: bool
    stream_format: contract.StreamFormat | None = None
    """What the client wants, where it says so."""
    client: str | None = None
    """Its name, where the listener asks for it."""
    hint: str = ""
    """The provider that it names."""
    language: str | None = None
    """The tag of the language that the client likes best, such as de-AT."""
    span: Context | None = None
    """Of this decision; None where the request is not traced."""


def today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()


class Records(Protocol):
    def keep(self, exchange: Exchange, outcome: Outcome | None) -> None:
        """Notes what was decided, and why; the outcome is None when the client left."""


@dataclass(frozen=True, slots=True)
class World:
    models: Models
    endpoints: Endpoints
    metrics: Metrics
    records: Records
    today: Callable[[], str] = today
    """The day that "tomorrow" is counted from."""
    lines: defaultdict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    """Prompts that wait for models, by the address of the model server."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A call to be made. `target.endpoint` is None when its LLM answers without any API."""

    target: Target
    arguments: Mapping[str, Any] = field(repr=False)
    confidence: float = 1.0
    """How sure the models are that the last message wants this call, exactly so."""
    doubtful: bool = False
    """The words of the last message are not enough for it, however sure the models are."""
    unusable: frozenset[str] = frozenset()
    """Parameters for which something was said that they cannot take."""
    defaults: frozenset[str] = frozenset()
    """Arguments that nobody said."""
    clause: tuple[int, int] | None = None
    """The characters of the last user message that say it, where they say no other call."""


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made, and the API's answer."""

    target: Target
    response: HttpResponse
    record: ToolCall
    context: str = field(repr=False)
    """What an LLM is told of the answer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that went out to the application, and how it ended. Without any value."""

    target: str
    upstream: str
    method: str
    template: str
    began: float
    """Seconds after the request did."""
    seconds: float
    status: int | None = None
    failed: str | None = None
    """Why there was no answer."""
    span: Context | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One that ran."""

    name: str
    began: float
    """Seconds after the request did."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Question:
    """What the user was asked: for the values of parameters, or to confirm the plan."""

    reason: Literal["values", "confirm"]
    parameters: Sequence[str] = ()


@dataclass(slots=True)
class Exchange:
    runtime: Runtime
    request: ChatRequest
    caller: Caller
    world: World
    clock: Clock
    decision: DecideResponse | None = None
    afresh: DecideResponse | None = None
    """What a reply to a question of ours says by itself."""
    sentences: dict[int, Sentence] = field(default_factory=dict)
    """The gateway's own sentences in the transcript, by the place of the message."""
    verdicts: Sequence[GuardResult] = ()
    target: Target | None = None
    """The prompt target this is about: the matched one, or the default one."""
    plan: Sequence[Planned] = ()
    confirmed: bool = False
    """The plan is what a question of ours proposed, and the user said yes to."""
    dropped: bool = False
    """The user wants nothing of what a question of ours was about."""
    made: Sequence[Made] = ()
    asked: Question | None = None
    refused: str | None = None
    """The guard that refused the prompt."""
    sent: list[Sent] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    """Those that ran, in order."""

    async def send(self, target: str, call: HttpCall, seconds: float) -> HttpResponse:
        """The answer of an API of the application's. Raises `CallFailed`."""
        began = self.clock.spent()
        span = self.caller.span.child() if self.caller.span else None
        if span:
            call = replace(call, headers={**call.headers, TRACEPARENT: span.header})
        status = failed = None
        try:
            with self.world.metrics.outside_active.held("api"):
                response = await self.world.endpoints.send(
                    self.runtime.config.internal_socket, call, seconds
                )
            status = response.status
        except CallFailed as error:
            failed = error.reason
            raise
        finally:
            self.sent.append(
                Sent(target, call.upstream, call.method, call.template, began,
                     self.clock.spent() - began, status, failed, span)
            )  # fmt: skip
        return response

    @property
    def apis_answer(self) -> bool:
        """What the APIs said is the client's answer, and no LLM reads it."""
        return bool(self.made) and not any(each.target.dispatch_to_llm for each in self.plan)

    @property
    def v01(self) -> bool:
        """Whether the client reads answers as v0.1 wrote them."""
        wanted = self.caller.stream_format or self.runtime.config.stream_format
        return wanted == contract.V01

    def newest_evidence(self) -> Iterator[tuple[Call, str, Evidence]]:
        """What the models' calls take of the last user message, by call and parameter."""
        for call in self.decision.calls if self.decision else ():
            for name, evidence in call.evidence.items():
                if evidence.message == self.request.last_user:
                    yield call, name, evidence
