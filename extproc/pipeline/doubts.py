"""Reasons to ask back before something is changed, whatever the models say of it.

A question too many costs a word; a call too many may cost money. So a message that might deny,
ask about, tell of or only imagine what a call would do is never enough for the call, and
neither is one with words that the call does not account for. All this is read off the words:
what is wrong here asks back once more, and nothing worse.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from extproc.pipeline import (
    cues,
    leftovers,
    orders,
    reasons,
    replies,
    stories,
    taken_back,
    transcript,
)
from extproc.pipeline.words import STEM, as_said, is_slip_of, items, overlaps, says
from extproc.questions import Asked
from modelserver.schema import called_too, humanized, is_short_for, lacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extproc.contract import Parameter
    from extproc.exchange import Exchange, Planned
    from extproc.questions import Sentence
    from modelserver.schema import Call, Evidence

_NEGATOR: Final = re.compile(
    r"(?<!\w)(?:without|w/o|no|not|skip|sans|ohne|kein\w*|sin|senza|sem|zonder|geen|don'?t|never"
    r"|spare|omit|drop|forget|save (?:me|us|him|her|them)|leave (?:out|off)|do(?:es)? without|needn'?t)"
    r"\W{1,3}(?:\w+\W{1,3}){0,3}$",
    re.IGNORECASE,
)
_DENIES: Final = re.compile(
    r"(?<!\w)(?:no|none|not|never|nothing|neither|nor|without|w/o|skip|keep|off|false|only|just|instead|single|un\w{4,}"
    r"|\w+n['\u2019]?t|cannot|\w+less|sans|ohne|kein\w*|nicht|sin|senza|sem|zonder|geen|pas|niet|non|nein|nee|não)(?!\w)",
    re.IGNORECASE,
)
# Right before the name of a yes or no: "I don't need a", "there is no need for", "not".
_NOT_NEEDED: Final = re.compile(
    r"(?<!\w)(?:without|w/o|no|not|(?:do|does|is|are|wo|ca)(?:n['\u2019]?t| not)|(?:will|can) ?not)"
    r"(?: (?:need(?:ing)?|want|require|have|has|bring(?:ing)?|use|eat|to|be|for|a|an|the|any|it)){0,4} $",
    re.IGNORECASE,
)
_NEEDLESS: Final = re.compile(
    r"(?<!\w)(?:(?:not|n['\u2019]t|isnt|arent) (?:be )?(?:needed|necessary|required|wanted)|unnecessary|unwanted"
    r"|(?:leave|leaving|leaves|left)(?: \w+){1,3}? (?:out|off|aside|away)|(?:switched|turned|set|kept) off|disabled|deactivated)(?!\w)",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"[,;.!?:](?=\s|$)|\n")
# What stands before a number that comes from somewhere or goes somewhere.
_SIDE: Final = re.compile(
    r"(?<!\w)(?:from|to|into|out of|von|vom|nach|auf|zu|de|du|à|desde|a|hasta|da|dal|al|para|van|naar)"
    r" (?:\w+ )?$",
    re.IGNORECASE,
)
# What stands before a lowest or a highest number.
_BOUND: Final = re.compile(
    r"(?<!\w)(?:at least|at most|(?:no|not|never) (?:more|less|fewer|lower|higher) than|up to|mindestens|höchstens|au moins|au plus"
    r"|al menos|como mínimo|como máximo|almeno|al massimo|pelo menos|no máximo|minstens|hoogstens) $",
    re.IGNORECASE,
)
_LOW_OR_HIGH: Final = frozenset(
    {"min", "minimum", "lowest", "least", "max", "maximum", "highest", "most"}
)
_WAY_TO_SAY: Final = re.compile(
    r"(?<!\w)(?:(?:no|not|never) (?:more|less|fewer|higher|lower|later|earlier) than"
    r"|rather (?:have|take|get)) (?:(?:the|an?|my|our|size|number) )?$",
    re.IGNORECASE,
)
_ARTICLES: Final = frozenset(
    ["a", "an", "ein", "eine", "einen", "un", "une", "una", "um", "uma", "een"]
)
# So many characters before and after a value are beside it.
_NEAR: Final = 24
_DIGIT: Final = re.compile(r"\d")
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNIT: Final = re.compile(r"[ -]?([^\W\d_]{2,})")
_NO_UNITS: Final = frozenset(
    [
        "to",
        "at",
        "on",
        "in",
        "of",
        "by",
        "and",
        "for",
        "from",
        "or",
        "so",
        "as",
        "is",
        "it",
        "the",
        "we",
        "am",
        "pm",
    ]
)
# "Fan + desk lamp" of which one alone was read.
_JOINED_BEFORE: Final = re.compile(r"[^\W_]\s?(?:\+|&)\s?$")
_JOINED_AFTER: Final = re.compile(r"\s?(?:\+|&)\s?[^\W_]|\s*\n\s*(?:[-*\u2022]|\d+[.)])\s*\w")
_JOINED: Final = re.compile(r"\s(?:and|und|et|y|e|en|&)\s", re.IGNORECASE)
# Words between two items of a list: "and also the", "as well as"; what goes on with "for", is no list.
_MOST_BETWEEN: Final = 3
_LEADS_ON: Final = frozenset(
    [
        "for",
        "to",
        "from",
        "at",
        "with",
        "until",
        "by",
        "für",
        "zu",
        "bis",
        "mit",
        "pour",
        "à",
        "avec",
        "para",
        "con",
        "per",
        "até",
        "voor",
        "met",
    ]
)
# "A blazer, a scarf and a duvet" of which the scarf is the first that was read.
_ITEM_BEFORE: Final = re.compile(
    r"(?<!\w)(?:an?|the|some|one|two|three|\d+|ein\w*|une?|des|les|un[ao]?|los|las|uma?|een|het) [\w-]+, (?:an?|the|some|one|two|three|\d+|ein\w*|une?|des|les|un[ao]?|los|las|uma?|een|het)? ?$",
    re.IGNORECASE,
)
_DOING: Final = frozenset(
    [
        "take",
        "get",
        "give",
        "bring",
        "make",
        "buy",
        "see",
        "call",
        "do",
        "use",
        "eat",
        "drink",
        "send",
        "tell",
        "put",
    ]
)
_WORD_TOO_MANY: Final = re.compile(r"\w['\u2019]s$|^[^\W\d_a-zß-ÿ]\w+ (?:.* )?[a-z]{1,3}$")
_WORD_BEFORE: Final = re.compile(r"[a-zß-ÿ]+ [^\W\d_a-zß-ÿ]")
# What is written in sentences may begin and end so.
_WRITTEN: Final = frozenset(
    [
        "task",
        "todo",
        "note",
        "notes",
        "text",
        "message",
        "title",
        "subject",
        "reminder",
        "comment",
        "description",
        "content",
        "reason",
        "body",
        "what",
        "purpose",
        "problem",
        "instructions",
        "instruction",
        "action",
        "item",
        "name",
        "label",
    ]
)
_FIRST: Final = frozenset(
    {"start", "begin", "from", "since", "in", "min", "minimum", "lowest", "earliest"}
)
_LAST: Final = frozenset(
    {"end", "stop", "finish", "to", "until", "till", "out", "max", "maximum", "highest", "latest"}
)
# What turns from a question of ours to another wish: "no, rather pass it on".
_TURNS: Final = re.compile(
    r"^\W*+(?:(?:no|nope|nah|sorry|actually|rather|instead|oh|ah|ach|um|hm+|well|ok(?:ay)?|wait|hold on|hang on|stop|on second thought"
    r"|nein|lieber|doch|moment|warte|halt|non|plutôt|attends|attendez|en fait|mejor|espera|piuttosto|anzi|aspetta|não|liever"
    r"|nee|wacht)\b[\s,.!]*+)++",
    re.IGNORECASE,
)
# "Don't stop it, just limit it to 800": what begins the wish in the place of what was asked about.
_TURNED_DOWN: Final = re.compile(
    r"(?<!\w)(?:do(?:n['\u2019]?t| not)|not|never|nicht|ne|pas|non|não|niet)\s(?P<what>[^,.;:!?]{1,40}?)"
    r"(?:(?=[,.;:!])|\s(?=(?:but|just|only|rather|instead|sondern|nur|mais|plutôt|sino|solo|ma|apenas|maar|alleen)\b))",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[.!;]\s|^\w+,\s")
_BEHIND: Final = re.compile(r"[,;:]\s|\s(?:and|und|et|y|e|en)\s", re.IGNORECASE)
# A name is spoken of by the beginning of one of its words; shorter words ("to", "day") say too little.
_NAMED_BY: Final = 5
_SHORTEST: Final = 4


def doubtful(exchange: Exchange) -> bool:
    """Whether a plan that changes something is to be asked back for its words alone."""
    changes = [planned for planned in exchange.plan if planned.target.changes]
    last = exchange.request.last_user
    if not changes or last is None:
        return False
    if len(exchange.request.messages[last].text) > cues.LONGEST:
        return True
    text = _without_refused(exchange, exchange.request.messages[last].text)
    text = _blanked(text, _reasons(exchange, text))
    text = _blanked(text, _stories(exchange, changes, text))
    return (
        (len(exchange.plan) > 1 and not all(planned.clause for planned in exchange.plan))
        or cues.may_be_no_wish(_about_the_call(exchange, text))
        or _only_tells(exchange, changes, text)
        or _takes_back(exchange, text)
        or _only_looks(changes, text)
        or not _is_order(exchange, changes, text)
        or any(
            _unclear(exchange, planned, text) or _rests_on_defaults(exchange, planned, text)
            for planned in changes
        )
        or _leaves_it(exchange, exchange.request.messages[last].text)
        or leftovers.change_it(exchange, text)
    )


def _rests_on_defaults(exchange: Exchange, planned: Planned, text: str) -> bool:
    """Whether nobody said a value of a call, and the message does not say its name whole."""
    if planned.arguments.keys() - planned.defaults or transcript.answered(exchange) is not None:
        return False
    name = [word for word in humanized(planned.target.name).split() if len(word) >= STEM]
    return not all(_begins(text, word[:STEM]) for word in name)


def _is_order(exchange: Exchange, changes: Iterable[Planned], text: str) -> bool:
    """Whether a message that answers no question of ours has the form of an order."""
    if transcript.answered(exchange) is not None:
        return True
    said = _said_at(exchange)
    return orders.is_order(text, said, *_spoken_of(changes))


def _spoken_of(changes: Iterable[Planned]) -> tuple[list[str], set[str]]:
    """What targets are called and described as, and all words of that and of their parameters."""
    targets = [planned.target for planned in changes]
    names = [each for target in targets for each in (humanized(target.name), target.description)]
    about = [
        *names,
        *(f"{humanized(each.name)} {each.description} {' '.join(map(as_said, each.enum))}"
          for target in targets for each in target.parameters),
    ]  # fmt: skip
    return names, {word for each in about for word in _WORD.findall(each.casefold())}


def _stories(
    exchange: Exchange, changes: Iterable[Planned], text: str
) -> Iterator[tuple[int, int]]:
    """Where a message tells what led to its order: nothing of it is a value of a call, or names one."""
    if transcript.answered(exchange) is not None:
        return
    said = _said_at(exchange)
    names, about = _spoken_of(changes)
    own = _stems(planned.target.name for planned in changes)
    yield from (
        (start, end) for start, end in stories.thanks(text)
        if not overlaps(said, start, end)
    )  # fmt: skip
    for start, end in stories.places(text, said):
        if not any(_begins(text[start:end], stem) for stem in own) and orders.is_order(
            text[end:], [(a - end, b - end) for a, b in said if a >= end], names, about
        ):
            yield start, end


def _only_looks(changes: Iterable[Planned], text: str) -> bool:
    """Whether a message wants to be shown something, and does not say what a change of the plan is called.

    "Pull up booking 12" is no wish to cancel it, "look up the number and cancel 12" may be.
    """
    verb = cues.looks(text)
    return verb is not None and not all(
        _begins(text, humanized(planned.target.name).split()[0][:STEM]) for planned in changes
    )


def _only_tells(exchange: Exchange, changes: Iterable[Planned], text: str) -> bool:
    """Who answers a question of ours states something; what follows that may settle it all the same."""
    said = _said_at(exchange)
    if transcript.answered(exchange) is not None:
        return bool(said) and taken_back.settles(text, said)
    return (
        (cues.states(text) and not _orders_behind(changes, text))
        or taken_back.tells(text, said)
        or taken_back.settles(text, said)
    )


def _orders_behind(changes: Iterable[Planned], text: str) -> bool:
    """Whether an order follows a statement: "there are five of us, could we have a cab"."""
    behind = _BEHIND.search(text)
    return behind is not None and orders.is_order(text[behind.end() :], (), *_spoken_of(changes))


def _takes_back(exchange: Exchange, text: str) -> bool:
    """Whether a message leaves or takes back something, by no word that is a value or names the target."""
    about = _about_the_call(exchange, text)
    said = _said_at(exchange)
    names = _stems(planned.target.name for planned in exchange.plan)
    return any(
        about[start:end].casefold()[:STEM] not in names and not overlaps(said, start, end)
        for start, end in taken_back.places(about, max((end for _, end in said), default=0))
    )


def _leaves_it(exchange: Exchange, reply: str) -> bool:
    """Whether a reply first leaves what was asked about, and yet completes that: "skip it, just go"."""
    sentence = transcript.answered(exchange)
    if not isinstance(sentence, Asked) or not replies.behind_leaving(reply):
        return False
    return any(
        sentence.asks_for(parameter)
        for planned in exchange.plan
        for parameter in planned.target.parameters
    )


def _without_refused(exchange: Exchange, text: str) -> str:
    """The message without what says only which other value is not meant: "not order 7210"."""
    used = _said_at(exchange)
    refused = (
        [span for call in exchange.decision.calls for span in call.refused]
        if exchange.decision
        else []
    )
    return _blanked(
        text,
        [
            (start, end) for start, end in refused
            if not overlaps(used, start, end)
        ],
    )  # fmt: skip


def _about_the_call(exchange: Exchange, text: str) -> str:
    """The message without what says no to something else than the call, or asks of another.

    Of "Better not. Restart haproxy instead.", a reply to our question, only what begins with the
    sentence of the first value: the rest turns down what was asked and no more than that.
    """
    if exchange.decision is None:
        return text
    said = [
        *_clauses_that_read(exchange.plan), *_values_of_no(exchange),
        *_ways_to_say_one(exchange, text),
    ]  # fmt: skip
    about = _blanked(text, said)
    if transcript.answered(exchange) is None:
        return about
    about = _TURNS.sub(lambda found: " " * len(found[0]), about)
    about = _blanked(about, [(0, replies.behind_leaving(text)), *_turned_down(exchange, about)])
    begins = min((evidence.start for _, _, evidence in exchange.newest_evidence()), default=0)
    ends = [found.end() for found in _SENTENCE.finditer(text[:begins])]
    return about[max(ends, default=0) :]


def _turned_down(exchange: Exchange, text: str) -> Iterator[tuple[int, int]]:
    """Where a reply says not to do what was asked about, by a word of that and of nothing planned."""
    left = _stems(each.name for each in exchange.runtime.targets.values())
    planned = _stems(planned.target.name for planned in exchange.plan)
    for found in _TURNED_DOWN.finditer(text):
        said = {word[:STEM] for word in _WORD.findall(found["what"].casefold())}
        if said & (left - planned) and not said & planned:
            yield found.span()


def _said_at(exchange: Exchange) -> list[tuple[int, int]]:
    """Where the last message says the values of the calls."""
    return [(evidence.start, evidence.end) for _, _, evidence in exchange.newest_evidence()]


def _stems(names: Iterable[str]) -> set[str]:
    return {word[:STEM] for name in names for word in humanized(name).split() if len(word) >= STEM}


def _blanked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text, as long as it was, with spaces at these places."""
    kept = list(text)
    for start, end in places:
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def _clauses_that_read(plan: Iterable[Planned]) -> Iterator[tuple[int, int]]:
    """Where the message only asks for something: "and where is P78?"."""
    for planned in plan:
        if planned.clause and not planned.target.changes:
            yield planned.clause


def _reasons(exchange: Exchange, text: str) -> Iterator[tuple[int, int]]:
    """Where the message tells why: nothing of it is a value of a call, or names one."""
    if transcript.answered(exchange) is not None:
        return  # Who replies "I don't need that" may say no.
    said = _said_at(exchange)
    names = _stems(planned.target.name for planned in exchange.plan)
    wish = min((start for start, _ in said), default=len(text))
    for start, end in reasons.places(text, wish):
        if not overlaps(said, start, end) and not any(
            _begins(text[start:end], name) for name in names
        ):
            yield start, end


def _values_of_no(exchange: Exchange) -> Iterator[tuple[int, int]]:
    """Where a denial is a value: "no porter needed", "don't lend her a mat"."""
    last = exchange.request.last_user
    text = exchange.request.messages[last].text if last is not None else ""
    for call, name, evidence in exchange.newest_evidence():
        if call.arguments.get(name) is not False and lacked(name) is None:
            continue
        if not_needed := _NOT_NEEDED.search(text[: evidence.start]):
            yield not_needed.start(), evidence.end
        elif _is_own_denial(exchange, call, name, evidence):
            yield evidence.start, evidence.end


def _ways_to_say_one(exchange: Exchange, text: str) -> Iterator[tuple[int, int]]:
    """Where words before a value only say how it is meant: "never more than 9", "I'd rather have B4"."""
    for _, _, evidence in exchange.newest_evidence():
        start = max(0, evidence.start - _NEAR)
        if found := _WAY_TO_SAY.search(text[start : evidence.start]):
            yield start + found.start(), start + found.end()


def _is_own_denial(exchange: Exchange, call: Call, name: str, evidence: Evidence) -> bool:
    """Whether words that deny speak of a yes or no alone, and not of what the call does.

    "She has a mat, don't lend her one", but not "don't book it with a mat".
    """
    target = exchange.runtime.targets.get(call.name)
    parameter = (
        next((each for each in target.parameters if each.name == name), None) if target else None
    )
    others = (
        each for own, other, each in exchange.newest_evidence() if (own, other) != (call, name)
    )
    if parameter is None or any(
        evidence.start < each.end and each.start < evidence.end for each in others
    ):
        return False
    own = {*humanized(name).split()}
    verbs = [word for word in humanized(call.name).split() if word not in own and len(word) >= STEM]
    described = (word for word in _WORD.findall(parameter.description) if len(word) >= _NAMED_BY)
    names = [
        *humanized(name).split(),
        *(word for word in described if word.casefold() != "whether"),
    ]
    return _says_one(evidence.text, names) is not None and not any(
        _begins(evidence.text, word[:STEM]) for word in verbs
    )


def _unclear(exchange: Exchange, planned: Planned, text: str) -> bool:
    """Whether a call and what the last message says of it disagree about a parameter."""
    clause = text[slice(*planned.clause)] if planned.clause else text
    return (
        _has_twins(exchange, planned, text)
        or _is_backwards(exchange, planned, text)
        or _has_nameless_numbers(exchange, planned, text)
        or _counts_by_an_article(exchange, planned)
        or any(
            _disagrees(exchange, parameter, planned, clause)
            or _is_mixed_list(parameter, planned, clause)
            or _may_be_cut_wrong(parameter, planned)
            for parameter in planned.target.parameters
        )
    )


def _has_twins(exchange: Exchange, planned: Planned, text: str) -> bool:
    """Two like parameters with one value: of "from A to B" both were read as B.

    "2 adults and 2 children" are two numbers, each with its name.
    """
    said = {name: each for _, name, each in exchange.newest_evidence()}
    starts = [each.start for each in said.values()]
    given = [
        (
            parameter.type,
            parameter.format,
            parameter.enum,
            as_said(planned.arguments[parameter.name]),
        )
        for parameter in planned.target.parameters
        if parameter.name in planned.arguments
        and parameter.name not in planned.defaults
        and parameter.type in ("string", "integer")
        and not (
            parameter.type == "integer"
            and parameter.name in said
            and starts.count(said[parameter.name].start) == 1
            and _is_named_near(parameter, text, said[parameter.name])
        )
    ]
    return len(set(given)) < len(given)


def _is_backwards(exchange: Exchange, planned: Planned, text: str) -> bool:
    """Whether something would end before it starts: then the two may be exchanged.

    Not where the words before both say which is which: "to room 214 from room 530".
    """
    values: dict[tuple[str, ...], dict[str, tuple[Any, Parameter]]] = {}
    for parameter in planned.target.parameters:
        words = humanized(parameter.name).split()
        side = "first" if _FIRST & {*words} else "last" if _LAST & {*words} else None
        value = planned.arguments.get(parameter.name)
        if side and value is not None and _is_ordered(parameter):
            rest = (parameter.type, *(word for word in words if word not in _FIRST | _LAST))
            values.setdefault(rest, {})[side] = value, parameter
    said = {name: each for _, name, each in exchange.newest_evidence()}
    sentence = transcript.answered(exchange)
    return any(
        len(pair) > 1
        and pair["first"][0] > pair["last"][0]
        and not any(_was_asked_for(sentence, each) for _, each in pair.values())
        and not _say_their_sides([each for _, each in pair.values()], said, text)
        for pair in values.values()
    )


def _was_asked_for(sentence: Sentence | None, parameter: Parameter) -> bool:
    """Whether a quantity answers our question for it alone: then it is no other's."""
    return (
        isinstance(sentence, Asked)
        and len(sentence.parameters) == 1
        and sentence.asks_for(parameter)
        and not parameter.format
    )


def _say_their_sides(pair: Sequence[Parameter], said: Mapping[str, Evidence], text: str) -> bool:
    """Whether words say which of two numbers is which: of a "from" and a "to" one is enough."""
    told = [_says_its_side(each, said.get(each.name), text) for each in pair]
    moves = {
        side for each in pair for side in ("from", "to") if side in humanized(each.name).split()
    }
    return any(told) if len(moves) > 1 else all(told)


def _says_its_side(parameter: Parameter, evidence: Evidence | None, text: str) -> bool:
    """Whether the word before a number says the side of its parameter: "from 20 to 2.5".

    Numbers may go down, but no day ends before it starts.
    """
    if evidence is None or parameter.format:
        return False
    side = "from" if _FIRST & {*humanized(parameter.name).split()} else "(?:in)?to"
    before = text[max(0, evidence.start - _NEAR) : evidence.start]
    return re.search(rf"(?<!\w){side} (?:\w+ )?$", before, re.IGNORECASE) is not None


def _is_ordered(parameter: Parameter) -> bool:
    """Whether of two values one is earlier or less: numbers do, and days and times as they are written."""
    return parameter.type in ("integer", "number") or parameter.format in (
        "date",
        "time",
        "date-time",
    )


def _has_nameless_numbers(exchange: Exchange, planned: Planned, text: str) -> bool:
    """Two numbers of which the message says of neither what it is: "book 12 and 5"."""
    found = {
        name: evidence
        for call, name, evidence in exchange.newest_evidence()
        if (call.name, call.clause) == (planned.target.name, planned.clause)
    }
    nameless = [
        parameter.name
        for parameter in planned.target.parameters
        if parameter.type in ("integer", "number") and not parameter.enum
        and parameter.name in found
        and not _is_named_near(parameter, text, found[parameter.name])
    ]  # fmt: skip
    return len(nameless) > 1


def _counts_by_an_article(exchange: Exchange, planned: Planned) -> bool:
    """Whether a number was read out of an article, before no word of what is counted: "a fortnight" of days."""
    numbers = {each.name: each for each in planned.target.parameters}
    return any(
        call.name == planned.target.name
        and type(planned.arguments.get(name)) in (int, float)
        and _is_an_article(numbers[name], evidence.text.casefold().split())
        for call, name, evidence in exchange.newest_evidence()
        if name in numbers
    )


def _is_an_article(parameter: Parameter, said: Sequence[str]) -> bool:
    about = _WORD.findall(f"{humanized(parameter.name)} {parameter.description}".casefold())
    counted = {word[:STEM] for word in about}
    return (
        said[:1] != [] and said[0] in _ARTICLES and not any(w[:STEM] in counted for w in said[1:])
    )


def _is_named_near(parameter: Parameter, text: str, evidence: Evidence) -> bool:
    """Whether a word of a parameter's name, or one that says from or to, stands by its value.

    And by no other: of "3 kids and 1 adult" the adult is the one. So do a word that describes the
    parameter and the short form of one that stands right behind the value: "8 grown-ups", "20 min".
    """
    before = _DIGIT.split(text[max(0, evidence.start - _NEAR) : evidence.start])[-1]
    after = _DIGIT.split(text[evidence.end : evidence.end + _NEAR])[0]
    unit = _UNIT.match(text, evidence.end) or _UNIT.search(evidence.text)
    return (
        _SIDE.search(before) is not None
        or (_BOUND.search(before) is not None and _is_bound(parameter))
        or _named(parameter, before) is not None
        or _named(parameter, after) is not None
        or any(
            after.strip().casefold().startswith(each)
            for word in humanized(parameter.name).split()
            for each in called_too(word)
        )
        or (unit is not None and _is_unit_of(parameter, unit[1].casefold()))
    )


def _is_bound(parameter: Parameter) -> bool:
    return bool(_LOW_OR_HIGH & {*humanized(parameter.name).split()})


def _is_unit_of(parameter: Parameter, said: str) -> bool:
    """Whether a word behind a number is one that describes its parameter, or short for one: "hl"."""
    if said in _NO_UNITS:
        return False
    about = _WORD.findall(f"{humanized(parameter.name)} {parameter.description}".casefold())
    return any(
        word == said or is_short_for(said, word)
        or (len(said) >= _NAMED_BY and word[:_NAMED_BY] == said[:_NAMED_BY])
        for word in about
    )  # fmt: skip


def _is_mixed_list(parameter: Parameter, planned: Planned, text: str) -> bool:
    """Whether items of a list stand so far apart that some may be of another wish, or some are left out.

    Or one may be two: "seat reservation and a meal".
    """
    value = planned.arguments.get(parameter.name)
    if not isinstance(value, list):
        return False
    if any(_JOINED.search(str(item)) for item in value) or _has_a_stranger(value):
        return True
    places = [text.find(str(item)) for item in value]
    if min(places, default=-1) < 0:
        return False
    ordered = sorted(
        (place, place + len(str(item))) for place, item in zip(places, value, strict=True)
    )
    before = text[: ordered[0][0]]
    cut = (
        _JOINED_BEFORE.search(before)
        or _ITEM_BEFORE.search(before)
        or _JOINED_AFTER.match(text, ordered[-1][1])
    )
    kind = {word[:STEM] for word in humanized(parameter.name).split()}
    return bool(cut) or any(
        _parts_items([w for w in _WORD.findall(text[end:begin].casefold()) if w[:STEM] not in kind])
        for (_, end), (begin, _) in pairwise(ordered)
    )


def _has_a_stranger(values: Sequence[Any]) -> bool:
    """Whether one item alone has no digit: "T-4, T-9 and R-2 out of servce"."""
    plain = [item for item in values if not _DIGIT.search(str(item))]
    return len(plain) == 1 and len(values) > len(plain) + 1


def _parts_items(between: Sequence[str]) -> bool:
    """Whether words between two items of a list may begin something else."""
    return len(between) > _MOST_BETWEEN or not _LEADS_ON.isdisjoint(between)


def _may_be_cut_wrong(parameter: Parameter, planned: Planned) -> bool:
    """Whether a name has a word too many: "take metformin" of a medicine, "Ahmed's", "Petra adn"."""
    if parameter.enum or {*humanized(parameter.name).split()} & _WRITTEN:
        return False
    value = planned.arguments.get(parameter.name)
    return any(
        (each.partition(" ")[0] in _DOING and " " in each)
        or _WORD_TOO_MANY.search(each) is not None
        or (isinstance(value, list) and _WORD_BEFORE.match(each) is not None)
        for each in items(value)
        if isinstance(each, str)
    )


def _disagrees(exchange: Exchange, parameter: Parameter, planned: Planned, text: str) -> bool:
    """Whether the words say another value than the call has, or speak of one that it has not.

    A yes or no that is named is no after a negator, else yes; a choice that is named is chosen; a
    parameter that is named is not left to its default.
    """
    value = planned.arguments.get(parameter.name)
    text = _without_names_of_others(parameter, planned, text)
    if parameter.type == "boolean":
        if _is_by_the_way(exchange, parameter, planned):
            return True
        named_at = _named(parameter, text)
        if named_at is None:
            misspelt = parameter.name in planned.defaults and _is_misspelt(parameter, text)
            return misspelt or (value is False and _is_no_denial(exchange, parameter, planned))
        begun = max((found.end() for found in _PART.finditer(text, 0, named_at)), default=0)
        part = _PART.split(text[begun:])[0]
        before = part[: named_at - begun]
        denied = _NEGATOR.search(before) or _NOT_NEEDED.search(before) or _NEEDLESS.search(part)
        return value is not ((denied is None) is not _is_of_what_lacks(parameter, part))
    if parameter.enum:
        chosen = {as_said(item) for item in items(value)}
        others = {as_said(item) for each in planned.arguments.values() for item in items(each)}
        said_too = {choice for choice in map(as_said, parameter.enum) if says(text, choice)}
        where = f"{_earlier(exchange, planned, parameter) or text} {_in_english(exchange, planned, parameter)}"
        if said_too - chosen - others or _is_unsaid(parameter, chosen, where):
            return True
    return parameter.name in planned.defaults and (
        _named(parameter, text, but=humanized(planned.target.name)) is not None
        or _is_misspelt(parameter, text)
    )


def _is_misspelt(parameter: Parameter, text: str) -> bool:
    """Whether a word may be the name of a parameter, or a choice of it, with a slip."""
    choices = (as_said(choice) for choice in parameter.enum)
    words = {word for said in (humanized(parameter.name), *choices) for word in said.split()}
    return any(is_slip_of(word, said) for said in _WORD.findall(text.casefold()) for word in words)


def _is_of_what_lacks(parameter: Parameter, part: str) -> bool:
    """Whether words are about what a yes leaves out: "no gluten" of gluten_free, not "gluten-free"."""
    what = lacked(parameter.name)
    if what is None:
        return False
    own = r"\W?".join(map(re.escape, humanized(parameter.name).split()))
    whole = rf"(?<!\w)(?:{own}|{re.escape(what)}\W?(?:frei|vrij))"
    return re.search(whole, part, re.IGNORECASE) is None


def _without_names_of_others(parameter: Parameter, planned: Planned, text: str) -> str:
    """The text without words that name another parameter: a waist is no waistcoat."""
    own = {*humanized(parameter.name).split()}
    others = {
        word
        for each in planned.target.parameters
        for word in humanized(each.name).split()
        if len(word) >= _NAMED_BY and word not in own
        and any(mine.startswith(word) for mine in own)
    }  # fmt: skip
    return _blanked(
        text, [found.span() for found in _WORD.finditer(text) if found[0].casefold() in others]
    )


def _is_no_denial(exchange: Exchange, parameter: Parameter, planned: Planned) -> bool:
    """Whether several words that deny nothing were read as a no: "still drives fine"."""
    return any(
        len(evidence.text.split()) > 1 and not _DENIES.search(evidence.text)
        for call, name, evidence in exchange.newest_evidence()
        if name == parameter.name and call.name == planned.target.name
    )


def _is_by_the_way(exchange: Exchange, parameter: Parameter, planned: Planned) -> bool:
    """Whether a reply to our question for something else has a yes or no in words that do not name it.

    "BIO12 and nothing else" is no word of whether it is part-time.
    """
    sentence = transcript.answered(exchange)
    return isinstance(sentence, Asked) and any(
        name == parameter.name and call.name == planned.target.name
        and not sentence.asks_for(parameter) and _named(parameter, evidence.text) is None
        for call, name, evidence in exchange.newest_evidence()
    )  # fmt: skip


def _earlier(exchange: Exchange, planned: Planned, parameter: Parameter) -> str | None:
    """The earlier message that a value was said in, where it was."""
    last = exchange.request.last_user
    for said in _said(exchange, planned, parameter):
        if said.message != last and not transcript.is_ours(exchange, said.message):
            return exchange.request.messages[said.message].text
    return None


def _in_english(exchange: Exchange, planned: Planned, parameter: Parameter) -> str:
    """The words of a value in the language that choices have, if they were said in another."""
    return " ".join(said.english for said in _said(exchange, planned, parameter))


def _said(exchange: Exchange, planned: Planned, parameter: Parameter) -> Iterator[Evidence]:
    for call in exchange.decision.calls if exchange.decision else ():
        if call.name == planned.target.name and parameter.name in call.evidence:
            yield call.evidence[parameter.name]


def _is_unsaid(parameter: Parameter, chosen: set[str], text: str) -> bool:
    """Whether a choice beside the default is a guess: no word of it is in the message."""
    if not parameter.has_default or chosen <= {as_said(item) for item in items(parameter.default)}:
        return False
    words = [word for choice in chosen for word in choice.split()]
    return not any(
        says(text, word) or (len(word) > STEM and _begins(text, word[:STEM])) for word in words
    )


def _begins(text: str, stem: str) -> bool:
    """Whether a word of the text begins so."""
    return re.search(rf"(?<!\w){re.escape(stem)}", text, re.IGNORECASE) is not None


def _named(parameter: Parameter, text: str, *, but: str = "") -> int | None:
    """Where the message speaks of a parameter by a word of its name, if that is no other's."""
    return _says_one(text, [w for w in humanized(parameter.name).split() if w not in but.split()])


def _says_one(text: str, words: Iterable[str]) -> int | None:
    """Where a text says one of these words, be it in a longer form."""
    for word in words:
        if len(word) >= _SHORTEST:
            found = re.search(rf"(?<!\w){re.escape(word[:_NAMED_BY])}", text, re.IGNORECASE)
            if found:
                return found.start()
    return None
