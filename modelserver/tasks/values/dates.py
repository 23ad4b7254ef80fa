"""Days as people say them, in seven languages, to the day that is meant.

A weekday, or a day without a year, is the next one to come. What is counted from today needs
to be told which day that is; without, only complete dates are read.

dateparser was tried: of 52 ways to say a day in these languages it read 36 (no "nächsten
Freitag", no "pasado mañana"), took "5" and "May" for days, and cost 1.7 ms a call, 0.8 s and
20 MB for the seven. dateutil knows English alone, and fills what is not said from today.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import languages, names, spelled

if TYPE_CHECKING:
    from modelserver.tasks.types import Occasion

_NEAR: Final = {
    -2: "day before yesterday, the day before yesterday, vorgestern, avant-hier, anteayer,"
    " antes de ayer, l'altro ieri, anteontem, eergisteren",
    -1: "yesterday, gestern, hier, ayer, ieri, ontem, gisteren",
    0: "today, tonight, now, this evening, heute, heute abend, jetzt, aujourd'hui, ce soir, hoy,"
    " esta noche, oggi, stasera, hoje, hoje à noite, vandaag, vanavond",
    1: "tomorrow, tomorrow morning, tomorrow evening, tomorrow night, morgen, morgen früh,"
    " morgen abend, demain, demain matin, demain soir, mañana, mañana por la mañana, domani,"
    " domani mattina, domani sera, amanhã, amanhã de manhã, morgenochtend, morgenavond",
    2: "day after tomorrow, the day after tomorrow, übermorgen, après-demain, pasado mañana,"
    " dopodomani, depois de amanhã, overmorgen",
    7: "in a week, a week from today, a week from now, heute in einer woche, in einer woche,"
    " dans une semaine, en una semana, tra una settimana, em uma semana, over een week",
}  # fmt: skip
_UNITS: Final = {
    1: "day days tag tage tagen jour jours dia dias giorno giorni dag dagen",
    7: "week weeks woche wochen semaine semaines semana semanas settimana settimane weken",
}
_LEAD: Final = (
    "on|by|for|from|until|till|since|before|after|starting|beginning|due|this|coming|the coming"
    "|next|the next|of|the|am|ab|bis|seit|vor|zum|vom|den|dem|der|diesen|dieser|kommenden|kommender"
    "|nächsten|nächster|nachsten|le|du|au|dès|depuis|avant|ce|el|la|del|al|desde|hasta|este|esta"
    "|próximo|próxima|proximo|proxima|il|lo|da|dal|entro|fino a|fino al|questo|questa|prossimo"
    "|prossima|o|a|no|na|em|dia|até|ate|neste|nesta|op|vanaf|tot|deze|volgende|aanstaande|komende"
    "|per|l'|jusqu'au"
)
_TRAIL: Final = (
    r"prochaine?|qui vient|que viene|próxim[oa]|proxim[oa]|prossim[oa]|que vem|aanstaande"
    r"|coming|next"
)
_LAST: Final = re.compile(
    r"(?:the )?(?:last|letzte[nrm]?|vergangene[nrm]?|vorige[nr]?|(?:el |a )?ultim[oa]|afgelopen) (.+)"
    r"|(?:.{1,3} )?(\S+) (?:dernier|pasad[oa]|scors[oa]|passad[oa])"
)
_ORDINAL: Final = r"(?:st|nd|rd|th|er|re|ere|e|ste|de|º|ª|°|\.)?"
_LINK: Final = r"(?:[\s.,]+|\s*-\s*)(?:(?:of|de|di|del|do|van|den)\s+)?"
_ISO: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMERIC: Final = re.compile(
    r"(?<![\d.])(\d{1,2})\s?([/.-])\s?(\d{1,2})(?:\2\s?(\d{4}|\d{2})|\.)?(?![\d/-])"
)
_IN: Final = re.compile(r"(?:in|dans|en|tra|fra|em|daqui a|dentro de|over|binnen|d'ici) (.+)")
_FROM_NOW: Final = re.compile(r"(.+) (?:from now|from today|ab heute|later)")
_AGO: Final = re.compile(
    r"(?:vor|il y a|hace|ha) (.+)|(.+) (?:ago|fa|atras|geleden)"
)  # fmt: skip
_THE_DAY: Final = re.compile(
    r"(?:(?:on|by|for|from|until|till|bis|ab|desde|hasta|dal|entro) )?"
    r"(?:the (\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)|(?:am|den|zum|der) (\d{1,2})\.?"
    r"|(?:le|el|il|dia|el dia|o dia|no dia|de) (\d{1,2})(?:er|e)?)"
)


def date(text: str, occasion: Occasion, *, day_first: bool = False) -> dt.date | None:
    """The day a text says, or None when it says none."""
    said = names.folded(text.replace(",", " ")).strip(" .!?")
    try:
        return _complete(said, occasion, day_first=day_first) or (
            _next(said, occasion.today, _is_day_first(said, occasion, day_first=day_first))
            if occasion.today
            else None
        )
    except (ValueError, OverflowError):
        return None


def spoken_of(text: str, occasion: Occasion) -> dt.date | None:
    """A day that stands somewhere in a text with its month, or None."""
    said = names.folded(text.replace(",", " "))
    try:
        if found := _complete(said, occasion, day_first=False):
            return found
        for form in (_day_month(dated=False), _month_day(dated=False)):
            if occasion.today and (match := form.search(said)):
                return _to_come(_number(match["month"]), int(match["day"]), occasion.today)
    except (ValueError, OverflowError):
        return None
    return None


def month(text: str) -> int | None:
    """The number of a month that is named."""
    for word in re.findall(r"[^\W\d_]+", names.folded(text)):
        if number := names.by_name("months").get(word):
            return int(number)
    return None


def _complete(said: str, occasion: Occasion, *, day_first: bool) -> dt.date | None:
    """A date with its year, wherever in the text it stands."""
    if match := _ISO.search(said):
        return dt.date(*(int(part) for part in match.groups()))
    if match := _day_month().search(said):
        return _dated(match["year"], match["month"], match["day"])
    if match := _month_day().search(said):
        return _dated(match["year"], match["month"], match["day"])
    if (match := _NUMERIC.search(said)) and match[4]:
        number, day = _numeric(match, day_first=_is_day_first(said, occasion, day_first=day_first))
        return dt.date(_year(match[4]), number, day)
    return None


def _next(said: str, today: dt.date, day_first: bool) -> dt.date | None:
    """A day counted from today, or the next one of its kind."""
    shorter = _bare(said)
    if (near := _near().get(said, _near().get(shorter))) is not None:
        return today + dt.timedelta(near)
    if (days := _away(said)) is not None:
        return today + dt.timedelta(days)
    if match := _THE_DAY.fullmatch(said):
        return _next_day(int(next(filter(None, match.groups()))), today)
    if shorter in _weekdays():
        return today + dt.timedelta((_weekdays()[shorter] - today.weekday()) % 7 or 7)
    if (match := _LAST.fullmatch(said)) and (gone := match[1] or match[2]) in _weekdays():
        return today - dt.timedelta((today.weekday() - _weekdays()[gone]) % 7 or 7)
    named = _without_weekday(shorter)
    named = named if re.search(r"\d", named) else spelled.throughout(named, keep=_weekdays())
    for form in (_day_month(dated=False), _month_day(dated=False)):
        if match := form.fullmatch(named):
            return _to_come(_number(match["month"]), int(match["day"]), today)
    if (match := _NUMERIC.fullmatch(named)) and not match[4] and match[2] in "./":
        return _to_come(*_numeric(match, day_first=day_first), today)
    return None


def _away(said: str) -> int | None:
    """`in 3 days`, `two weeks from now`, `il y a 3 jours`, in days."""
    for form, sign in ((_AGO, -1), (_IN, 1), (_FROM_NOW, 1)):
        if match := form.fullmatch(said):
            amount = next(filter(None, match.groups()))
            count, _, unit = amount.rpartition(" ")
            length = _lengths().get(unit)
            number = int(count) if count.isdigit() else spelled.whole(count)
            if length and number is not None:
                return sign * length * number
    return None


def _next_day(day: int, today: dt.date) -> dt.date | None:
    """The next day with this number: of this month, or of one that has it."""
    for ahead in range(3):
        year, month = divmod(today.month - 1 + ahead, 12)
        try:
            found = dt.date(today.year + year, month + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _to_come(number: int, day: int, today: dt.date) -> dt.date:
    found = dt.date(today.year, number, day)
    return found if found >= today else dt.date(today.year + 1, number, day)


def _is_day_first(said: str, occasion: Occasion, *, day_first: bool) -> bool:
    """Whether 3/4 is the third of April: so it is written everywhere but in America."""
    language = occasion.language
    elsewhere = language is not None and language.lower() not in {"en", "en-us", "en_us"}
    return day_first or elsewhere or languages.guessed(said) not in {None, "en"}


def _numeric(match: re.Match[str], *, day_first: bool) -> tuple[int, int]:
    """Month and day."""
    first, second = int(match[1]), int(match[3])
    return (second, first) if day_first or match[2] == "." or first > 12 else (first, second)


def _dated(year: str, name: str, day: str) -> dt.date:
    return dt.date(_year(year), _number(name), int(day))


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _number(name: str) -> int:
    return int(names.by_name("months")[name])


def _bare(said: str) -> str:
    """Without the words around a day."""
    while (shorter := _lead().sub("", said)) != said:
        said = shorter
    return re.sub(rf"\s+(?:{_TRAIL})$", "", said)


def _without_weekday(said: str) -> str:
    """`friday the 6th of march` without its first word."""
    first, _, rest = said.partition(" ")
    return _bare(rest) if first.strip(".") in _weekdays() and rest else said


@cache
def _lead() -> re.Pattern[str]:
    return re.compile(rf"^(?:{names.folded(_LEAD)})(?:\s+|(?<='))")


@cache
def _near() -> dict[str, int]:
    return {names.folded(said): days for days, all_ in _NEAR.items() for said in all_.split(",")}


@cache
def _lengths() -> dict[str, int]:
    return {unit: days for days, units in _UNITS.items() for unit in units.split()}


@cache
def _weekdays() -> dict[str, int]:
    """Monday is 0; Portuguese says `segunda` for `segunda-feira`, English writes `mon`."""
    found = {name: int(number) for name, number in names.by_name("weekdays").items()}
    found |= {n.removesuffix("-feira"): k for n, k in found.items() if n.endswith("-feira")}
    short = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    return (
        found | {name: k for k, name in enumerate(short)} | {"tues": 1, "thurs": 3, "sonnabend": 5}
    )


@cache
def _months() -> str:
    return "|".join(sorted(map(re.escape, names.by_name("months")), key=len, reverse=True))


@cache
def _day_month(*, dated: bool = True) -> re.Pattern[str]:
    """`3rd of May 2026`, `4. März`, `3 de mayo de 2026`."""
    year = r"\.?(?:\s*[,]?\s*(?:de |del |di |do |van )?(?P<year>\d{4})\b)"
    return re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}}){_ORDINAL}(?:{_LINK})(?P<month>{_months()})"
        + (year if dated else r"\.?")
    )


@cache
def _month_day(*, dated: bool = True) -> re.Pattern[str]:
    """`May 3rd, 2026`, the way of English."""
    year = r",?\s+(?P<year>\d{4})\b"
    return re.compile(
        rf"\b(?P<month>{_months()})\.?,? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
        + (year if dated else "")
    )
