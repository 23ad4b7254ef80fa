"""From a request to a decision: the passes of intent and parameters, strung together.

The passes need a model, which is handed in as a `Runner`; this file has no session of its
own. One row shows the candidates with all their parameters and answers both who is meant
and with which values. With many or large tools a short pass comes first that embeds the
conversation and picks the candidates.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from modelserver.tasks import types
from modelserver.tasks.gloss import dictionary, glossing, wishing
from modelserver.tasks.targets import (
    answered,
    by_clause,
    continued,
    corrections,
    counted_on,
    functions,
    intent,
    mended,
    negated,
    own_words,
    second_look,
    values_alone,
    wording,
)
from modelserver.tasks.targets.layout import Layout, Layouts
from modelserver.tasks.types import (
    UNTOLD,
    Call,
    Decision,
    IntentAnswer,
    Message,
    Occasion,
    Output,
    Ranked,
    Request,
    Runner,
)  # fmt: skip
from modelserver.tasks.values import languages
from modelserver.tokenization import Tokenizer

if TYPE_CHECKING:
    from modelserver.schema import Tool

CACHED_TOOLS = 8192
_FEW_WORDS = 4


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tools of a request that are worth a closer look, by number, with their nearness."""

    numbers: tuple[int, ...]
    nearness: Mapping[int, float] = field(default_factory=dict)


class Targets:
    """The intent and parameters tasks of one model."""

    def __init__(
        self, tokenizer: Tokenizer, intents: intent.Settings | None = None,
        values: functions.Settings | None = None, second: second_look.Settings | None = None,
    ) -> None:  # fmt: skip
        layouts = Layouts(tokenizer)
        self.second = second_look.SecondLook(layouts, second) if second else None
        self.intent = intent.Intent(layouts, intents)
        self.functions = functions.Functions(layouts, values)
        self._embeddings: LRUCache[str, intent.Vector] = LRUCache(CACHED_TOOLS)

    @property
    def confirm_below(self) -> float:
        """A call that changes something and is less sure than this is to be asked back."""
        return self.functions.settings.confirm_below

    @classmethod
    def load(cls, folder: Path) -> Targets:
        """The tasks as calibrated for the model in a folder."""
        config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        for language in dictionary.GLOSSED:
            dictionary.dictionary(language)  # Read now: no request is to wait for it.
        return cls(
            Tokenizer.load(folder / "tokenizer.json"),
            intent.Settings(**config["intent"]), functions.Settings(**config["functions"]),
            second_look.Settings(**config["second_look"]) if "second_look" in config else None,
        )  # fmt: skip

    async def decide(self, request: Request, run: Runner) -> Decision:
        """Intent, and the calls of every tool that is wanted."""
        if not request.tools or not request.messages:
            return Decision(self._nothing(request))
        request = replace(request, messages=glossing.glossed(request.messages, request.tools))
        decision = await self._decide(request, run)
        calls: Iterable[Call] = _guessed(decision.calls, request)
        if not wishing.is_plain(request.messages):
            calls = (_less_sure(call, self.confirm_below / 2) for call in calls)
        return replace(decision, calls=tuple(_as_said(each, request.messages) for each in calls))

    async def _decide(self, request: Request, run: Runner) -> Decision:
        (whole,) = await self._read([request], run)
        whole = await self._answered(request, whole, run)
        whole = _in_their_month(await self._continued(request, whole, run), request)
        whole = await self._mended(request, whole, run)
        whole = await self._values_alone(request, whole, run)
        apart = await self._by_clause(request, whole, run)
        return _with_refused(apart or await self._again(request, whole, run), request)

    async def calls(
        self, messages: Sequence[Message], tools: Sequence[Tool], run: Runner, max_calls: int = 8
    ) -> tuple[Call, ...]:
        """The calls of tools that are known to be wanted."""
        if not tools or not messages:
            return ()
        messages = glossing.glossed(messages, tools)
        calls = (await self._calls(messages, tools, run, UNTOLD))[:max_calls]
        return tuple(_as_said(call, messages) for call in calls)

    async def _calls(
        self, messages: Sequence[Message], tools: Sequence[Tool], run: Runner, occasion: Occasion
    ) -> tuple[Call, ...]:
        layouts = self.functions.encode(messages, tools)
        outputs = await run([layout.row for layout in layouts])
        wanted = range(len(tools))
        return self.functions.decode(messages, tools, layouts, outputs, wanted, occasion=occasion)

    async def _read(
        self, requests: Sequence[Request], run: Runner,
        words: Callable[[Sequence[Tool]], Mapping[str, Sequence[str]]] = mended.of_choices,
    ) -> list[Decision]:  # fmt: skip
        """The decision for each request, of which all rows are run together.

        The model is shown these words right where the last message misspells them.
        """
        shown = [mended.shown(each.messages, words(each.tools)) for each in requests]
        chosen = await asyncio.gather(
            *(
                self.candidates(each.messages, request.tools, run)
                for request, each in zip(requests, shown, strict=True)
            )
        )
        layouts = [
            [
                each.placed(layout)
                for layout in self.functions.encode(
                    each.messages, [request.tools[n] for n in candidates.numbers]
                )
            ]
            for request, each, candidates in zip(requests, shown, chosen, strict=True)
        ]
        outputs = iter(await run([layout.row for many in layouts for layout in many]))
        return [
            self._decision(each, candidates, many, [next(outputs) for _ in many])
            for each, candidates, many in zip(requests, chosen, layouts, strict=True)
        ]

    async def _mended(self, request: Request, whole: Decision, run: Runner) -> Decision:
        """The decision, where nothing is wanted, of the message with its slips mended, as a guess."""
        if whole.intent.name is not None:
            return whole
        plain = mended.shown(request.messages, mended.of_choices(request.tools))
        more = mended.shown(request.messages, mended.of_everything(request.tools))
        if plain.words == more.words:
            return whole
        (found,) = await self._read([request], run, mended.of_everything)
        calls = (replace(call, confidence=wording.UNSAID) for call in found.calls)
        return replace(found, calls=tuple(calls))

    async def _values_alone(self, request: Request, whole: Decision, run: Runner) -> Decision:
        """The decision, where a message of values alone lacks some, of the one tool that takes them."""
        newest = types.newest(request.messages)
        spoken = any(each.role == "user" for each in request.messages[:newest])
        if spoken or any(not call.missing for call in whole.calls):
            return whole
        tool = values_alone.meant(request.messages[newest].content, request.tools)
        if tool is None:
            return whole
        calls = await self._calls(request.messages, [tool], run, request.occasion)
        if len(calls) != 1 or calls[0].missing:
            return whole
        intent = replace(
            whole.intent, name=tool.name,
            ranking=(Ranked(tool.name, whole.intent.threshold), *(
                each for each in whole.intent.ranking if each.name != tool.name
            )),
        )  # fmt: skip
        return Decision(intent, (replace(calls[0], confidence=wording.UNSAID),))

    async def _answered(self, request: Request, whole: Decision, run: Runner) -> Decision:
        """The decision with what our question was about, where the last message answers that."""
        asked = answered.earlier(request, whole.calls)
        if asked is None:
            return whole if whole.calls else await self._answered_late(request, whole, run)
        (before,) = await self._read([asked], run)
        anew = not whole.calls
        if len(before.calls) != 1 or not (anew or whole.calls[0].name == before.calls[0].name):
            return whole
        (wish,) = before.calls
        (tool,) = (each for each in request.tools if each.name == wish.name)
        calls = whole.calls
        if anew:
            calls = await self._calls(request.messages, [tool], run, request.occasion)
        if len(calls) != 1:
            return whole
        call = answered.with_reply(calls[0], tool, request.messages, request.occasion)
        if call is None:
            return whole
        call = continued.with_unsaid(
            call, wish, tool, request.messages, request.occasion, anew=anew
        )
        if not anew:
            return replace(whole, calls=(call,))
        if not answered.is_plain(request.messages[-1].content):
            call = replace(call, confidence=wording.UNSAID)
        return Decision(before.intent, (call,))

    async def _answered_late(self, request: Request, whole: Decision, run: Runner) -> Decision:
        """The decision with what our question was about, where something else was asked meanwhile.

        Whatever it says, it is a guess; and none where the question was answered before.
        """
        put_off = answered.put_off(request)
        if put_off is None:
            return whole
        before, replied = await self._read(put_off, run)
        if len(before.calls) != 1 or any(not call.missing for call in replied.calls):
            return whole
        (wish,) = before.calls
        (tool,) = (each for each in request.tools if each.name == wish.name)
        calls = await self._calls(request.messages, [tool], run, request.occasion)
        if len(calls) != 1:
            return whole
        told = request.messages, request.occasion
        call = answered.with_reply(calls[0], tool, *told)
        if call is None:
            return whole
        call = continued.with_unsaid(call, wish, tool, *told, anew=True)
        return Decision(before.intent, (replace(call, confidence=wording.UNSAID),))

    async def _continued(self, request: Request, whole: Decision, run: Runner) -> Decision:
        """The decision with what the wish before says, where the last message goes on with that."""
        tools = {tool.name: tool for tool in request.tools}
        newest = types.newest(request.messages)
        text = request.messages[newest].content
        calls = whole.calls
        # A few words that complete what we asked about put nothing right: "200 litres, sorry".
        answers = (
            newest > 0 and request.messages[newest - 1].ours and len(text.split()) <= _FEW_WORDS
            and bool(calls) and not calls[0].missing
        )  # fmt: skip
        corrects = not answers and corrections.is_one(text)
        full = bool(calls) and _is_full(calls[0], tools[calls[0].name])
        if len(calls) > 1 or (full and not wording.is_same(text) and not corrects):
            return whole
        before, near = await self._wish_before(continued.earlier(request), run)
        if before is None or (calls and calls[0].name != before.calls[0].name):
            return whole
        if calls and not (near or corrects or calls[0].missing):
            return whole
        (wish,) = before.calls
        tool, anew = tools[wish.name], whole.intent.name is None
        if corrects:
            right = corrections.put_right(wish, tool, request.messages, newest, request.occasion)
            if right is not None:
                return _instead(before, replace(right, confidence=wording.UNSAID))
            if full or request.messages[newest - 1].ours:
                return whole
        if anew:
            calls = await self._calls(request.messages, [tool], run, request.occasion)
        calls = tuple(
            continued.with_unsaid(each, wish, tool, request.messages, request.occasion, anew=anew)
            for each in calls
        )
        if not anew:
            return replace(whole, calls=calls)
        if len(calls) != 1 or not continued.is_it(calls[0], wish, request.messages, tool):
            return whole
        sure = near and continued.is_plain(calls[0], request.messages, tool)
        return _instead(before, calls[0] if sure else _less_sure(calls[0], wording.UNSAID))

    async def _wish_before(
        self, asked: Sequence[Request], run: Runner
    ) -> tuple[Decision | None, bool]:
        """The newest of these decisions that wants anything, if that is one call; is it the first?

        Mostly it is; only where that wants nothing are the others read.
        """
        for near, many in ((True, asked[:1]), (False, asked[1:])):
            for found in await self._read(many, run) if many else ():
                if found.calls:
                    return (found if len(found.calls) == 1 else None), near
        return None, False

    async def _by_clause(self, request: Request, whole: Decision, run: Runner) -> Decision | None:
        """The decision by the message's clauses, where each of them is a wish by itself."""
        tools = {tool.name: tool for tool in request.tools}
        readings: Sequence[by_clause.Reading] = ()
        asked: list[Request] = []
        decisions: list[Decision] = []
        for readings in by_clause.to_read(request.messages, tools, whole.calls):
            asked = [self._asked(request, whole, reading) for reading in readings]
            decisions = await self._read(asked, run)
            if not any(decision.intent.name for decision in decisions):
                return by_clause.pointed_back(request.messages, whole)
        standing = by_clause.standing(readings, decisions, whole.calls)
        if not standing:
            return by_clause.pointed_back(request.messages, whole)
        looked = await asyncio.gather(
            *(self._again(asked[number], decisions[number], run) for number in standing)
        )
        own = [readings[number] for number in standing]
        decision = by_clause.together(whole, list(zip(own, looked, strict=True)))
        return replace(decision, calls=decision.calls[: request.max_calls])

    def _asked(self, request: Request, whole: Decision, reading: by_clause.Reading) -> Request:
        """The request that a clause is by itself."""
        text, *_ = request.messages[reading.message].said(0, 0)
        # Where the message as a whole wants nothing, its clauses have to want it the more.
        limit = whole.intent.threshold
        if whole.intent.name is None:
            limit = max(limit, self.intent.settings.further)
        language = languages.guessed(text) or request.occasion.language
        return replace(
            request, messages=reading.conversation(request.messages), threshold=limit,
            occasion=replace(request.occasion, language=language),
        )  # fmt: skip

    def _decision(
        self, request: Request, chosen: Candidates, layouts: Sequence[Layout],
        outputs: Sequence[Output],
    ) -> Decision:  # fmt: skip
        tools = [request.tools[number] for number in chosen.numbers]
        near = {k: chosen.nearness[n] for k, n in enumerate(chosen.numbers) if n in chosen.nearness}
        scores = self.intent.scores(layouts, outputs, near)
        answer = self.intent.answer(tools, scores, request.threshold)
        wanted = self.intent.wanted(scores, request.threshold)
        calls = self.functions.decode(
            request.messages, tools, layouts, outputs, wanted, occasion=request.occasion
        )
        calls = own_words.with_own_words(calls, answer.name, request.messages)
        if calls and answer.name not in {call.name for call in calls}:
            answer = replace(answer, name=calls[0].name)
        return Decision(answer, calls[: request.max_calls])

    async def _again(self, request: Request, decision: Decision, run: Runner) -> Decision:
        """The decision after a second look at its calls, by a model that has learnt to."""
        if self.second is None or all(call.missing for call in decision.calls):
            return decision
        tools = {tool.name: tool for tool in request.tools}
        looks = self.second.encode(request.messages, decision.calls, tools)
        outputs = await run([layout.row for layout in looks.layouts])
        calls = self.second.decode(decision.calls, looks, outputs)
        best = calls[0].name if calls else None
        named = {call.name for call in calls}
        answer = decision.intent
        if answer.name not in named:
            answer = replace(answer, name=best)
        return Decision(answer, calls)

    async def candidates(
        self, messages: Sequence[Message], tools: Sequence[Tool], run: Runner
    ) -> Candidates:
        """The tools worth a closer look: all of a few, else the nearest ones."""
        if self.intent.all_fit(tools):
            return Candidates(tuple(range(len(tools))))
        keys = [_text(tool) for tool in tools]
        # Taken before the model runs: meanwhile other requests may push some out.
        known = {key: self._embeddings[key] for key in keys if key in self._embeddings}
        new = {key: tool for key, tool in zip(keys, tools, strict=True) if key not in known}
        rows = [self.intent.embed_tool(tool) for tool in new.values()]
        talk, *rest = await run([self.intent.embed_conversation(messages), *rows])
        known |= {key: output["embedding"] for key, output in zip(new, rest, strict=True)}
        self._embeddings.update(known)
        nearness = [float(known[key] @ talk["embedding"]) for key in keys]
        numbers = self.intent.shortlist(tools, nearness)
        return Candidates(numbers, {number: nearness[number] for number in numbers})

    def _nothing(self, request: Request) -> IntentAnswer:
        limit = self.intent.settings.threshold if request.threshold is None else request.threshold
        return IntentAnswer(None, 0.0, (), limit)


def _instead(before: Decision, call: Call) -> Decision:
    """The decision for the wish before, with the call that it is now."""
    others = (each for each in before.intent.ranking if each.name != call.name)
    ranking = (Ranked(call.name, before.intent.score), *others)
    return Decision(replace(before.intent, name=call.name, ranking=ranking), (call,))


def _is_full(call: Call, tool: Tool) -> bool:
    """Whether the last message says all there is to say."""
    return len(call.arguments) == len(tool.parameters)


def _in_their_month(decision: Decision, request: Request) -> Decision:
    tools = {tool.name: tool for tool in request.tools}
    calls = []
    for call in decision.calls:
        told = tools[call.name], request.messages, request.occasion
        right = continued.in_the_month_spoken_of(corrections.carried(call, *told), *told)
        calls.append(counted_on.from_there(right, *told))
    return replace(decision, calls=tuple(calls))


def _guessed(calls: Iterable[Call], request: Request) -> Iterator[Call]:
    """The calls, as guesses where what was asked for is no more found in the reply."""
    tools = {tool.name: tool for tool in request.tools}
    for call in calls:
        guess = answered.found_before(call, tools[call.name], request.messages)
        yield _less_sure(call, wording.UNSAID) if guess else call


def _less_sure(call: Call, most: float) -> Call:
    sure = most if call.confidence is None else min(call.confidence, most)
    return replace(call, confidence=sure)


def _as_said(call: Call, messages: Sequence[Message]) -> Call:
    """The call with its evidence where it was said, if that was in another language."""
    if not any(each.origin for each in messages):
        return call
    evidence = {}
    for name, own in call.evidence.items():
        text, start, end = messages[own.message].said(own.start, own.end)
        said = text[start:end]
        english = own.text if own.text != said else ""
        evidence[name] = replace(own, start=start, end=end, text=said, english=english)
    newest = messages[types.newest(messages)]
    clause = call.clause and newest.said(*call.clause)[1:]
    refused = tuple(newest.said(*span)[1:] for span in call.refused)
    return replace(call, evidence=evidence, clause=clause, refused=refused)


def _with_refused(decision: Decision, request: Request) -> Decision:
    """The decision with what the last message says not to take instead."""
    tools = {tool.name: tool for tool in request.tools}
    newest = types.newest(request.messages)
    text = request.messages[newest].content
    calls = (
        replace(call, refused=negated.stretches(tools[call.name], call, text, newest))
        for call in decision.calls
    )
    return replace(decision, calls=tuple(calls))


def _text(tool: Tool) -> str:
    """What a tool's embedding depends on."""
    return "\n".join((tool.name, tool.description, *(p.name for p in tool.parameters)))
