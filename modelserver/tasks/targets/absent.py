"""Who is said to be ill, away or unable to come: the one whose place another takes."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 600
# English, German, French, Spanish, Italian, Portuguese, Dutch.
_AWAY: Final = r"""
(?:(?:\ (?:is|was|will\ be|has\ called\ in)|['\u2019]s)\ (?:ill|sick|off(?!\ to)|unwell|away|absent|unavailable|on\ (?:leave|holiday|vacation)|leaving)
|\ (?:can['\u2019]?t|cannot|can\ not|won['\u2019]?t)(?:\ (?:do|make|come|be\ there|attend|work|take)\b)
|\ (?:has\ (?:quit|resigned|retired)|quits|retires|steps\ (?:back|down)|called\ in\ sick)
|\ (?:ist\ (?:krank|weg|verhindert|im\ urlaub)|kann\ nicht|fällt\ aus)
|\ (?:est\ (?:malade|absente?|en\ congé)|ne\ peut\ pas)
|\ (?:está\ (?:enferm[oa]|de\ baja|de\ vacaciones)|no\ puede)
|\ (?:è\ (?:malat[oa]|assente|in\ ferie)|non\ può)
|\ (?:está\ (?:doente|ausente|de\ férias)|não\ pode)
|\ (?:is\ (?:ziek|weg|met\ vakantie)|kan\ niet)
)(?!\w)
"""
_FOLLOWS: Final = re.compile(_AWAY, re.IGNORECASE | re.VERBOSE)
_NOBODY: Final = (
    r"i|we|he|she|it|they|you|this|that|who|which|what|there|one|nobody|everybody|somebody|someone|everyone|ich|er|sie|es|wir"
    r"|il|elle|on|nous|ils|elles|él|ella|ellos|yo|lui|lei|ele|ela|eu|hij|zij|ze|ik|the|a|an"
)
_NAMED: Final = re.compile(
    rf"(?:^|[.,;:!?\n]\s*+|(?<!\w)(?:since|because|as|so|and|but|weil|da|parce\ que|porque|perch[ée]|omdat)\ )"
    rf"(?P<name>(?!(?:{_NOBODY})\b)[^\W\d_]{{2,30}}(?:\ [^\W\d_]{{2,30}})?)(?={_AWAY})",
    re.IGNORECASE | re.VERBOSE,
)


def follows(name: str, text: str, end: int) -> bool:
    """Whether words behind a name say that whom it names is away."""
    return not any(map(str.isdecimal, name)) and _FOLLOWS.match(text, end) is not None


def spot(text: str) -> tuple[int, int] | None:
    """Where the one who is said to be away is named; None where it is nobody, or not one alone."""
    found = [match.span("name") for match in _NAMED.finditer(text[:_LONGEST])]
    return found[0] if len(found) == 1 else None
