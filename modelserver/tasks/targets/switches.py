"""A yes or no that a message says in plain words: "with gift wrap", "insured", "no porter needed".

Read where the parameter's own name stands right beside a word that wants or declines it, or where
other words can mean nothing else; all that is said in other ways is the model's to judge.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from modelserver.schema import lacked
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import repeats, verbs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelserver.schema import Parameter

_ARTICLE: Final = r"(?:(?:a|an|the|any|some|my|our|her|his|their|your|it|them) )?"
_NOT: Final = (
    r"(?:(?:do|does|did|is|are|was|were|need|must|should|wo|would|ca|could)n['\u2019]?t"
    r"|(?:do|does|did|is|are|was|were|need|must|should|will|would|can|could) ?not)"
)
# "Don't skip it" declines nothing.
_NEVER_NOT: Final = r"(?<!n't )(?<!n\u2019t )(?<!nt )(?<!not )(?<!never )"
_USED: Final = r"need|want|require|have|has|bother|bring|take|use|eat|tolerate"
_DECLINED: Final = re.compile(
    rf"(?<!\w)(?:without|w/o|no|not|nor|never"
    rf"|{_NEVER_NOT}(?:skip|omit|avoid|drop|forget(?: about)?|(?:leave|leaving|cut) out|spare (?:me|us|him|her|them|it))"
    rf"|(?:do|does|did|must|should|will|would)(?:n['\u2019]?t| not) (?:let|have|make)(?: [^\W\d_]+){{1,4}}|no need (?:for|to|of)|instead of|rather than"
    rf"|{_NOT}(?: be)?(?: (?:{_USED}|needing|taking|bringing|using))?(?: (?:to be|to|with))?) {_ARTICLE}(?:to be )?$",
    re.IGNORECASE,
)
# "With the school bus" of a bus.
_KIND: Final = r"(?:(?!no |not |out )[^\W\d_]{3,} )?"
_WANTED: Final = re.compile(
    rf"(?<!\w)(?:(?:in|and|adding|add|wants?|needs?|also|send) {_ARTICLE}|(?:with|w/|plus|including|includes?) {_ARTICLE}{_KIND})$",
    re.IGNORECASE,
)
# "Run the tests, use a crane": what a part of a message says to do, and ends with; "she takes the bus".
_USES: Final = re.compile(
    rf"(?:(?:^|[,;.!?:] ?|(?<!\w)(?:and|then|but|please) )(?:please |also )?"
    rf"(?:run|do|perform|make|apply|use|bring|arrange|provide|get|take)"
    rf"|(?<!\w)(?:he|she|they|we|i|who)(?:['\u2019]ll)? (?:will |also ){{0,2}}(?:takes?|uses?|brings?)) {_ARTICLE}$",
    re.IGNORECASE,
)
_TOO: Final = re.compile(r" (?:too|as well)(?!\w)", re.IGNORECASE)
_GOES_ON: Final = re.compile(r" (?:and|but)(?!\w)", re.IGNORECASE)
# "Force a restart", of a name that is what is to be done.
_DONE_TO: Final = re.compile(r" (?:a|an|the|all|both) [^\W\d_]", re.IGNORECASE)
_HEADS: Final = re.compile(
    r"(?:^|[,;.!:] ?|(?<!\w)(?:and|then|please) )(?:please )?$", re.IGNORECASE
)
_NEEDLESS: Final = re.compile(
    r" (?:is|are)?(?:n['\u2019]t| not|) ?(?:be )?(?:not |un)(?:needed|necessary|required|wanted)"
    r"| (?:is|are)(?:n['\u2019]t| not) (?:needed|necessary|required|wanted)",
    re.IGNORECASE,
)
# "Leave the breakfast out".
_LEAVES: Final = re.compile(
    rf"(?<!\w){_NEVER_NOT}(?:leave|leaving|cut|strike) {_ARTICLE}$", re.IGNORECASE
)
_OUT: Final = re.compile(r" (?:out|off|aside)(?! of\b)(?!\w)", re.IGNORECASE)
_GRANTED: Final = re.compile(
    r"(?: one| it| them)?(?:['\u2019]s| is| are| would be| will be) (?:fine|ok|okay|alright|all right|good|great|welcome|acceptable)(?!\w)",
    re.IGNORECASE,
)
# "Force it", where the name is what is to be done as well.
_DONE: Final = re.compile(
    r" (?:it|them|this|that)(?: too| as well)?(?= ?(?:please|thanks)? ?(?:[,;.!)]|$))",
    re.IGNORECASE,
)
# What a name of several words in the same clause is not simply wanted after.
_UNCLEAR: Final = re.compile(
    r"(?<!\w)(?:without|w/o|no|not|nor|never|\w+n['\u2019]?t|if|whether|unless|when|instead|rather|already|has|had|have|was|were"
    r"|skip|omit|or|doesn['\u2019]?t matter|don['\u2019]?t care)(?!\w)|\?",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,;.!?:]")
# Set apart by commas, a name alone is wanted: "88 euros, paperless".
_APART_BEFORE: Final = re.compile(r"(?:^|[,;:(] ?)$")
_APART_AFTER: Final = re.compile(r" ?(?:please|thanks)? ?(?:[,;.!)]|$)", re.IGNORECASE)
# What colour is not.
_COLOURED: Final = frozenset({"colour", "color", "coloured", "colored", "in_colour", "in_color"})
_COLOURLESS: Final = re.compile(
    r"(?<!\w)(?:black (?:and|&|n) white|b ?[&/] ?w|monochrome|gr[ae]y ?scale)(?!\w)", re.IGNORECASE
)
_LITTLE: Final = frozenset({"is", "has", "have", "with", "include", "includes", "want", "wants"})
_ONLY: Final = frozenset({"only", "just"})
_ENDING: Final = re.compile(r"(?:ing|ed|e|s)$")
_SHORT: Final = 4
_SEVERAL: Final = 2
_LONGEST: Final = 2000
_NEAR: Final = 40
_SURE: Final = 0.6


def said(parameter: Parameter, text: str, number: int) -> Reading | None:
    """What a message says of a boolean, if that is one thing alone."""
    if parameter.type != "boolean" or len(text) > _LONGEST:
        return None
    line = re.sub(r"\s", " ", text)
    found = list(_spoken_of(parameter.name, line)) or list(_meant(parameter, line))
    if len({value for _, _, value in found}) != 1:
        return None
    start, end, value = found[0]
    return Reading(value, Evidence(number, start, end, text[start:end], _SURE))


def _spoken_of(name: str, line: str) -> Iterator[tuple[int, int, bool]]:
    """Where a name stands beside a word that wants or declines it, with the words that decline."""
    for match in _name(name).finditer(line):
        before, after = line[: match.start()][-_NEAR:], line[match.end() :][:_NEAR]
        declined, needless = _DECLINED.search(before), _NEEDLESS.match(after)
        if (out := _OUT.match(after)) and (left := _LEAVES.search(before)):
            declined, needless = left, out
        if declined or needless:
            back = len(before) - declined.start() if declined else 0
            further = needless.end() if needless else 0
            yield match.start() - back, match.end() + further, False
        elif _is_wanted(before, match, after) or _is_told(match, line) or _is_done(match, line):
            yield *match.span(), True


def _meant(parameter: Parameter, line: str) -> Iterator[tuple[int, int, bool]]:
    """Where other words say the same: "only direct ones" of direct_only, "daily" of every_day."""
    if about := lacked(parameter.name):
        # What is to be left out is declined where this is wanted.
        yield from ((start, end, not value) for start, end, value in _spoken_of(about, line))
    if match := _restricted(parameter, line):
        yield *match.span(), True
    colourless = _COLOURLESS.search(line) if parameter.name.lower() in _COLOURED else None
    if colourless and not _DECLINED.search(line[: colourless.start()][-_NEAR:]):
        yield *colourless.span(), False
    period = repeats.period(humanized(parameter.name))
    said = repeats.said(line) if period else None
    if said and said[0] == period and not _DECLINED.search(line[max(0, said[1] - _NEAR) : said[1]]):
        yield said[1], said[2], True


def _is_wanted(before: str, name: re.Match[str], after: str) -> bool:
    """Whether a mention of the name wants it."""
    apart = _APART_BEFORE.search(before)
    if apart and (_APART_AFTER.match(after) or _DONE.match(after)):
        return True
    return bool(
        _GRANTED.match(after) or _WANTED.search(before) or name.group().lower().endswith("ed")
    )


def _is_told(name: re.Match[str], line: str) -> bool:
    """Whether a name of several words is said as it is: "the driver should take the empties"."""
    return len(name.group().split()) >= _SEVERAL and _is_clear(name, line)


def _is_done(name: re.Match[str], line: str) -> bool:
    """Whether a name is what is to be done, or done with: "force a restart", "run the tests too"."""
    before, after = line[: name.start()][-_NEAR:], line[name.end() :][:_NEAR]
    too = _TOO.match(after)
    rest = after[too.end() :] if too else after
    used = (too and _APART_AFTER.match(rest)) or (
        _USES.search(before) and (_APART_AFTER.match(rest) or _GOES_ON.match(rest))
    )
    return bool(used or (_HEADS.search(before) and _DONE_TO.match(after))) and _is_clear(name, line)


def _is_clear(name: re.Match[str], line: str) -> bool:
    """Whether nothing else in its clause makes it unclear that a name is wanted."""
    begins = [found.end() for found in _CLAUSE.finditer(line, 0, name.start())]
    ends = _CLAUSE.search(line, name.end())
    clause = line[max(begins, default=0) : ends.end() if ends else len(line)]
    return not _UNCLEAR.search(clause)


def _restricted(parameter: Parameter, line: str) -> re.Match[str] | None:
    """Where a message asks for nothing else than what an `..._only` is about: "only direct ones"."""
    words = humanized(parameter.name).split()
    about = [word for word in words if word not in _ONLY]
    if not about or len(about) == len(words):
        return None
    return _only(" ".join(about)).search(line)


@cache
def _only(about: str) -> re.Pattern[str]:
    name = r"[ _-]".join(map(re.escape, about.split()))
    return re.compile(
        rf"(?<!\w)(?<!not )(?:only|just|nothing but) (?:(?:the|a|an|those|ones|that|which|what|is|are|what's|with) ){{0,3}}{name}(?!\w)"
        rf"|(?<!\w)(?<!not ){name}(?: [^\W\d_]+){{0,2}} only(?!\w)",
        re.IGNORECASE,
    )


@cache
def _name(name: str) -> re.Pattern[str]:
    """A parameter's name in a text, with short endings: insured for insure."""
    words = [word for word in humanized(name).split() if word not in _LITTLE]
    between = rf"[ _-]{_ARTICLE}"
    own = between.join(map(_inflected, words or [humanized(name)]))
    return re.compile(rf"(?<!\w){own}(?!\w)", re.IGNORECASE)


def _inflected(word: str) -> str:
    stem = _ENDING.sub("", word)
    if (done := word.removesuffix("al")) in verbs.OF_WISHES or f"{done}e" in verbs.OF_WISHES:
        stem = done  # A rental is what one rents.
    return rf"{re.escape(stem)}\w{{0,4}}" if len(stem) >= _SHORT else rf"{re.escape(word)}s?"
