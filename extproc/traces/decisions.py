"""The spans of one decision, made of its record and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from extproc.traces.building import INTERNAL, SERVER, Made, Value
from extproc.traces.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NANOSECONDS: Final = 1_000_000
"""Of a millisecond."""

# Who in the models' answer tells how long each took. They run side by side; where the model server
# does not say, all of them took as long as its answer.
_TARGET_MODELS: Final = ("targets", "remote")

_BAD_STATUS: Final = 400
_LONGEST: Final = 16_384
"""Characters of a text: what a collector takes in one message has an end, too."""

Attributes = dict[str, Value | None]


def spans(record: Mapping[str, Any], here: Context, ended: int, *, content: bool) -> list[Made]:
    """`here` is the span of the whole decision, which ended then. Texts only with `content`."""
    return list(_Decision(record, here, ended, content).spans())


@dataclass(frozen=True, slots=True)
class _Decision:
    record: Mapping[str, Any]
    here: Context
    ended: int
    content: bool

    @property
    def began(self) -> int:
        took: float = self.record["ms"]
        return self.ended - round(took * _NANOSECONDS)

    def spans(self) -> Iterator[Made]:
        record = self.record
        yield Made(
            "archgw.prompt", self.here, self.began, self.ended, SERVER, self._whole(),
            failed=record["outcome"] == "failed",
        )  # fmt: skip
        yield from self._judged()
        yield from self._chosen()
        yield from self._called()

    def _whole(self) -> Attributes:
        record = self.record
        error = record["error"]
        found: Attributes = {
            "archgw.outcome": record["outcome"],
            "archgw.request_id": record["id"],
            "archgw.generation": record["generation"],
            "archgw.client": record["client"],
            "archgw.stream": record["stream"],
            "archgw.messages": record["messages"],
            "error.type": error["code"] if error else None,
        }
        if self.content and record["prompt"]:
            said = {
                "role": "user",
                "parts": [{"type": "text", "content": record["prompt"]["text"]}],
            }
            found["gen_ai.input.messages"] = _shown([said])
        return found

    def _judged(self) -> Iterator[Made]:
        if guard := self.record["guard"]:
            yield self._by_models(
                "archgw.guard",
                ("guard",),
                {
                    "archgw.guard.verdict": guard["verdict"],
                    "archgw.guard.score": float(guard["score"]),
                    "archgw.guard.view": guard["view"],
                    "archgw.guard.toxicity": guard["toxicity"],
                    "archgw.guard.refused_by": guard["refused_by"],
                },
            )
        if self.record["apis"]:
            yield from self._stage("archgw.guard of answers", "guard of answers", {})

    def _chosen(self) -> Iterator[Made]:
        record = self.record
        if intent := record["intent"]:
            ranking = intent["ranking"]
            yield self._by_models(
                "archgw.intent",
                _TARGET_MODELS,
                {
                    "archgw.intent.target": intent["name"],
                    "archgw.intent.score": float(intent["score"]),
                    "archgw.intent.threshold": float(intent["threshold"]),
                    "archgw.intent.margin": intent["margin"],
                    "archgw.intent.best": ranking[0]["name"] if ranking else None,
                    "archgw.intent.runner_up": ranking[1]["name"] if len(ranking) > 1 else None,
                },
            )
        if record["calls"]:
            asked = record["asked"] or {"for": None, "parameters": []}
            yield from self._stage("archgw.parameters", "parameters", self._parameters(asked))
            told: Attributes = {
                "archgw.confirm.asked": asked["for"] == "confirm",
                "archgw.confirm.given": record["confirmed"],
            }
            yield from self._stage("archgw.confirm", "confirm", told)

    def _parameters(self, asked: Mapping[str, Any]) -> Attributes:
        calls = self.record["calls"]
        known = [f"{call['target']}.{each['name']}" for call in calls for each in call["arguments"]]
        return {
            "archgw.parameters.targets": [call["target"] for call in calls],
            "archgw.parameters.known": known,
            "archgw.parameters.asked": list(asked["parameters"]),
            "archgw.parameters.confidence": min(float(call["confidence"]) for call in calls),
        }

    def _called(self) -> Iterator[Made]:
        for sent in self.record["apis"]:
            if not sent["span"]:
                continue
            context = Context(self.here.trace, sent["span"], sampled=True, parent=self.here.span)
            bad = _error_of(sent)
            attributes: Attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": sent["target"],
                "gen_ai.tool.type": "function",
                "http.request.method": sent["method"],
                "url.template": sent["path"],
                "archgw.upstream": sent["upstream"],
                "http.response.status_code": sent["status"],
                "error.type": bad,
                "gen_ai.tool.call.arguments": self._arguments(sent["target"]),
            }
            begin = self._at(sent["from_ms"])
            yield Made(
                f"execute_tool {sent['target']}", context, begin,
                begin + round(sent["ms"] * _NANOSECONDS), INTERNAL, attributes, failed=bool(bad),
            )  # fmt: skip

    def _arguments(self, target: str) -> str | None:
        alike = [call for call in self.record["calls"] if call["target"] == target]
        if not self.content or len(alike) != 1:
            return None
        values = {each["name"]: each["value"] for each in alike[0]["arguments"]}
        return _shown(values)

    def _by_models(self, name: str, timings: tuple[str, ...], attributes: Attributes) -> Made:
        asked = next(each for each in self.record["stages"] if each["name"] == "models")
        told = self.record["models_ms"]
        took = next((told[each] for each in timings if each in told), asked["ms"])
        begin = self._at(asked["from_ms"])
        end = begin + round(min(took, asked["ms"]) * _NANOSECONDS)
        return Made(name, self.here.child(), begin, end, INTERNAL, attributes)

    def _stage(self, name: str, stage: str, attributes: Attributes) -> Iterator[Made]:
        for each in self.record["stages"]:
            if each["name"] == stage:
                begin = self._at(each["from_ms"])
                end = begin + round(each["ms"] * _NANOSECONDS)
                yield Made(name, self.here.child(), begin, end, INTERNAL, attributes)

    def _at(self, since_ms: float) -> int:
        return self.began + round(since_ms * _NANOSECONDS)


def _error_of(sent: Mapping[str, Any]) -> str | None:
    if sent["failed"]:
        return str(sent["failed"])
    if sent["status"] is None:
        return "cancelled"  # the client left before the answer
    return str(sent["status"]) if sent["status"] >= _BAD_STATUS else None


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:_LONGEST]
