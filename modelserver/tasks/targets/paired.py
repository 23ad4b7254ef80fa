"""Two like parameters with choices, one of a source and one of a target: which is which.

Of two like parameters (two languages, two depots) each gets one of the two choices that are said,
by the words before them; where those say nothing, the likelier way round is a guess to be asked
back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets import mentions, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import particles

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.targets.mentions import Mention
    from modelserver.tasks.types import Message

Scores = Mapping[str, Sequence[Reading]]
"""Every choice of each parameter, as sure as the model is of it."""

# How far back the words before a value reach.
_BACK: Final = 60
_COMPARED: Final = re.compile(
    rf"\b(?:{particles.every(particles.INSTEAD_OF)}|in place of|compared (?:to|with)|gegenüber"
    rf"|im vergleich zu)\s+(?:(?:{particles.every(particles.ARTICLE)}|my)\s+)?$",
    re.IGNORECASE,
)
_JOINED: Final = re.compile(r"\s*(?:->|→|=>|⇒|➔|to|into|nach|naar|à|a|ad|para)\s*", re.IGNORECASE)


# What one gives and what one gets for it: "sell 300 euros", "give me yen".
_SOME: Final = rf"(?:(?:{particles.every(particles.ARTICLE)}|my|some|another|more|\d[\d.,]*) )*"
_GIVES: Final = (
    r"(?:sell|exchange|convert|swap|trade(?: in)?|give(?! me\b| us\b)|pay|spend|verkauf\w*|tausch\w*|wechs\w*|vend[sr]?e?"
    r"|échange[rz]?|cambi\w*|troca\w*|wissel|ruil|verkoop)"
)
_GETS: Final = (
    r"(?:buy|purchase|(?:give|get|bring|sell) (?:me|us)|kauf\w*|gib mir|ach[eè]te[rz]?|donne[sz]?[- ]moi|compr\w*|dame"
    r"|dammi|koop|geef me)"
)
_GIVEN: Final = re.compile(rf"(?<!\w){_GIVES} {_SOME}$", re.IGNORECASE)
_GOT: Final = re.compile(rf"(?<!\w){_GETS} {_SOME}$", re.IGNORECASE)
_FOR: Final = re.compile(
    rf" (?:for|with|für|gegen|mit|contre|pour|avec|por|con|contra|com|per|voor|tegen|met) {_SOME}",
    re.IGNORECASE,
)
# "100 euros into rupees", of which the second is no choice.
_ONWARD: Final = re.compile(r" (?:into|to|in|en|naar|em) [^\W\d_]{3,}", re.IGNORECASE)
_COUNTED: Final = re.compile(r"\d ?$")


@dataclass(slots=True)
class _Pair:
    """What two like parameters hold while the turns are gone through."""

    source: Parameter
    target: Parameter
    held: dict[wording.Side, Reading] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[tuple[wording.Side, Parameter], ...]:
        return ("source", self.source), ("target", self.target)

    def side(self, said: Mention, message: Message) -> wording.Side | None:
        """The side that the words around a choice say for it."""
        return (
            self.plain_side(said, message.content)
            or wording.side_of(said.evidence, message)
            or self.dealt_side(said, message.content)
        )

    def dealt_side(self, said: Mention, text: str) -> wording.Side | None:
        """The side that a verb of a deal right before a choice says: "sell", "give me"."""
        if not wording.are_plain(self.source, self.target):
            return None
        before = text[max(0, said.evidence.start - _BACK) : said.evidence.start]
        if _GOT.search(before):
            return "target"
        return "source" if _GIVEN.search(before) else None

    def plain_side(self, said: Mention, text: str) -> wording.Side | None:
        """The side where words say it that can mean nothing else: its name, "so far"."""
        before = text[max(0, said.evidence.start - _BACK) : said.evidence.start]
        after = text[said.evidence.end : said.evidence.end + _BACK]
        for side, parameter in self.sides:
            name = r"[\s_-]+".join(map(re.escape, humanized(parameter.name).split()))
            if re.search(
                rf"\b{name}\s*(?:[=:]|is|ist|est)?\s*$", before, re.IGNORECASE
            ) or re.match(rf"\s+as (?:the |my )?{name}\b", after, re.IGNORECASE):
                return side
        return "source" if _COMPARED.search(before) or wording.SO_FAR.search(before) else None

    def score(self, side: wording.Side, said: Mention, scores: Scores) -> float:
        """How sure the model is of a choice on a side."""
        name = (self.source if side == "source" else self.target).name
        return next(
            (r.evidence.confidence for r in scores.get(name, ()) if r.value == said.value), 0.0
        )

    def put(self, side: wording.Side, said: Mention, sure: float) -> None:
        """Take a choice for a side; the other one cannot have it as well."""
        evidence = replace(said.evidence, confidence=min(said.evidence.confidence, sure))
        self.held[side] = Reading(said.value, evidence)
        other = wording.OTHER[side]
        if other in self.held and self.held[other].value == said.value:
            del self.held[other]


def settled(
    alike: tuple[Parameter, Parameter], given: wording.Readings, scores: Scores,
    messages: Sequence[Message], newest: int, *, several: bool,
) -> wording.Readings:  # fmt: skip
    """Each of two like parameters with its own choice, as far as any is said."""
    source, target = alike
    pair = _Pair(source, target)
    both = {
        p.name: [mentions.placed(p, each, messages, newest) for each in given.get(p.name, [])]
        for _, p in pair.sides
    }
    now = _said_of_pair(source, messages, newest)
    values = {str(each.value) for each in now}
    if len(values) > 2 or (several and len(now) > 2):
        return both | (_rows(source, target, now, messages[newest].content) if several else {})
    for number in _turns(messages, newest, both, bool(now)):
        said = now if number == newest else _said_of_pair(source, messages, number)
        _hear(pair, said, messages[number], scores)
    if not now and len(pair.held) == 2 and wording.is_way_back(messages[newest].content):
        went, came = pair.held["source"], pair.held["target"]
        pair.held = {"source": wording.unsure(came), "target": wording.unsure(went)}
    if not pair.held:
        return _apart(source, target, both)
    found = {}
    for side, parameter in pair.sides:
        own = pair.held.get(side)
        taken = {str(each.value) for each in pair.held.values()}
        rest = [each for each in both[parameter.name] if str(each.value) not in taken]
        found[parameter.name] = [own] if own else rest[:1]
    return found


def _rows(
    source: Parameter, target: Parameter, said: Sequence[Mention], text: str
) -> wording.Readings:
    """Several deals at once, each said as "X into Y"; empty where one of them is not."""
    ways = list(zip(said[::2], said[1::2], strict=False))
    if len(said) != 2 * len(ways) or not all(
        one.value != other.value and not (one.refused or other.refused)
        and _JOINED.fullmatch(text, one.evidence.end, other.evidence.start)
        for one, other in ways
    ):  # fmt: skip
        return {}
    firsts, seconds = zip(*ways, strict=True)
    return {
        source.name: [Reading(each.value, each.evidence) for each in firsts],
        target.name: [Reading(each.value, each.evidence) for each in seconds],
    }


def _said_of_pair(parameter: Parameter, messages: Sequence[Message], number: int) -> list[Mention]:
    """The choices that a message says, also misspelt; refused ones only where they compare."""
    message = messages[number]
    if message.role != "user" or message.ours:
        return []
    text = message.content
    plain = mentions.named(parameter, text, number)
    found = list(plain)
    for more in (
        mentions.inflected(parameter, text, number),
        mentions.misspelt(parameter, text, number, plurals=True),
    ):
        words = [each.evidence for each in found]
        found += [each for each in more if mentions.is_free(each.evidence, words)]
    found = sorted(found, key=lambda each: each.evidence.start)
    return [each for each in found if not each.refused or _is_compared(each, text)]


def _turns(
    messages: Sequence[Message], newest: int, given: wording.Readings, said: bool
) -> list[int]:
    """The user's turns that say one wish, oldest first: answers go on with it, "and to Rome?" too."""
    turns = [newest]
    carried = wording.is_follow_up(messages[newest].content) or (
        not said and any(many for many in given.values())
    )
    for number in range(newest - 1, max(newest - mentions.MOST_TURNS, -1), -1):
        message = messages[number]
        if message.role == "user" and not message.ours:
            turns.insert(0, number)
            carried = carried and wording.is_follow_up(message.content)
        elif message.role == "assistant" and not carried and not _is_question(message):
            break
    return turns


def _is_question(message: Message) -> bool:
    """Whether the gateway asked for something there: what comes next answers it."""
    return message.ours and "?" in message.content


def _hear(pair: _Pair, said: Sequence[Mention], message: Message, scores: Scores) -> None:
    """What one more turn says of the two."""
    firsts = {str(each.value): each for each in reversed(said)}
    both = sorted(firsts.values(), key=lambda each: each.evidence.start)
    if len(both) == 2:
        _hear_two(pair, both[0], both[1], message, scores)
    elif len(both) == 1:
        _hear_one(pair, both[0], message, scores)


def _hear_two(
    pair: _Pair, first: Mention, second: Mention, message: Message, scores: Scores
) -> None:
    side, sure = _side_of_first(pair, first, second, message)
    counted = [_is_counted(each, message.content) for each in (first, second)]
    if side and counted == [side == "target", side == "source"]:
        sure = wording.UNSAID  # How much one gets is not how much one gives.
    if side is None:
        straight = pair.score("source", first, scores) + pair.score("target", second, scores)
        crossed = pair.score("target", first, scores) + pair.score("source", second, scores)
        side = "source" if straight >= crossed else "target"
    pair.held.clear()
    pair.put(side, first, sure)
    pair.put(wording.OTHER[side], second, sure)


def _side_of_first(
    pair: _Pair, first: Mention, second: Mention, message: Message
) -> tuple[wording.Side | None, float]:
    """The side that the words say for the first of two, and how sure that is."""
    plain = wording.are_plain(pair.source, pair.target)
    if role := wording.role_of_first(first.evidence, second.evidence, message, plain=plain):
        return role.side, mentions.SAID if role.sure else wording.UNSAID
    text = message.content
    one, other = pair.side(first, message), pair.side(second, message)
    if pair.dealt_side(first, text) and other is None and _is_for(first, second, text):
        return one, mentions.SAID
    if one != "target" and _JOINED.fullmatch(text, first.evidence.end, second.evidence.start):
        return "source", mentions.SAID
    if one and other and one != other:
        return one, mentions.SAID
    named = pair.plain_side(first, text) or pair.plain_side(second, text)
    if (one is None) != (other is None) and (named or plain):
        return one or wording.OTHER[other or "source"], mentions.LIKELY
    return None, wording.UNSAID


def _hear_one(pair: _Pair, said: Mention, message: Message, scores: Scores) -> None:
    side = pair.side(said, message)
    if side is None and wording.are_plain(pair.source, pair.target):
        onward = _ONWARD.match(message.content, said.evidence.end)
        side = "source" if onward and _is_counted(said, message.content) else None
    if side is None and len(pair.held) == 1:
        (held,) = pair.held
        if pair.held[held].value != said.value:
            pair.put(wording.OTHER[held], said, mentions.LIKELY)
        return
    if side:
        pair.put(side, said, mentions.SAID)
        return
    more = pair.score("source", said, scores) > pair.score("target", said, scores)
    pair.put("source" if more else "target", said, wording.UNSAID)


def _is_for(first: Mention, second: Mention, text: str) -> bool:
    """Whether one of two is said to be had for the other."""
    return bool(_FOR.fullmatch(text, first.evidence.end, second.evidence.start))


def _is_counted(said: Mention, text: str) -> bool:
    """Whether a number stands right before a choice: "500 euros"."""
    return bool(_COUNTED.search(text[max(0, said.evidence.start - 8) : said.evidence.start]))


def _is_compared(said: Mention, text: str) -> bool:
    before = text[max(0, said.evidence.start - _BACK) : said.evidence.start]
    return bool(_COMPARED.search(before))


def _apart(source: Parameter, target: Parameter, both: wording.Readings) -> wording.Readings:
    """What the model read for the two, but never one choice for both."""
    one, other = both[source.name], both[target.name]
    if not one or not other or one[0].value != other[0].value:
        return both
    ways = [(a, b) for a in one for b in other if a.value != b.value]
    if ways:
        a, b = max(ways, key=lambda way: sum(each.evidence.confidence for each in way))
        return {source.name: [wording.unsure(a)], target.name: [wording.unsure(b)]}
    surer = one[0].evidence.confidence > other[0].evidence.confidence
    return {source.name: one[:1] if surer else [], target.name: [] if surer else other[:1]}
