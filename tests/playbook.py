"""The prompt path as a playbook: `>>` is what Envoy sends, `<<` what it must be told.

    play(settings(targets=[weather]), script) >> prompt("rain in Lisbon?") << forwards(…)

`>>` feeds one event to a real session over fakes of the world, `<<` takes the next outcome
and compares it with an expectation. Expectations check what they name and nothing else; each
says in its own words what was there instead.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from extproc.clients import HttpCall, HttpReply
from extproc.contract import (
    GUARDED_HEADER,
    ApiCall,
    Form,
    Guard,
    Messages,
    Parameter,
    RuntimeConfig,
    Target,
)
from extproc.events import (
    Answer,
    Event,
    Forward,
    Outcome,
    Proceed,
    Refuse,
    RequestBody,
    RequestHeaders,
)
from extproc.exchange import World
from extproc.runtime import compiled
from extproc.session import Session
from extproc.telemetry import Metrics
from modelserver import schema
from tests.fakes.model_server import Script

if TYPE_CHECKING:
    from modelserver.schema import ParameterType

Expectation = Callable[[Outcome], None]


# What the world answers -----------------------------------------------------------------------


@dataclass
class FakeModels:
    """The scripted model server without HTTP; `error` is raised instead of an answer."""

    script: Script = field(default_factory=Script)
    error: Exception | None = None
    delay: float = 0.0
    asked: list[Any] = field(default_factory=list)

    async def decide(
        self, address: str, request: schema.DecideRequest, headers: Mapping[str, str],
        seconds: float,
    ) -> schema.DecideResponse:  # fmt: skip
        await self._ask(request)
        return schema.DecideResponse.from_json(self.script.decide(request.to_json()))

    async def guard(
        self, address: str, request: schema.GuardRequest, headers: Mapping[str, str],
        seconds: float,
    ) -> schema.GuardResponse:  # fmt: skip
        await self._ask(request)
        results = [self.script.judge(text) for text in request.texts]
        return schema.GuardResponse.from_json({"results": results})

    async def _ask(self, request: Any) -> None:
        self.asked.append(request)
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error

    @property
    def judged(self) -> list[str]:
        """Every text that was judged beside the messages."""
        return [text for each in self.asked for text in each.texts]


class Fixed(FakeModels):
    """Answers one decision, whatever it is asked."""

    def __init__(self, decision: schema.DecideResponse) -> None:
        super().__init__()
        self.decision = decision

    async def decide(
        self, address: str, request: schema.DecideRequest, headers: Mapping[str, str],
        seconds: float,
    ) -> schema.DecideResponse:  # fmt: skip
        await self._ask(request)
        return self.decision


def calls(*found: schema.Call, score: float = 0.9, below: float = 0.5) -> Fixed:
    """A model server that wants these calls, and is so sure of their targets."""
    ranking = tuple(schema.Ranked(each.name, score) for each in found)
    intent = schema.Intent(found[0].name, score, ranking, 0.5)
    return Fixed(schema.DecideResponse(None, intent, found, confirm_below=below))


def wish(
    name: str, message: int, sure: float = 0.9, confidence: float | None = None, **arguments: Any
) -> schema.Call:
    """A call whose every value is said in one message."""
    evidence = {
        each: schema.Evidence(message, 0, len(str(value)), str(value), sure)
        for each, value in arguments.items()
    }
    return schema.Call(name, arguments, (), evidence, confidence=confidence)


Says = HttpReply | Exception | Callable[[HttpCall], HttpReply]


@dataclass
class FakeEndpoints:
    """Answers by upstream's name; `sent` holds what came."""

    says: Mapping[str, Says] = field(default_factory=dict)
    sent: list[HttpCall] = field(default_factory=list)

    async def send(self, socket: str, call: HttpCall, seconds: float) -> HttpReply:
        self.sent.append(call)
        said = self.says[call.upstream]
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, HttpReply) else said(call)


def api(body: Any = None, status: int = 200, content_type: str = "application/json") -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status, content_type, raw)


def completion(text: str, model: str = "app-1", **more: Any) -> HttpReply:
    message = {"role": "assistant", "content": text}
    return api({"id": "1", "model": model, "choices": [{"index": 0, "message": message}], **more})


# The config -----------------------------------------------------------------------------------


def parameter(name: str, kind: ParameterType = "string", **more: Any) -> Parameter:
    return Parameter(name, kind, **{"has_default": "default" in more, **more})


def target(name: str, *parameters: Parameter, **more: Any) -> Target:
    plain = Target(
        name=name, description=f"about {name}", default=False,
        call=ApiCall("app", f"/{name}", "POST"), parameters=parameters, dispatch_to_llm=True,
        system_prompt=None, confirm="never",
    )  # fmt: skip
    return replace(plain, **more)


def guard(kind: Any = "jailbreak", **more: Any) -> Guard:
    return replace(
        Guard(kind, "Not with me.", forward_to_error_target=False, threshold=None), **more
    )


def settings(*targets: Target, **more: Any) -> RuntimeConfig:
    plain = RuntimeConfig(
        system_prompt=None, guards=(), targets=targets, error_target=None, intent_threshold=None,
        max_calls=4, debug_headers=False, messages=Messages(), model_server="models:1",
        internal_socket="/run/internal.sock", deadline=5.0,
    )  # fmt: skip
    return replace(plain, **more)


ERRORS = ApiCall("errors", "/error", "POST")


# The play -------------------------------------------------------------------------------------


class Play:
    """One request through a session."""

    def __init__(
        self,
        config: RuntimeConfig,
        script: Script | None = None,
        says: Mapping[str, Says] | None = None,
        models: FakeModels | None = None,
    ) -> None:
        self.models = models or FakeModels(script or Script())
        self.endpoints = FakeEndpoints(says or {})
        self.metrics = Metrics()
        world = World(self.models, self.endpoints, self.metrics)
        self._session = Session(compiled("0123456789abcdef", config), world)
        self._outcomes: list[Outcome] = []

    def __rshift__(self, events: Event | Sequence[Event]) -> Self:
        for event in events if isinstance(events, Sequence) else (events,):
            if self._outcomes and not isinstance(self._outcomes[-1], Proceed):
                raise AssertionError(f"the call has ended with {self._outcomes[-1]!r}")
            if self._outcomes:
                self._outcomes.pop()
            self._outcomes.append(asyncio.run(self._session.on(event)))
        return self

    def __lshift__(self, expected: Expectation) -> Self:
        assert self._outcomes, "nothing was decided yet"
        expected(self._outcomes[-1])
        return self

    @property
    def outcome(self) -> Outcome:
        return self._outcomes[-1]

    @property
    def done(self) -> bool:
        return self._session.done


def play(config: RuntimeConfig, script: Script | None = None, **more: Any) -> Play:
    return Play(config, script, **more)


def headers(*, end_of_stream: bool = False, **more: str) -> RequestHeaders:
    """`x_request_id="1"` is the header x-request-id; `method` and `path` are pseudo-headers."""
    found = {":method": "POST", ":path": "/v1/chat/completions", "content-type": "application/json",
             "x-request-id": "r-1"}  # fmt: skip
    for name, value in more.items():
        key = {"method": ":method", "path": ":path"}.get(name, name.replace("_", "-"))
        found[key] = value
    return RequestHeaders(found, end_of_stream)


def body(content: Any) -> RequestBody:
    return RequestBody(content if isinstance(content, bytes) else json.dumps(content).encode())


def prompt(text: str = "hello", **rest: Any) -> list[Event]:
    """A whole request with one user message; what else is named goes into its body."""
    return chat({"role": "user", "content": text}, **rest)


def turns(*said: str) -> list[dict[str, str]]:
    """User and assistant in turn."""
    return [
        {"role": "assistant" if number % 2 else "user", "content": text}
        for number, text in enumerate(said)
    ]


def chat(
    *messages: Mapping[str, Any], headers_: Mapping[str, str] | None = None, **rest: Any
) -> list[Event]:
    return [headers(**(headers_ or {})), body({"messages": list(messages), **rest})]


# Expectations ---------------------------------------------------------------------------------


def proceeds() -> Expectation:
    def check(outcome: Outcome) -> None:
        assert isinstance(outcome, Proceed), outcome

    return check


def refuses(status: int, code: str, *pieces: str) -> Expectation:
    def check(outcome: Outcome) -> None:
        assert isinstance(outcome, Refuse), outcome
        error = outcome.error
        assert (error.status, error.code) == (status, code), (error.status, error.code, error)
        for piece in pieces:
            assert piece in error.message, error.message

    return check


def says(
    text: str, *, form: Form = Form.JSON, model: str | None = None, **found: str
) -> Expectation:
    """An assistant's message; `found` are headers of the answer."""

    def check(outcome: Outcome) -> None:
        assert isinstance(outcome, Answer), outcome
        assert outcome.form is form, outcome.form
        spoken, by = spoken_by(outcome)
        assert spoken == text, spoken
        assert model is None or by == model, by
        for name, value in found.items():
            assert outcome.headers.get(name.replace("_", "-")) == value, outcome.headers

    return check


def asks_for(*names: str) -> Expectation:
    def check(outcome: Outcome) -> None:
        assert isinstance(outcome, Answer), outcome
        text, model = spoken_by(outcome)
        assert model.startswith("Arch"), model
        assert text.startswith(
            ("May", "Could", "Sure", "Definitely", "Certainly", "Of course", "Can")
        )
        for name in names:
            assert name in text, text

    return check


def forwards(**found: Any) -> Expectation:
    """On to the LLM; `found` are fields of the body that must be so."""

    def check(outcome: Outcome) -> None:
        assert isinstance(outcome, Forward), outcome
        assert outcome.headers[GUARDED_HEADER] == "1"
        sent = json.loads(outcome.body)
        for name, value in found.items():
            assert sent.get(name) == value, (name, sent.get(name))

    return check


def spoken_by(answer: Answer) -> tuple[str, str]:
    """Text and model of an assistant's answer in either form."""
    if answer.form is Form.SSE:
        chunks = events(answer.body)
        spoken = [
            c for c in chunks if c["choices"] and c["choices"][0]["delta"].get("role") != "tool"
        ]
        text = "".join(c["choices"][0]["delta"].get("content") or "" for c in spoken)
        return text, chunks[-1]["model"]
    found = json.loads(answer.body)
    return found["choices"][0]["message"]["content"], found["model"]


def events(stream: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream, which must end with [DONE]."""
    frames = [frame for frame in stream.split(b"\n\n") if frame and not frame.startswith(b":")]
    assert frames[-1] == b"data: [DONE]", frames[-1]
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames[:-1]]
