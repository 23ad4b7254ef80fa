"""The model server of archgw v0.1, for gateways and scripts that still speak to it.

Two generations: v0.1.7 (`/function_calling`, `/guardrails`, `/models`) and v0.1.2
(`/guard`, `/zeroshot`, `/hallucination`, `/embeddings`, `/v1/chat/completions`). Shapes and
wordings are theirs, the answers are our models'. What they cannot answer is a 501 in words.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from modelserver.checked import LONGEST
from modelserver.errors import NotSupported, ServerError
from modelserver.http.parse import Reader, parse_decide
from modelserver.requests import Decide, Turn
from modelserver.schema import Parameter, Tool
from modelserver.tasks.tools import humanized

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from modelserver import schema
    from modelserver.requests import Limits
    from modelserver.service import Service

    Handler = Callable[[Any], Awaitable[Any]]
    ErrorBody = Callable[[ServerError, str], Any]

MODELS = ("Arch-Intent", "Arch-Function", "Arch-Guard")
CHUNK_WORDS = 300
LEAST_SAID = 0.5


def routes(
    warm: Callable[[], Service], limits: Limits
) -> Sequence[tuple[str, Handler, ErrorBody | None]]:
    """Path, handler and error body of each v0.1 route; `warm` gives the service or raises."""
    face = _Face(warm, limits)
    return (
        ("/function_calling", face.function_calling, _errors("Arch-Function")),
        ("/guardrails", face.guardrails, _errors("Arch-Guard")),
        ("/guard", face.guard, None),
        ("/zeroshot", face.zeroshot, None),
        ("/hallucination", face.hallucination, None),
        ("/embeddings", face.embeddings, None),
        ("/v1/chat/completions", face.chat_completions, None),
    )


def models() -> Mapping[str, Any]:
    """The body of v0.1's `GET /models`."""
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]}


def clarifying_question(tool: Tool, missing: Sequence[str]) -> str:
    """One friendly question for what is missing, with the choices where there are any.

    v0.1's clients recognise a clarification by its opening; "Could" is one of those.
    """
    known = {parameter.name: parameter for parameter in tool.parameters}
    asked = [_asked(known.get(name) or Parameter(name)) for name in missing]
    listed = asked[0] if len(asked) == 1 else f"{', '.join(asked[:-1])} and {asked[-1]}"
    return f"Could you please tell me {listed}?"


def _asked(parameter: Parameter) -> str:
    words = f"the {humanized(parameter.name)}"
    choices = [str(choice) for choice in parameter.enum]
    if not choices or len(choices) > 6:
        return words
    listed = choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
    return f"{words} ({listed})"


def _errors(model: str) -> ErrorBody:
    def body(error: ServerError, _request_id: str) -> Any:
        return {"error": f"[{model}] - {error.message}"}

    return body


class _UnknownTask(ServerError):
    """v0.1 answers an unknown task with 500; clients check for that status."""

    code = "unknown_task"


class _Face:
    def __init__(self, warm: Callable[[], Service], limits: Limits) -> None:
        self._warm = warm
        self._limits = limits

    async def function_calling(self, body: Any) -> Any:
        request = parse_decide(_v01_messages(body), self._limits)
        answer = await self._warm().decide(_without_guard(request))
        if answer.intent.name is None or not answer.calls:
            latency = answer.timings_ms.get("intent", answer.timings_ms["targets"])
            return {"result": "No intent matched", "intent_latency": latency}
        message = _v01_message(answer, request)
        return {
            "id": 0,
            "object": "chat_completion",
            "created": "",
            "choices": [{"id": 0, "message": message, "finish_reason": "stop"}],
            "model": "Arch-Function",
            "metadata": _metadata(answer, request),
        }

    async def chat_completions(self, body: Any) -> Any:
        request = parse_decide(_v01_messages(body), self._limits)
        answer = await self._warm().decide(_without_guard(request))
        message = _v01_message(answer, request) if answer.calls else {"content": ""}
        calls = message.get("tool_calls")
        return {
            "id": f"chatcmpl-{random.getrandbits(64):016x}",
            "object": "chat.completion",
            "created": int(time.time()),  # noqa: TID251 - the wall clock is the field's meaning
            "model": "Arch-Function",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": message["content"],
                        **({"tool_calls": calls} if calls else {}),
                    },
                    "finish_reason": "tool_calls" if calls else "stop",
                }
            ],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }

    async def guardrails(self, body: Any) -> Any:
        reader = Reader(body, self._limits)
        text = reader.text(reader.body.get("input"), "input")
        reader.finish()
        task = reader.body.get("task")
        if task != "jailbreak":
            raise _UnknownTask(f"{str(task)[:64]} is not supported!")
        began = time.perf_counter()
        found = await self._chunks(text, toxic=False)
        seconds = time.perf_counter() - began
        response = {
            "prob": [score for score, _ in found.shown],
            "verdict": found.verdict,
            "sentence": [sentence for _, sentence in found.shown],
            "latency": seconds,
        }
        return {"response": response, "guard_latency": round(seconds * 1000, 3)}

    async def guard(self, body: Any) -> Any:
        reader = Reader(body, self._limits)
        text = reader.text(reader.body.get("input"), "input")
        task = reader.body.get("task")
        if task not in ("jailbreak", "toxic", "both"):
            reader.wrong("task", "must be jailbreak, toxic or both")
        reader.finish()
        began = time.perf_counter()
        answer: dict[str, Any] = {}
        for name in ("jailbreak", "toxic") if task == "both" else (str(task),):
            found = await self._chunks(text, toxic=name == "toxic")
            lists = len(text.split()) >= CHUNK_WORDS
            scores = [score for score, _ in found.shown]
            sentences = [sentence for _, sentence in found.shown]
            answer |= {
                f"{name}_prob": scores if lists else scores[0],
                f"{name}_verdict": found.verdict,
                f"{name}_sentence": sentences if lists else sentences[0],
            }
        return answer | {"time": time.perf_counter() - began}

    async def zeroshot(self, body: Any) -> Any:
        reader = Reader(body, self._limits)
        text = reader.text(reader.body.get("input"), "input")
        labels = reader.items("labels", self._limits.tools)
        if not labels or not all(isinstance(label, str) and label.strip() for label in labels):
            reader.wrong("labels", "must be a list of texts, and not empty")
        reader.finish()
        tools = tuple(Tool(label, label) for label in dict.fromkeys(labels))
        decision = await self._warm().intent(_question(text, tools))
        scores = dict.fromkeys(labels, 0.0)
        scores |= {item.name: item.score for item in decision.intent.ranking}
        best = max(scores, key=lambda label: scores[label])
        return {
            "predicted_class": best,
            "predicted_class_score": scores[best],
            "scores": scores,
            "model": reader.body.get("model"),
        }

    async def hallucination(self, body: Any) -> Any:
        reader = Reader(body, self._limits)
        prompt = reader.text(reader.body.get("prompt"), "prompt")
        parameters = reader.body.get("parameters")
        if not isinstance(parameters, dict):
            reader.wrong("parameters", "must be an object of names and values")
        reader.finish()
        scores = {name: _said(value, prompt) for name, value in (parameters or {}).items()}
        return {"params_scores": scores, "model": reader.body.get("model")}

    async def embeddings(self, body: Any) -> Any:
        reader = Reader(body, self._limits)
        value = reader.body.get("input")
        inputs = value if isinstance(value, list) else [value]
        texts = [reader.text(text, f"input.{index}") for index, text in enumerate(inputs)]
        if len(texts) > self._limits.texts:
            reader.wrong("input", f"{len(texts)} texts, the limit is {self._limits.texts}")
        reader.finish()
        vectors = await self._warm().embed(texts)
        return {
            "object": "list",
            "model": reader.body.get("model"),
            "data": [
                {"object": "embedding", "embedding": vector, "index": index}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": 0, "total_tokens": 0},
        }

    async def _chunks(self, text: str, *, toxic: bool) -> _Found:
        """The verdict on a text, and as v0.1 shows it: whole, or the chunks of 300 words."""
        service = self._warm()
        if toxic and not service.knows_toxicity:
            raise NotSupported("The loaded guard has no label for toxicity.")
        words = text.split()
        chunks = [
            " ".join(words[start : start + CHUNK_WORDS])
            for start in range(0, len(words), CHUNK_WORDS)
        ]
        long = len(words) >= CHUNK_WORDS
        results = (await service.guard([text, *(chunks if long else [])])).results
        scores = [(one.toxicity or 0.0) if toxic else one.score for one in results]
        hits = [
            score >= 0.5 if toxic else one.attack
            for score, one in zip(scores, results, strict=True)
        ]
        if not long:
            return _Found(hits[0], ((scores[0], text if hits[0] else None),))
        shown = tuple(
            (score, chunk)
            for score, chunk, hit in zip(scores[1:], chunks, hits[1:], strict=True)
            if hit
        )
        # An attack across the border of two chunks shows in the whole text alone.
        return _Found(any(hits), shown or (((scores[0], text),) if hits[0] else ()))


@dataclass(frozen=True, slots=True)
class _Found:
    """A verdict, and the scores and sentences v0.1 would list with it."""

    verdict: bool
    shown: tuple[tuple[float, str | None], ...]


def _v01_messages(body: Any) -> Any:
    """v0.1 takes null and absent content and role; ours are strict."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return body
    messages = [
        {**item, "content": item.get("content") or "", "role": item.get("role") or "user"}
        if isinstance(item, dict)
        else item
        for item in body["messages"]
    ]
    return {**body, "messages": messages}


def _without_guard(request: Decide) -> Decide:
    return replace(request, guard=False, guard_threshold=None)


def _question(text: str, tools: tuple[Tool, ...]) -> Decide:
    return Decide((Turn("user", text),), tools, False, None, None, None, None)


def _v01_message(answer: schema.DecideResponse, request: Decide) -> dict[str, Any]:
    """Tool calls, or the question for what the first incomplete call lacks."""
    tools = {tool.name: tool for tool in request.tools}
    for call in answer.calls:
        if call.missing:
            question = clarifying_question(tools[call.name], call.missing)
            return {"role": "", "content": question, "tool_call_id": "", "tool_calls": []}
    calls = [
        {
            "id": f"call_{random.randint(1000, 10000)}",  # noqa: S311 - a label, no secret
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in answer.calls
    ]
    return {"role": "", "content": "", "tool_call_id": "", "tool_calls": calls}


def _metadata(answer: schema.DecideResponse, request: Decide) -> Mapping[str, str]:
    """v0.1 reads every value as text."""
    asks = any(call.missing for call in answer.calls)
    doubts = {
        name: round(1 - item.confidence, 4)
        for call in answer.calls
        for name, item in call.evidence.items()
    }
    timings = answer.timings_ms
    return {
        "intent_latency": str(timings.get("intent", timings["targets"])),
        "function_latency": str(timings.get("functions", timings["targets"])),
        "hallucination": str(_invented(answer, request)),
        "tokens_uncertainty": orjson.dumps(doubts).decode(),
        "prompt_prefilling": str(asks),
    }


def _invented(answer: schema.DecideResponse, request: Decide) -> bool:
    """Whether an argument without evidence, as a remote server gives them, was never said."""
    conversation = "\n".join(turn.content for turn in request.turns)
    return any(
        _said(value, conversation) < LEAST_SAID
        for call in answer.calls
        for name, value in call.arguments.items()
        if name not in call.evidence
    )


def _said(value: Any, prompt: str) -> float:
    """1 when the prompt says the value, 0 when it does not, between for parts of it.

    Of a very long value its beginning counts: every word is looked for in all of the prompt.
    """
    wanted = str(value).casefold()[:LONGEST]
    words = wanted.split()
    said = prompt.casefold()
    if not words or wanted in said:
        return 1.0
    return sum(word in said for word in words) / len(words)
