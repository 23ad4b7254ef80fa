"""A yes or no that a message says in plain words: "with gift wrap", "insured", "no porter needed".

Read where the parameter's own name stands right beside a word that wants or declines it; all
that is said in other ways is the model's to judge.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence

if TYPE_CHECKING:
    from modelserver.schema import Parameter

_ARTICLE: Final = r"(?:(?:a|an|the|any|some|my|our|her|his|their|your|it|them) )?"
_NOT: Final = r"(?:do|does|did|is|are|was|were|need|must|should)(?:n['\u2019]?t| not)"
_DECLINED: Final = re.compile(
    rf"(?<!\w)(?:without|no|not|nor|never|skip|omit|no need (?:for|to|of)|instead of|rather than"
    rf"|{_NOT}(?: (?:need|want|require|have|has|bother))?(?: (?:to be|to|with))?) {_ARTICLE}(?:to be )?$",
    re.IGNORECASE,
)
_WANTED: Final = re.compile(
    rf"(?<!\w)(?:with|and|plus|including|includes?|adding|add|want|needs?|also|send) {_ARTICLE}$",
    re.IGNORECASE,
)
_NEEDLESS: Final = re.compile(
    r" (?:is|are)?(?:n['\u2019]t| not|) ?(?:be )?(?:not |un)(?:needed|necessary|required|wanted)"
    r"| (?:is|are)(?:n['\u2019]t| not) (?:needed|necessary|required|wanted)",
    re.IGNORECASE,
)
# Set apart by commas, a name alone is wanted: "88 euros, paperless".
_APART_BEFORE: Final = re.compile(r"(?:^|[,;:(] ?)$")
_APART_AFTER: Final = re.compile(r" ?(?:please|thanks)? ?(?:[,;.!)]|$)", re.IGNORECASE)
_LITTLE: Final = frozenset({"is", "has", "have", "with", "include", "includes", "want", "wants"})
_ENDING: Final = re.compile(r"(?:ing|ed|e|s)$")
_SHORT: Final = 4
_LONGEST: Final = 2000
_NEAR: Final = 40
_SURE: Final = 0.6


def said(parameter: Parameter, text: str, number: int) -> Reading | None:
    """What a message says of a boolean, if that is one thing alone."""
    if parameter.type != "boolean" or len(text) > _LONGEST:
        return None
    line = re.sub(r"\s", " ", text)
    found = [
        (match, value)
        for match in _name(parameter.name).finditer(line)
        if (value := _wish(line[max(0, match.start() - _NEAR) : match.start()], match, line))
        is not None
    ]
    if len({value for _, value in found}) != 1:
        return None
    match, value = found[0]
    evidence = Evidence(
        number, match.start(), match.end(), text[match.start() : match.end()], _SURE
    )
    return Reading(value, evidence)


def _wish(before: str, name: re.Match[str], line: str) -> bool | None:
    """Whether a mention of the name wants it, declines it, or neither."""
    after = line[name.end() : name.end() + _NEAR]
    if _DECLINED.search(before) or _NEEDLESS.match(after):
        return False
    apart = _APART_BEFORE.search(before) and _APART_AFTER.match(after)
    if apart or _WANTED.search(before) or name.group().endswith("ed"):
        return True
    return None


@cache
def _name(name: str) -> re.Pattern[str]:
    """A parameter's name in a text, with short endings: insured for insure."""
    words = [word for word in humanized(name).split() if word not in _LITTLE]
    between = rf"[ _-]{_ARTICLE}"
    own = between.join(map(_inflected, words or [humanized(name)]))
    return re.compile(rf"(?<!\w){own}(?!\w)", re.IGNORECASE)


def _inflected(word: str) -> str:
    stem = _ENDING.sub("", word)
    return rf"{re.escape(stem)}\w{{0,4}}" if len(stem) >= _SHORT else rf"{re.escape(word)}s?"
