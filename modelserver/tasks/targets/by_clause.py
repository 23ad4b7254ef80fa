"""A message that holds several wishes is read clause by clause, where each stands by itself.

A model that reads "move 5 from A to B and 7 from C to D" in one go mixes the values of the two.
So each clause is read alone as well, and one that leaves out its beginning ("7 from C to D")
behind the words that the clause before begins with. The clauses' calls take the place of those
of the whole message where every clause says one sure and complete call in its own words.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks import types
from modelserver.tasks.targets import listed, mentions
from modelserver.tasks.targets.clauses import Clause, codes, missing_opening, split, words
from modelserver.tasks.targets.layout import options
from modelserver.tasks.types import Decision, Ranked
from modelserver.tasks.values import particles
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Call, Evidence, Message

MOST_CLAUSES = 4
_INSTEAD: Final = re.compile(
    rf"(?<!\w)(?:{every(particles.INSTEAD)}|just|only|nur|seulement|solo|sólo|só|alleen)(?!\w)",
    re.IGNORECASE,
)
# Where the two of a pair are said, the parts are one wish: "from Aston, to Corvo".
_JOINS: Final = re.compile(r"(?<!\w)(?:from|to|into|instead|not|no)(?!\w)", re.IGNORECASE)
# "4 rolls to A01 and 9 to A02": what the first number counts, the further ones count, too.
_COUNTED: Final = re.compile(
    r"\d+\s(?P<kind>(?!(?:to|for|at|on|in|from|by|of|and)\b)[^\W\d_]{3,})(?!\w)"
)
_POINTS_BACK: Final = re.compile(r"(?<!\w)(?:it|them|him|her|that one|those)(?!\w)", re.IGNORECASE)
_ARTICLES: Final = words(particles.every(particles.ARTICLE))


@dataclass(frozen=True, slots=True)
class Reading:
    """A clause as it is read: alone, or behind the opening that it may have left out."""

    message: int
    clause: Clause
    opening: str = ""
    known: frozenset[str] = frozenset()
    """Words that begin no wish of their own: those of the opening, and articles."""

    def conversation(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The conversation with the clause as all that its message says."""
        whole = messages[self.message]
        moved = len(self.opening) - self.clause.start
        said = replace(
            whole, content=self.opening + self.clause.text,
            origin=whole.origin and replace(whole.origin, shift=moved),
        )  # fmt: skip
        return (*messages[: self.message], said, *messages[self.message + 1 :])

    def call(self, decision: Decision) -> Call | None:
        """The one call that the clause says by itself, with its evidence in the whole message."""
        if decision.intent.name is None or len(decision.calls) != 1:
            return None
        (call,) = decision.calls
        if call.missing or call.unusable or not call.evidence:
            return None
        own = {name: self._placed(evidence) for name, evidence in call.evidence.items()}
        if any(e.message != self.message or not self.clause.holds(e) for e in own.values()):
            return None
        return replace(call, evidence=own, clause=(self.clause.start, self.clause.end))

    def fits(self, call: Call) -> bool:
        """Whether the clause leaves its opening out, as this reading takes it, or has its own."""
        first = min(evidence.start for evidence in call.evidence.values())
        head = words(self.clause.text[: first - self.clause.start])
        if not head and not self.known:
            return True  # Nothing to leave out: "TV off, lamp on".
        return (head <= self.known) == bool(self.opening)

    def _placed(self, evidence: Evidence) -> Evidence:
        if evidence.message != self.message:
            return evidence
        shift = self.clause.start - len(self.opening)
        return replace(evidence, start=evidence.start + shift, end=evidence.end + shift)


def to_read(
    messages: Sequence[Message], tools: Mapping[str, Tool], whole: Sequence[Call]
) -> list[list[Reading]]:
    """The readings that a message is worth, whose calls as a whole these are.

    They are read one list after the other, as long as any of a list wants something: what seems
    small talk beside a wish is read first.
    """
    newest = types.newest(messages)
    text = messages[newest].content
    said = [
        (part, bool(options(parameter)))
        for call in whole
        for parameter in tools[call.name].parameters
        if (evidence := call.evidence.get(parameter.name)) and evidence.message == newest
        for part in _rows(parameter, evidence, call.arguments.get(parameter.name))
    ]
    spans = [evidence for evidence, is_choice in said if not is_choice]
    found = split(text)
    if len(found) == 1:
        found = _by_choices(text, tools.values()) or found
    found = _unbroken(text, found, spans)
    if not 1 < len(found) <= MOST_CLAUSES:
        return []
    seen = [*codes(text), *_choices(text, tools.values())]
    complete = len(whole) == 1 and not whole[0].missing
    if complete and _is_one([evidence for evidence, _ in said], found, seen):
        return []
    places = {*seen, *(evidence.start for evidence, _ in said)}
    silent = [each for each in found if not any(each.start <= at < each.end for at in places)]
    if len(silent) == len(found):
        return []
    every = list(_readings(newest, found, [*(evidence.start for evidence in spans), *seen]))
    if len(found) - len(silent) > 1:
        return [every]
    return [[Reading(newest, clause) for clause in silent], every]


def _rows(parameter: Parameter, evidence: Evidence, value: Any) -> list[Evidence]:
    """The evidence; of a list whose items stand apart, that of each by itself.

    Of "renew L6054 for two weeks and reserve 745120" the two items are no one list.
    """
    if not isinstance(value, list):
        return [evidence]
    said = [str(item) for item in value]
    places = sorted((evidence.text.find(item), len(item)) for item in said)
    spans = [(start, start + length) for start, length in places]
    apart = spans[0][0] >= 0 and not all(
        listed.are_joined(parameter, evidence.text[end:start])
        for (_, end), (start, _) in itertools.pairwise(spans)
    )
    if not apart:
        return [evidence]
    return [
        replace(
            evidence, start=evidence.start + start, end=evidence.start + end,
            text=evidence.text[start:end],
        )
        for start, end in spans
    ]  # fmt: skip


def _by_choices(text: str, tools: Iterable[Tool]) -> list[Clause]:
    """The parts between commas, where each says a choice of one parameter: "TV off, radio on"."""
    parts = [*re.finditer(r"[^,;]*[^,;\s]", text)]
    if not 1 < len(parts) <= MOST_CLAUSES or _JOINS.search(text):
        return []
    for tool in tools:
        for parameter in tool.parameters:
            if not parameter.enum or parameter.type == "array":
                continue
            said = [
                {str(each.value) for each in mentions.named(parameter, part.group(), 0)}
                for part in parts
            ]
            if all(len(each) == 1 for each in said) and len(set.union(*said)) > 1:
                starts = [part.start() + len(part[0]) - len(part[0].lstrip()) for part in parts]
                return [
                    Clause(at, part[0].lstrip()) for at, part in zip(starts, parts, strict=True)
                ]
    return []


def _is_one(said: Sequence[Evidence], found: Sequence[Clause], seen: Sequence[int]) -> bool:
    """Whether a call takes values of every clause, and all that are seen: "2 adults and a car"."""
    return all(any(map(clause.holds, said)) for clause in found) and all(
        any(evidence.start <= place < evidence.end for evidence in said) for place in seen
    )


def _unbroken(text: str, found: Sequence[Clause], spans: Sequence[Evidence]) -> list[Clause]:
    """The clauses, joined again where one value reaches from one into the next."""
    kept: list[Clause] = []
    for clause in found:
        if kept and any(e.start < kept[-1].end and clause.start < e.end for e in spans):
            start = kept.pop().start
            kept.append(Clause(start, text[start : clause.end]))
        else:
            kept.append(clause)
    return kept


def _choices(text: str, tools: Iterable[Tool]) -> Iterator[int]:
    """Where choices of parameters stand by name."""
    for tool in tools:
        for parameter in tool.parameters:
            for choice in options(parameter):
                name = re.escape(choice.replace("_", " "))
                yield from (m.start() for m in re.finditer(rf"(?<!\w){name}", text, re.IGNORECASE))


def _readings(message: int, found: Sequence[Clause], values: Sequence[int]) -> Iterator[Reading]:
    """Each clause alone, and behind the last opening: the words before a clause's first value."""
    opening, known = "", _ARTICLES
    for clause in found:
        left_out = missing_opening(opening, clause.text)
        yield Reading(message, clause, known=known if left_out else frozenset())
        if left_out:
            yield Reading(message, clause, left_out, known)
        first = min((place for place in values if place >= clause.start), default=clause.end)
        head = clause.text[: first - clause.start]
        if not head.strip() and (counted := _COUNTED.match(clause.text)):
            head = f"{counted['kind']} "
        if first < clause.end and not words(head) <= known and not clause.is_denied:
            opening, known = head, _ARTICLES | words(head)


def standing(
    readings: Sequence[Reading], decisions: Sequence[Decision], whole: Sequence[Call]
) -> list[int]:
    """Numbers of the readings whose calls are the message's; none where it is one whole.

    A clause that wants nothing hinders no other where it says no value, or what is not to be done:
    behind a wish, or before one that is said to be meant instead.
    """
    found: list[int] = []
    denied = False
    for clause, group in itertools.groupby(range(len(readings)), lambda n: readings[n].clause):
        numbers = list(group)
        alone = numbers[0]
        if clause.is_denied:
            kept = clause.is_left or bool(found) or _turns(readings, numbers[-1] + 1)
            if decisions[alone].intent.name or not kept:
                return []
            denied = True
        elif any(decisions[number].intent.name for number in numbers):
            stands = _standing(readings, decisions, numbers, whole)
            if stands is None:
                return []
            found.append(stands)
        elif codes(clause.text) or _is_used(readings[alone], whole):
            return []
    calls = [decisions[number].calls[0] for number in found]
    alike = any(
        (one.name, one.arguments) == (other.name, other.arguments)
        for one, other in itertools.combinations(calls, 2)
    )
    return [] if alike or not found or len(found) + denied < 2 else found


def _turns(readings: Sequence[Reading], number: int) -> bool:
    """Whether the clause read there says that it is meant instead of what is denied before it."""
    return number < len(readings) and bool(_INSTEAD.search(readings[number].clause.text))


def _standing(
    readings: Sequence[Reading], decisions: Sequence[Decision], numbers: Sequence[int],
    whole: Sequence[Call],
) -> int | None:  # fmt: skip
    """The number of the reading of one clause whose call stands, of these."""
    calls = {
        n: call for n in numbers
        if (call := readings[n].call(decisions[n])) and not _is_less(call, readings[n], whole)
    }  # fmt: skip
    fitting = {n: call for n, call in calls.items() if readings[n].fits(call)}
    # What leaves its opening out may be another wish alone: then it is neither. A bare code is none.
    alone = {
        call.name for n, call in calls.items()
        if not readings[n].opening and not _is_bare(readings[n].clause)
    }  # fmt: skip
    fitting = {
        n: call for n, call in fitting.items()
        if readings[n].opening or not _is_bare(readings[n].clause) or len(numbers) == 1
    }  # fmt: skip
    if len({call.name for call in fitting.values()} | alone) != 1:
        return None
    for number, call in fitting.items():
        if not (readings[number].opening and _may_be_half(call, readings[number], whole)):
            return number
    return None


def _is_bare(clause: Clause) -> bool:
    """Whether a clause is one code and no word: "and 2024-101"."""
    return len(clause.text.split()) == 1 and bool(codes(clause.text))


def _is_less(call: Call, reading: Reading, whole: Sequence[Call]) -> bool:
    """Whether the whole message was read with more of this clause's words, and as another wish."""
    return any(
        other.name != call.name
        and len(call.evidence)
        < sum(
            each.message == reading.message and reading.clause.holds(each)
            for each in other.evidence.values()
        )
        for other in whole
    )


def _may_be_half(call: Call, reading: Reading, whole: Sequence[Call]) -> bool:
    """Whether a lone word behind an "and" may belong to what is before: "ham and cheese"."""
    return len(whole) < 2 and len(call.evidence) == 1 and not codes(reading.clause.text)


def _is_used(reading: Reading, whole: Sequence[Call]) -> bool:
    """Whether the whole message was read with a value of this clause."""
    said = (e for call in whole for e in call.evidence.values() if e.message == reading.message)
    return any(map(reading.clause.holds, said))


def pointed_back(messages: Sequence[Message], whole: Decision) -> Decision | None:
    """The decision, each call with its clause, where a clause points back to a thing of one before.

    "Fuel D-EMIL with 70 litres and then move it to hangar 5": each clause is a call of another tool,
    and nothing is said that neither takes.
    """
    newest = types.newest(messages)
    text = messages[newest].content
    found, calls = split(text), whole.calls
    if len({call.name for call in calls}) != len(found) or not 1 < len(found) == len(calls):
        return None
    said = [[e for e in call.evidence.values() if e.message == newest] for call in calls]
    taken = [each for many in said for each in many]
    if not all(any(e.start <= at < e.end for e in taken) for at in codes(text)):
        return None
    for number, (clause, call) in enumerate(zip(found, calls, strict=True)):
        own = [e for e in said[number] if clause.holds(e)]
        others = [e for e in said[number] if not clause.holds(e)]
        back = number > 0 and _POINTS_BACK.search(clause.text) is not None
        if (
            not own or call.missing or call.unusable or clause.is_denied
            or (others and not (back and len(others) == 1 and others[0].end <= clause.start))
        ):  # fmt: skip
            return None
    placed = (
        replace(call, clause=(clause.start, clause.end))
        for clause, call in zip(found, calls, strict=True)
    )
    return replace(whole, calls=tuple(placed))


def together(whole: Decision, read: Sequence[tuple[Reading, Decision]]) -> Decision:
    """The decision of a message whose clauses say its calls, each as sure as its clause is."""
    calls: list[Call] = []
    sure: dict[str, float] = {}
    for reading, decision in read:
        if call := reading.call(decision):
            call = _as_sure(call, calls[-1]) if calls else call
            calls.append(call)
            sure[call.name] = min(sure.get(call.name, 1.0), decision.intent.score)
    scores = {ranked.name: ranked.score for ranked in whole.intent.ranking} | sure
    ranking = sorted(
        (Ranked(name, score) for name, score in scores.items()), key=lambda ranked: -ranked.score
    )
    name = calls[0].name if calls else None
    score = sure[name] if name else whole.intent.score
    intent = replace(whole.intent, name=name, score=score, ranking=tuple(ranking))
    return Decision(intent, tuple(calls))


def _as_sure(call: Call, before: Call) -> Call:
    """The call, as sure of each value as the one before it where it says the same things in a row.

    "Scale search to 4 replicas and catalog to 9": who is sure of the 4 is sure of the 9.
    """
    if call.name != before.name or _in_order(call) != _in_order(before):
        return call
    evidence = {
        name: replace(each, confidence=max(each.confidence, before.evidence[name].confidence))
        for name, each in call.evidence.items()
    }
    return replace(call, evidence=evidence)


def _in_order(call: Call) -> list[str]:
    return sorted(call.evidence, key=lambda name: call.evidence[name].start)
