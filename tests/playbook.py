"""The prompt path as a playbook: `>>` is what Envoy sends, `<<` what it must be told.

    play(settings(targets=[weather]), script) >> prompt("rain in Lisbon?") << forwards(…)

`>>` feeds one event to a real session over fakes of the world, `<<` compares the outcome with
an expectation: all of it, so that what a test does not name must be as it always is. What goes
on to the LLM is what came but for what is named, and for the context and system prompt that the
config brings; an answer has no headers but those that are named. What nobody looks at fails, too:
an outcome that no `<<` follows, and models that are asked the same twice (`finish`, after each
test).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, Self

from jsonschema import Draft202012Validator

from extproc.clients import HttpCall, HttpResponse
from extproc.contract import (
    GUARDED_HEADER,
    ApiEndpoint,
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
    Reject,
    RequestBody,
    RequestHeaders,
)
from extproc.exchange import World
from extproc.record.keeping import Records
from extproc.runtime import compiled
from extproc.session import Session
from extproc.telemetry import Metrics
from modelserver import schema
from tests.fakes.model_server import Script

if TYPE_CHECKING:
    from modelserver.schema import ParameterType

Expectation = Callable[["Play"], None]

RECORD = Draft202012Validator(
    json.loads(resources.files("extproc.record").joinpath("schema.json").read_text("utf-8")),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
"""Of every play, the record has the form that it promises."""


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
    """Answers one decision, whatever it is asked; another one of a reply that it reads by itself."""

    def __init__(
        self, decision: schema.DecideResponse, alone: schema.DecideResponse | None = None
    ) -> None:
        super().__init__()
        self.decision = decision
        self.alone = alone or schema.DecideResponse(None, schema.Intent(None, 0.0, (), 0.5), ())

    async def decide(
        self, address: str, request: schema.DecideRequest, headers: Mapping[str, str],
        seconds: float,
    ) -> schema.DecideResponse:  # fmt: skip
        await self._ask(request)
        longest = max(len(each.messages) for each in self.asked)
        return self.decision if len(request.messages) == longest else self.alone


def calls(
    *found: schema.Call, score: float = 0.9, below: float = 0.5,
    alone: Sequence[schema.Call] = (),
) -> Fixed:  # fmt: skip
    """A model server that wants these calls, and is so sure of their targets.

    `alone` are those that it reads in the last message by itself, where that is a reply.
    """
    return Fixed(_wanting(found, score, below), _wanting(alone, score, below) if alone else None)


def _wanting(found: Sequence[schema.Call], score: float, below: float) -> schema.DecideResponse:
    ranking = tuple(schema.Ranked(each.name, score) for each in found)
    intent = schema.Intent(found[0].name, score, ranking, 0.5)
    return schema.DecideResponse(None, intent, found, confirm_below=below)


def wish(
    name: str, message: int, sure: float = 0.9, confidence: float | None = None, **arguments: Any
) -> schema.Call:
    """A call whose every value is said in one message."""
    evidence = {
        each: schema.Evidence(message, 0, len(str(value)), str(value), sure)
        for each, value in arguments.items()
    }
    return schema.Call(name, arguments, (), evidence, confidence=confidence)


Says = HttpResponse | Exception | Callable[[HttpCall], HttpResponse]


@dataclass
class FakeEndpoints:
    """Answers by upstream's name; `sent` holds what came."""

    says: Mapping[str, Says] = field(default_factory=dict)
    sent: list[HttpCall] = field(default_factory=list)

    async def send(self, socket: str, call: HttpCall, seconds: float) -> HttpResponse:
        self.sent.append(call)
        # No KeyError, which the pipeline could take for a fault of its own.
        assert call.upstream in self.says, f"nobody expects a call of {call.upstream}"
        said = self.says[call.upstream]
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, HttpResponse) else said(call)


def api(
    body: Any = None, status: int = 200, content_type: str = "application/json"
) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, content_type, raw)


def completion(text: str, model: str = "app-1", **more: Any) -> HttpResponse:
    message = {"role": "assistant", "content": text}
    return api({"id": "1", "model": model, "choices": [{"index": 0, "message": message}], **more})


# The config -----------------------------------------------------------------------------------


def parameter(name: str, kind: ParameterType = "string", **more: Any) -> Parameter:
    return Parameter(name, kind, **{"has_default": "default" in more, **more})


def target(name: str, *parameters: Parameter, **more: Any) -> Target:
    plain = Target(
        name=name, description=f"about {name}", default=False,
        endpoint=ApiEndpoint("app", f"/{name}", "POST"), parameters=parameters, dispatch_to_llm=True,
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


ERRORS = ApiEndpoint("errors", "/error", "POST")


# The play -------------------------------------------------------------------------------------


class Play:
    """One request through a session."""

    begun: ClassVar[list[Play]] = []

    def __init__(
        self,
        config: RuntimeConfig,
        script: Script | None = None,
        says: Mapping[str, Says] | None = None,
        models: FakeModels | None = None,
        called_by: Mapping[str, str] | None = None,
    ) -> None:
        self.models = models or FakeModels(script or Script())
        self._asked_before = len(self.models.asked)
        self.endpoints = FakeEndpoints(says or {})
        self.metrics = Metrics()
        self.records = Records(b"key")
        self.world = World(self.models, self.endpoints, self.metrics, self.records)
        self._session = Session(compiled("0123456789abcdef", config), self.world, called_by)
        self.config = config
        self.came = b""
        self._outcome: Outcome | None = None
        self._seen = True
        self.begun.append(self)

    def __rshift__(self, events: Event | Sequence[Event]) -> Self:
        for event in events if isinstance(events, Sequence) else (events,):
            if self._outcome is not None and not isinstance(self._outcome, Proceed):
                raise AssertionError(f"the call has ended with {self._outcome!r}")
            if isinstance(event, RequestBody):
                self.came = event.body
            self._outcome = asyncio.run(self._session.on(event))
            self._seen = False
        return self

    def __lshift__(self, expected: Expectation) -> Self:
        expected(self)
        return self

    @property
    def outcome(self) -> Outcome:
        assert self._outcome is not None, "nothing was decided yet"
        self._seen = True
        return self._outcome

    def finish(self) -> None:
        """Nothing happened that the test did not look at."""
        assert self._seen, f"nobody expected {self._outcome!r}"
        asked = [
            tuple(each.messages) if isinstance(each, schema.DecideRequest) else tuple(each.texts)
            for each in self.models.asked[self._asked_before :]
        ]
        assert len(asked) == len(set(asked)), "the models were asked the same twice"
        for record in self.records.ring.newest(1):
            RECORD.validate(json.loads(record))

    @property
    def record(self) -> dict[str, Any]:
        """What was noted of the decision."""
        found: dict[str, Any] = json.loads(next(self.records.ring.newest(1)))
        return found

    @property
    def done(self) -> bool:
        return self._session.done


def play(config: RuntimeConfig, script: Script | None = None, **more: Any) -> Play:
    return Play(config, script, **more)


def sent(played: Play) -> list[dict[str, Any]]:
    """The arguments of each call that was made, without the conversation beside them."""
    bodies = [json.loads(call.body or b"{}") for call in played.endpoints.sent]
    return [{k: v for k, v in body.items() if k != "messages"} for body in bodies]


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
    def check(played: Play) -> None:
        outcome = played.outcome
        assert isinstance(outcome, Proceed), outcome

    return check


def refuses(status: int, code: str, *pieces: str) -> Expectation:
    def check(played: Play) -> None:
        outcome = played.outcome
        assert isinstance(outcome, Reject), outcome
        error = outcome.error
        assert (error.status, error.code) == (status, code), (error.status, error.code, error)
        for piece in pieces:
            assert piece in error.message, error.message

    return check


def says(
    text: str, *, form: Form = Form.JSON, model: str | None = None, **found: str
) -> Expectation:
    """An assistant's message; `found` are headers of the answer."""

    def check(played: Play) -> None:
        outcome = played.outcome
        assert isinstance(outcome, Answer), outcome
        assert outcome.form is form, outcome.form
        spoken, by = spoken_by(outcome)
        assert spoken == text, spoken
        assert model is None or by == model, by
        named = {name.replace("_", "-"): value for name, value in found.items()}
        assert outcome.headers == named

    return check


def turned_away() -> Expectation:
    """What the guard of `guard()` says."""
    return says("Not with me.", x_prompt_guard_error_code="jailbreak")


def asks_for(*names: str) -> Expectation:
    def check(played: Play) -> None:
        outcome = played.outcome
        assert isinstance(outcome, Answer), outcome
        assert not played.endpoints.sent
        assert outcome.headers == {}
        text, model = spoken_by(outcome)
        assert model.startswith("Arch"), model
        assert text.startswith(
            ("May", "Could", "Sure", "Definitely", "Certainly", "Of course", "Can")
        )
        for name in names:
            assert name in text, text

    return check


def forwards(**found: Any) -> Expectation:
    """On to the LLM, as it came; `found` are the fields of the body that are otherwise."""

    def check(played: Play) -> None:
        outcome = played.outcome
        assert isinstance(outcome, Forward), outcome
        assert outcome.headers == {GUARDED_HEADER: "1", "content-type": "application/json"}
        sent = json.loads(outcome.body)
        assert not (outcome.events and outcome.members), "a client is told twice"
        came = _without_state(json.loads(played.came))
        messages = found.get("messages") or _with_context(
            played, came["messages"], sent["messages"]
        )
        assert sent == {**came, **found, "messages": messages}

    return check


def _without_state(body: dict[str, Any]) -> dict[str, Any]:
    """What we told the client of our calls is not for the LLM."""
    metadata = body.get("metadata") or {}
    if "x-arch-state" not in metadata:
        return body
    rest = {name: value for name, value in metadata.items() if not name.startswith("x-arch-")}
    return {name: value for name, value in body.items() if name != "metadata"} | (
        {"metadata": rest} if rest else {}
    )


def _with_context(
    played: Play, came: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The messages that came, with a system prompt of the config's and what an API said."""
    messages = list(came)
    own = [played.config.system_prompt, *(each.system_prompt for each in played.config.targets)]
    if sent[0] not in messages and sent[0] in [{"role": "system", "content": one} for one in own]:
        messages.insert(0, sent[0])
    if played.endpoints.sent:
        last = max(place for place, each in enumerate(messages) if each["role"] == "user")
        before, after = messages[last]["content"], sent[last]["content"]
        if after.startswith(f"{before}\ncontext: "):
            messages[last] = {**messages[last], "content": after}
    return messages


def spoken_by(answer: Answer) -> tuple[str, str]:
    """Text and model of an assistant's answer in either form."""
    if answer.form is Form.SSE:
        chunks = events(answer.body)
        text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks)
        return text, chunks[-1]["model"]
    found = json.loads(answer.body)
    return found["choices"][0]["message"]["content"], found["model"]


def told(outcome: Outcome) -> dict[str, str]:
    """The metadata that goes into the LLM's answer."""
    assert isinstance(outcome, Forward)
    assert not outcome.events
    found = json.loads("{" + outcome.members.rstrip(",") + "}")
    return found.get("metadata", {})


def events(stream: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream, which must end with [DONE]."""
    frames = [frame for frame in stream.split(b"\n\n") if frame]
    assert frames[-1] == b"data: [DONE]", frames[-1]
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames[:-1]]
