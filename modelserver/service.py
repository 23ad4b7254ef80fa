"""The three decisions, without HTTP.

`Service` owns the lanes (a loaded model, its batcher and its threads), the caches and the
remote function caller, and answers in the dataclasses of `schema`. HTTP is one face of it;
the benches and tests call it directly.

Guard and targets run side by side: they are different models on different threads. A
deadline is a cancelled wait: whatever the caller had in a queue is dropped with it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

import orjson

from modelserver import schema
from modelserver.engine.batching import Batcher, BatchSettings
from modelserver.engine.cache import AnswerCache, digest
from modelserver.errors import DeadlineExceeded, ModelUnavailable, ServerError
from modelserver.remote import RemoteFailed
from modelserver.tasks.types import Call, Decision, IntentAnswer, Message, Output, Request, Row
from modelserver.telemetry import log, trace_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from modelserver.engine.backend import Backend
    from modelserver.remote import RemoteFunctions
    from modelserver.requests import Decide
    from modelserver.settings import Settings, Workload
    from modelserver.tasks.guard.classify import GuardAnswer, GuardTask, Windows
    from modelserver.tasks.targets.decide import Targets
    from modelserver.telemetry import Metrics

T = TypeVar("T")
A = TypeVar("A")

# Up to this many characters, all texts of a request together, they are encoded on the event
# loop: a hop to a thread and back would cost more than the tokens.
INLINE_CHARS = 2000

# The share of what is left of a request's time that a remote function caller may take.
REMOTE_SHARE = 0.6


class Lane(Generic[T]):
    """A task, the model behind it, and the queue before that."""

    def __init__(
        self, name: str, identity: str, task: T, backend: Backend, settings: BatchSettings
    ) -> None:
        self.name = name
        self.identity = identity
        self.task = task
        self._backend = backend
        self._settings = settings
        self._batcher: Batcher[Row, Output] | None = None

    def start(self, metrics: Metrics) -> None:
        self._batcher = Batcher(
            self._backend.run, self._settings, size=len, name=self.name,
            seen=metrics.batch(self.name),
        )  # fmt: skip
        self._batcher.start()
        batcher = self._batcher
        metrics.queue.labels(self.name).set_function(lambda: batcher.waiting_tokens)
        metrics.model_info.labels(self.name, self.identity).set(1)

    async def close(self) -> None:
        if self._batcher:
            await self._batcher.close()

    @property
    def running_for(self) -> float:
        return self._batcher.running_for if self._batcher else 0.0

    async def run(self, rows: Sequence[Row]) -> Sequence[Output]:
        """Rows through the model; whatever breaks in there is an outage, with its cause logged."""
        if self._batcher is None:
            raise RuntimeError("the lane was not started")
        try:
            return await self._batcher.submit(rows)
        except ServerError:
            raise
        except Exception as error:
            log.error("model.failed", model=self.name, trace=trace_of(error))
            raise ModelUnavailable(f"The {self.name} model failed.") from error


class Service:
    """guard(), intent() and decide(); started and closed with the event loop."""

    def __init__(
        self,
        guard: Lane[GuardTask],
        targets: Lane[Targets],
        settings: Settings,
        metrics: Metrics,
        remote: RemoteFunctions | None = None,
    ) -> None:
        self._guard = guard
        self._targets = targets
        self._settings = settings
        self._metrics = metrics
        self._remote = remote
        entries = settings.cache.entries if settings.cache.enabled else 0
        self._verdicts: AnswerCache[GuardAnswer] = AnswerCache(
            entries, seen=metrics.looked_up("guard")
        )
        # A decision of many tools is some kilobytes, a verdict some hundred bytes.
        self._decisions: AnswerCache[Decision] = AnswerCache(
            entries // 8, seen=metrics.looked_up("targets")
        )
        self.models = {guard.name: guard.identity, targets.name: targets.identity}

    @property
    def guard_threshold(self) -> float:
        own = self._settings.guard_threshold
        return self._guard.task.threshold if own is None else own

    @property
    def knows_toxicity(self) -> bool:
        return self._guard.task.knows_toxicity

    @property
    def stuck(self) -> bool:
        """A model has been at one batch for longer than anybody would wait."""
        limit = self._runtime.timeout_ms / 1000
        return max(self._guard.running_for, self._targets.running_for) > limit

    async def start(self) -> None:
        self._guard.start(self._metrics)
        self._targets.start(self._metrics)
        if self._remote:
            await self._remote.start()

    async def close(self) -> None:
        await asyncio.gather(self._guard.close(), self._targets.close())
        if self._remote:
            await self._remote.close()

    async def guard(
        self, texts: Sequence[str], threshold: float | None = None, timeout_ms: int | None = None
    ) -> schema.GuardResponse:
        """A verdict for each text, each on its own."""
        began = time.perf_counter()
        answers = await self._within(self._judge(texts), timeout_ms)
        limit = self.guard_threshold if threshold is None else threshold
        results = tuple(_guard_result(answer, limit) for answer in answers)
        for result in results:
            self._metrics.verdicts.labels(result.verdict).inc()
        return schema.GuardResponse(
            results, {"guard": _since(began)}, {self._guard.name: self._guard.identity}
        )

    async def intent(self, request: Decide) -> schema.IntentResponse:
        """Which of the tools the last user message wants, if any."""
        began = time.perf_counter()
        answer = (await self._within(self._decide_local(request), request.timeout_ms)).intent
        self._metrics.intents.labels("none" if answer.name is None else "matched").inc()
        return schema.IntentResponse(
            _intent(answer), {"intent": _since(began)},
            {self._targets.name: self._targets.identity},
        )  # fmt: skip

    async def decide(self, request: Decide) -> schema.DecideResponse:
        """Guard, intent and parameters of one request."""
        began = time.perf_counter()
        return await self._within(self._decide(request, began), request.timeout_ms)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector of unit length for each text, as the shortlist of targets uses it."""
        task = self._targets.task.intent
        rows = [task.embed_conversation([Message("user", text)]) for text in texts]
        outputs = await self._within(self._targets.run(rows), None)
        return [output["embedding"].tolist() for output in outputs]

    async def _within(self, work: Awaitable[A], timeout_ms: int | None) -> A:
        limit = self._limit(timeout_ms)
        try:
            async with asyncio.timeout(limit / 1000):
                return await work
        except TimeoutError:
            raise DeadlineExceeded(f"No answer within {limit} ms.") from None

    def _limit(self, timeout_ms: int | None) -> int:
        return min(timeout_ms or self._runtime.timeout_ms, self._runtime.timeout_ms)

    @property
    def _runtime(self) -> Workload:
        return self._settings.runtime

    async def _decide(self, request: Decide, began: float) -> schema.DecideResponse:
        timings: dict[str, float] = {}
        guard, (intent, calls) = await _both(
            _timed(self._worst(request), timings, "guard"),
            self._functions(request, timings, began),
        )
        timings["total"] = _since(began)
        models = self.models if request.guard else {self._targets.name: self._targets.identity}
        limit = self._targets.task.confirm_below
        return schema.DecideResponse(guard, intent, calls, timings, models, limit)

    async def _worst(self, request: Decide) -> schema.GuardResult | None:
        """The verdict on the message with the highest score; nothing when not asked."""
        if not request.guard:
            return None
        texts, owners = _guarded(request)
        if not texts:
            return schema.GuardResult(schema.BENIGN, 0.0, "text")
        limit = self.guard_threshold
        limit = limit if request.guard_threshold is None else request.guard_threshold
        answers = await self._judge(texts)
        worst = max(range(len(answers)), key=lambda index: answers[index].score)
        result = _guard_result(answers[worst], limit)
        self._metrics.verdicts.labels(result.verdict).inc()
        toxic = [answer.toxicity for answer in answers if answer.toxicity is not None]
        return replace(result, message=owners[worst], toxicity=max(toxic, default=None))

    async def _judge(self, texts: Sequence[str]) -> list[GuardAnswer]:
        """Scores of the texts; what was judged before comes from the cache."""
        identity = self._guard.identity.encode()
        keys = [digest((identity, text.encode("utf-8", "surrogatepass"))) for text in texts]
        known = {key: self._verdicts.get(key) for key in keys}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if not known[key]}
        windows = await self._encode(list(fresh.values()))
        outputs = iter(await self._guard.run([row for one in windows for row in one.rows]))
        for key, one in zip(fresh, windows, strict=True):
            judged = self._guard.task.decode(one, [next(outputs) for _ in one.rows])
            known[key] = judged
            self._verdicts.put(key, judged)
        return [answer for key in keys if (answer := known[key])]

    async def _encode(self, texts: list[str]) -> list[Windows]:
        encode = self._guard.task.encode
        if sum(map(len, texts)) <= INLINE_CHARS:
            return [encode(text) for text in texts]
        # One hop each: a caller who leaves leaves all further texts unread.
        return [await asyncio.to_thread(encode, text) for text in texts]

    async def _functions(
        self, request: Decide, timings: dict[str, float], began: float
    ) -> tuple[schema.Intent, tuple[schema.Call, ...]]:
        decision = await _timed(self._decide_local(request), timings, "targets")
        intent = _intent(decision.intent)
        self._metrics.intents.labels("none" if intent.name is None else "matched").inc()
        calls = tuple(_call(call) for call in decision.calls)
        if self._remote is None or intent.name is None:
            return intent, calls
        left = self._limit(request.timeout_ms) / 1000 - (time.perf_counter() - began)
        remote = await _timed(self._ask_remote(request, REMOTE_SHARE * left), timings, "remote")
        if not remote:
            return intent, calls
        return replace(intent, name=remote[0].name), tuple(_proved(call, calls) for call in remote)

    async def _ask_remote(self, request: Decide, within: float) -> tuple[schema.Call, ...]:
        """The remote server's calls; none when it failed or made none, so that ours stand."""
        if self._remote is None:
            return ()
        try:
            calls = await self._remote.calls(request, within)
        except RemoteFailed as error:
            log.warning("function_calling.fallback", reason=str(error))
            self._metrics.function_calls.labels("openai", "failed").inc()
            return ()
        self._metrics.function_calls.labels("openai", "called" if calls else "no_call").inc()
        return calls

    async def _decide_local(self, request: Decide) -> Decision:
        key = self._key(request)
        known = self._decisions.get(key)
        if known is None:
            known = await self._targets.task.decide(_question(request), self._targets.run)
            self._decisions.put(key, known)
        return known

    def _key(self, request: Decide) -> bytes:
        asked = [
            request.raw_tools,
            [(turn.role, turn.content, turn.ours) for turn in request.turns],
            request.threshold,
            request.max_calls,
            request.occasion,
        ]
        return digest((self._targets.identity.encode(), orjson.dumps(asked)))


def _question(request: Decide) -> Request:
    messages = tuple(Message(turn.role, turn.content, turn.ours) for turn in request.turns)
    question = Request(messages, request.tools, request.threshold, occasion=request.occasion)
    if request.max_calls is None:
        return question
    return replace(question, max_calls=request.max_calls)


def _guarded(request: Decide) -> tuple[list[str], list[int | None]]:
    """Every text to judge, and the message it is from; tool arguments count as text."""
    pairs: list[tuple[str, int | None]] = [
        (text, index)
        for index, turn in enumerate(request.turns)
        if turn.guard
        for text in (turn.content, *turn.leaves)
        if text.strip()
    ]
    pairs += [(text, None) for text in request.texts if text.strip()]
    return [text for text, _ in pairs], [index for _, index in pairs]


async def _both(first: Awaitable[T], second: Awaitable[A]) -> tuple[T, A]:
    """Both at once; when one fails, the other is not left running for nobody."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _timed(work: Awaitable[T], timings: dict[str, float], name: str) -> T:
    began = time.perf_counter()
    try:
        return await work
    finally:
        timings[name] = _since(began)


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)


def _guard_result(answer: GuardAnswer, limit: float) -> schema.GuardResult:
    verdict = schema.ATTACK if answer.score >= limit else schema.BENIGN
    return schema.GuardResult(verdict, answer.score, answer.view, answer.toxicity)


def _intent(intent: IntentAnswer) -> schema.Intent:
    ranking = tuple(schema.Ranked(item.name, item.score) for item in intent.ranking)
    return schema.Intent(intent.name, intent.score, ranking, intent.threshold)


def _proved(call: schema.Call, ours: Sequence[schema.Call]) -> schema.Call:
    """A remote server's call with our evidence for the values that our models read as well."""
    evidence = {
        name: own.evidence[name]
        for own in ours
        if own.name == call.name
        for name, value in call.arguments.items()
        if name in own.evidence and own.arguments.get(name) == value
    }
    return replace(call, evidence=evidence)


def _call(call: Call) -> schema.Call:
    evidence = {
        name: schema.Evidence(
            item.message, item.start, item.end, item.text, item.confidence, item.english
        )
        for name, item in call.evidence.items()
    }
    return schema.Call(
        call.name, call.arguments, tuple(call.missing), evidence, tuple(call.unusable),
        call.confidence, call.clause, call.refused,
    )  # fmt: skip
