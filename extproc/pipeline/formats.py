"""Values in the format that a parameter declares, in JSON Schema's names for formats.

A date is taken as people say it ("tomorrow", "next Friday", "the 3rd of May") and becomes
the day that is meant, counted from today. A format that is not in `SHOWN` says something to
the model alone, such as "city, state", and is not checked.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN: Final = {
    "date": "such as 2026-05-31",
    "time": "such as 14:30",
    "date-time": "such as 2026-05-31T14:30:00",
    "email": "such as ann@example.com",
    "uri": "such as https://example.com",
    "uuid": "a UUID",
    "ipv4": "such as 192.0.2.7",
    "ipv6": "such as 2001:db8::7",
}
"""How a question shows what it asks for."""

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NEAR: Final = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2,
    "day after tomorrow": 2, "in a week": 7, "a week from today": 7, "a week from now": 7,
}  # fmt: skip
_WEEKDAY: Final = re.compile(rf"(?:on |this |coming |this coming |next )?({'|'.join(_DAYS)})")
_AHEAD: Final = re.compile(r"in (\d{1,3}) (day|week)s?")
_MONTH: Final = "|".join([*(rf"{name[:3]}(?:{name[3:]})?" for name in _MONTHS), "sept"])
_DAY_MONTH: Final = re.compile(
    rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\.?(?:,? (\d{{4}}))?"
)
_MONTH_DAY: Final = re.compile(
    rf"({_MONTH})\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?"
)
_TIME: Final = re.compile(r"(\d{1,2}):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")
_EMAIL: Final = re.compile(r"[^\s@<>]{1,64}@[^\s@<>.]+(?:\.[^\s@<>.]+)+")


def formed(name: str | None, text: str, today: dt.date) -> str | None:
    """The text in the format, or None when it is nothing of the kind."""
    if name == "date":
        day = date(text, today)
        return None if day is None else day.isoformat()
    check = _CHECKS.get(name or "")
    text = text.strip() if check else text
    return text if check is None or check(text) else None


def date(text: str, today: dt.date) -> dt.date | None:
    """The day that is meant; a weekday or a day without a year is the next one to come."""
    said = " ".join(text.lower().replace(",", " ").split())
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        pass
    if said in _NEAR:
        return today + dt.timedelta(_NEAR[said])
    if ahead := _AHEAD.fullmatch(said):
        return today + dt.timedelta(int(ahead[1]) * (7 if ahead[2] == "week" else 1))
    if weekday := _WEEKDAY.fullmatch(said):
        ahead_by = (_DAYS.index(weekday[1]) - today.weekday()) % 7
        return today + dt.timedelta(ahead_by or 7)
    if named := _DAY_MONTH.fullmatch(said):
        return _named(int(named[1]), named[2], named[3], today)
    if named := _MONTH_DAY.fullmatch(said):
        return _named(int(named[2]), named[1], named[3], today)
    return None


def _named(day: int, month: str, year: str | None, today: dt.date) -> dt.date | None:
    number = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(month[:3]))
    try:
        if year:
            return dt.date(int(year), number, day)
        found = dt.date(today.year, number, day)
        return found if found >= today else dt.date(today.year + 1, number, day)
    except ValueError:
        return None


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and int(found[1]) < 24


def _is_date_time(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return len(text) > len("2026-05-31")


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and not re.search(r"\s", text)


def _is_read_by(read: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "time": _is_time,
    "date-time": _is_date_time,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "uri": _is_uri,
    "uuid": _is_read_by(uuid.UUID),
    "ipv4": _is_read_by(ipaddress.IPv4Address),
    "ipv6": _is_read_by(ipaddress.IPv6Address),
}
