"""Values that a message says not to take: "order 7120, not 7210", "boxing instead of zumba".

A value is refused where the words right before it say so, with no more between than a
preposition, an article and what kind of thing it is; or where it is what somebody shall not do:
"don't ship DP1188". A bound ("not before five", "no more than 3") refuses nothing, nor does a
question ("why not 305?").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets import clauses
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import languages, lists, particles
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.targets.claims import Reading
    from modelserver.tasks.types import Call, Evidence, Message

_BACK: Final = 70
_LONGEST: Final = 2000
_CODE: Final = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*")
_CLAUSE_END: Final = re.compile(r"[,.;:!?](?=\s|$)|\n|$")
_OWN_WORD: Final = re.compile(
    rf"(?!(?:{every(particles.AND)}|or|nor|oder|ou|o)\b)[^\W\d_]{{2,}}", re.IGNORECASE
)
# "Not T1, T2 is the one to limit".
_IS_THE_ONE: Final = re.compile(
    r"\s(?:(?:is|are|was) (?:the (?:right )?ones?|what i mean\w*)|ist (?:der|die|das) richtige|est (?:la bonne|le bon)"
    r"|es (?:el|la) correct[oa]|è (?:quello|quella) giust[oa]|é [oa] cert[oa]|is de(?: juiste|ze))(?!\w)",
    re.IGNORECASE,
)
# Words for not that are other words, or numbers (No. 12), in other languages.
_AMBIGUOUS: Final = ("es", "it")
_NOT: Final = (
    r"(?<!why )(?<!if )(?<!warum )(?:"
    + "|".join(said for each, said in particles.NOT.items() if each not in _AMBIGUOUS)
    + rf")|{every(particles.INSTEAD_OF)}|other than|anything but"
)
# Languages whose not stands before the verb: "no canceles el FB12".
_BEFORE_VERBS: Final = ("es", "it", "pt")
_PREPOSITION: Final = every(particles.PREPOSITION)
_ARTICLE: Final = rf"{every(particles.ARTICLE)}|this|that|my"
_LITTLE: Final = frozenset({"that", "which", "with", "from", "more", "than", "before", "after"})
_SHALL_NOT: Final = (
    r"\b(?<!why )(?:don['\N{RIGHT SINGLE QUOTATION MARK}]?t|do not|never)\s+"
    r"(?!(?:forget|hesitate|wait|worry|fail|know|think|believe|you|we|they|i)\b)"
)
# "Friday - no, wait, Saturday": a comma follows, or a word that says so; "at 5, no earlier" is none.
_SORRY: Final = (
    r"wait|sorry|rather|better|make (?:it|that)|i mean\w*|doch|lieber|warte|moment|plut[oô]t|attend\w*|pardon"
    r"|mejor|espera|perd[oó]n|anzi|meglio|aspetta|scusa|melhor|espere?|desculpe?|liever|wacht|toch"
)
_STOP: Final = r"[,.…\u2013\u2014-]+"
_GAP: Final = r"[\s,.…\u2013\u2014-]+"
_TAKEN_BACK: Final = re.compile(
    rf"{_GAP}(?:(?:uh|um|er|erm|hm+|oh|ah|ach|oops){_GAP})?"
    rf"(?:(?:no|nein|nee|non|não|nah)(?:\s*{_STOP}|\s+(?={_SORRY}))|(?:wait|scratch that)\b\s*{_STOP})\s*"
    rf"(?=\w)", re.IGNORECASE,
)  # fmt: skip
_VERB_BETWEEN: Final = (
    r"(?:(?!(?:and|but|or|nor|until|till|before|after|unless|if|instead|rather|just|only|when|because|than|later"
    r"|y|pero|sino|e|ma|mas)\b)[^\W\d_]+\s+){{1,{most}}}[\"'#]?$"
)


def without(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message]
) -> dict[str, list[Reading]]:
    """The readings, without those that the words before them say not to take.

    Choices are looked at where they are said (`chosen`).
    """
    spans = {p.name: p for p in tool.parameters if not options(p)}
    return {
        name: [
            reading for reading in many
            if name not in spans or not is_refused(
                spans[name], messages[reading.evidence.message].content, reading.evidence.start
            )
        ]
        for name, many in readings.items()
    }  # fmt: skip


def is_refused(parameter: Parameter, text: str, start: int) -> bool:
    """Whether the words before a place say that the value there is not wanted."""
    return _refused_from(parameter, text, start) is not None


def _refused_from(parameter: Parameter, text: str, start: int) -> int | None:
    """Where the words begin that say of the value at a place that it is not wanted."""
    if parameter.type == "boolean":
        return None
    if (left := clauses.left_around(text, start)) is not None:
        return left
    back = max(0, start - _BACK)
    language = languages.guessed(text)
    direct = _direct(kinds(parameter), language, choice=bool(parameter.enum))
    found = direct.search(text, back, start) or _shall_not(language).search(text, back, start)
    return found.start() if found else None


def is_taken_back(text: str, end: int) -> bool:
    """Whether the words right behind a value say that it was a slip: "Tuesday... no, Wednesday"."""
    return _TAKEN_BACK.match(text, end) is not None


def stretches(tool: Tool, call: Call, text: str, newest: int) -> tuple[tuple[int, int], ...]:
    """Where the last message says which other value is not meant: "not order 7210".

    To the end of the clause; none that holds a value of the call, for then it denies more than that.
    """
    if len(text) > _LONGEST or not (denies(text) or clauses.leaves(text)):
        return ()
    used = [evidence for evidence in call.evidence.values() if evidence.message == newest]
    found = {
        (start, end.start() if (end := _CLAUSE_END.search(text, place)) else len(text))
        for parameter in tool.parameters
        for place in _others(parameter, call, text)
        if (start := _refused_from(parameter, text, place)) is not None
    }
    return tuple(
        sorted(
            span for span in found
            if not any(each.start < span[1] and span[0] < each.end for each in used)
            and _is_apart(text, span, used)
        )
    )  # fmt: skip


def _others(parameter: Parameter, call: Call, text: str) -> Iterator[int]:
    """Where a message says another value than the call has for a parameter: a choice, a like code."""
    if parameter.name not in call.arguments:
        return
    value = call.arguments[parameter.name]
    taken = {str(each).casefold() for each in (value if isinstance(value, list) else [value])}
    if parameter.enum:
        for choice in parameter.enum:
            if str(choice).casefold() not in taken:
                yield from (m.start() for m in _whole_word(str(choice)).finditer(text))
        return
    shapes = {lists.shape(each) for each in taken}
    for match in _CODE.finditer(text):
        said = match.group()
        if said.casefold() not in taken and lists.shape(said.casefold()) in shapes:
            yield match.start()


def _is_apart(text: str, span: tuple[int, int], used: Sequence[Evidence]) -> bool:
    """Whether what is meant is said before the denial, or behind it by a clause of its own."""
    first = min(used, key=lambda each: each.start, default=None)
    if first is None or first.start < span[0]:
        return first is not None
    meant = _IS_THE_ONE.match(text, first.end)
    return bool(meant or _OWN_WORD.search(text, span[1], first.start))


@lru_cache(maxsize=1024)
def _whole_word(choice: str) -> re.Pattern[str]:
    name = r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", choice)))
    return re.compile(rf"(?<![\w-]){name}(?![\w-])", re.IGNORECASE)


def kinds(parameter: Parameter) -> tuple[str, ...]:
    """What kind of thing a value is: the words that name and describe its parameter."""
    about = f"{humanized(parameter.name)} {parameter.description}".casefold()
    words = {*re.findall(r"[^\W\d_]{4,}", about)} - _LITTLE
    return tuple(sorted(words | {word[:-1] for word in words if word.endswith("s")}))


@lru_cache(maxsize=1024)
def _direct(kinds: tuple[str, ...], language: str | None, *, choice: bool) -> re.Pattern[str]:
    own = f"|{particles.NOT[language]}" if language in _AMBIGUOUS else ""
    words = _NOT + own + ("|no" if choice else "")
    kind = rf"(?:(?:{'|'.join(map(re.escape, kinds))})s?\s*[#:]?\s*)?" if kinds else ""
    return re.compile(
        rf"\b(?:{words})\s+(?:(?:{_PREPOSITION})\s+)?(?:(?:{_ARTICLE})\s+)?{kind}[\"'#]?$",
        re.IGNORECASE,
    )


@lru_cache(maxsize=16)
def _shall_not(language: str | None) -> re.Pattern[str]:
    forms = [_SHALL_NOT + _VERB_BETWEEN.format(most=6)]
    if language in _BEFORE_VERBS:
        forms.append(rf"\b(?:{particles.NOT[language]})\s+{_VERB_BETWEEN.format(most=4)}")
    return re.compile("|".join(forms), re.IGNORECASE)


def denies(text: str) -> bool:
    """Whether a text may refuse a value, at a glance."""
    return bool(_denial().search(text))


@cache
def _denial() -> re.Pattern[str]:
    """Whatever may refuse a value, at a glance."""
    words = f"{every(particles.NOT)}|{every(particles.NEVER)}|{every(particles.INSTEAD_OF)}"
    return re.compile(rf"\b(?:{words}|no|other than|anything but|don['\u2019]?t)\b", re.IGNORECASE)
