"""A day counted from the one that was spoken of: "and the day after?", "make it a week earlier"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.targets import continued, wording
from modelserver.tasks.types import Evidence

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.types import Call, Message, Occasion

_LONGEST: Final = 120
_COUNTS: Final = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_NUMBER: Final = rf"(?P<count>{'|'.join(_COUNTS)}|\d{{1,2}}) "
# Nothing follows that says from which other day: "the day after the party" is another matter.
_ENDS: Final = r"(?=\s*(?:$|[?.!,;]|(?:please|pls|instead|too|then|bitte|svp|por favor|per favore|alsjeblieft|graag)\b))"
_ENGLISH: Final = re.compile(
    rf"(?<!\w)(?:(?:the |{_NUMBER})?(?P<unit>day|week)s? (?P<way>after(?: that)?|later|before(?: that)?|earlier|sooner)"
    rf"|the (?P<side>next|following|previous) (?P<other>day|week)){_ENDS}",
    re.IGNORECASE,
)
# In German, French, Spanish, Italian, Portuguese and Dutch.
_ELSEWHERE: Final[dict[int, str]] = {
    1: "am (?:tag danach|nächsten tag|folgetag)|(?:und )?der tag danach|einen tag später|le lendemain|le jour (?:d'après|suivant)"
    "|un jour plus tard|(?:el|al) día (?:después|siguiente)|un día después|il giorno (?:dopo|seguente|successivo)|un giorno dopo"
    "|(?:o|no) dia (?:seguinte|depois)|um dia depois|de dag (?:erna|daarna)|een dag later",
    -1: "am tag (?:davor|zuvor)|(?:und )?der tag davor|einen tag früher|la veille|le jour d'avant|un jour plus tôt"
    "|(?:el|al) día (?:antes|anterior)|un día antes|il giorno prima|un giorno prima|(?:o|no) dia (?:anterior|antes)|um dia antes"
    "|de dag (?:ervoor|daarvoor)|een dag eerder",
    7: "eine woche (?:später|danach)|in der woche danach|une semaine plus tard|la semaine (?:d'après|suivante)|una semana después"
    "|una settimana dopo|uma semana depois|een week later|de week erna",
    -7: "eine woche (?:früher|davor)|une semaine plus tôt|la semaine d'avant|una semana antes|una settimana prima|uma semana antes"
    "|een week eerder|de week ervoor",
}  # fmt: skip
_FOREIGN: Final = {
    days: re.compile(rf"(?<!\w)(?:{said}){_ENDS}", re.IGNORECASE)
    for days, said in _ELSEWHERE.items()
}


def from_there(call: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion) -> Call:
    """The call with its one day, where the last message counts it from the day spoken of before.

    What a user said counts; a day that an answer told is a guess, to be asked back.
    """
    newest = types.newest(messages)
    days = [each for each in tool.parameters if each.format == "date"]
    counted = _said(messages[newest].said(0, 0)[0])
    if counted is None or len(days) != 1 or newest == 0:
        return call
    own = call.evidence.get(days[0].name)
    if own is not None and own.message == newest and not _lies_in(own, counted):
        return call
    spoken = continued.spoken_of(messages[:newest], occasion)
    if spoken is None:
        return call
    number, day = spoken
    start, end, by = counted
    sure = wording.SAID if messages[number].role == "user" else wording.UNSAID
    evidence = Evidence(newest, start, end, messages[newest].said(0, 0)[0][start:end], sure)
    name = days[0].name
    return replace(
        call,
        arguments={**call.arguments, name: (day + dt.timedelta(by)).isoformat()},
        evidence={**call.evidence, name: evidence},
        missing=tuple(each for each in call.missing if each != name),
        unusable=tuple(each for each in call.unusable if each != name),
    )


def _lies_in(own: Evidence, counted: tuple[int, int, int]) -> bool:
    return own.start < counted[1] and counted[0] < own.end


def _said(text: str) -> tuple[int, int, int] | None:
    """Where a text counts on or back from a day, and by how many."""
    if len(text) > _LONGEST:
        return None
    if found := _ENGLISH.search(text):
        unit = 7 if (found["unit"] or found["other"]).casefold() == "week" else 1
        back = (found["way"] or "").split(" ")[0].casefold() in {"before", "earlier", "sooner"}
        back = back or (found["side"] or "").casefold() == "previous"
        count = (found["count"] or "one").casefold()
        many = _COUNTS.get(count) or int(count)
        return *found.span(), (-1 if back else 1) * unit * many
    for days, form in _FOREIGN.items():
        if found := form.search(text):
            return *found.span(), days
    return None
