"""Whether a value is one for its parameter: the one check, of whoever finds it and whoever uses it.

The model server reads words and hands out values that pass here; extproc lets only such values
into a URL or a body, whoever says them. So nothing is read here: a day is written as 2026-05-31,
and "tomorrow" is none.

A pattern matches the whole value. It comes from the config and the value from whoever writes a
prompt, and one such as `(a+)+` takes minutes over letters chosen for it: what is not matched in
`SECONDS` does not match.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import re
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelserver.schema import Parameter

WRONG: Final = object()
"""In the place of a value that is none for its parameter."""
SECONDS: Final = 0.02
LONGEST: Final = 1024
"""Characters of a value that is read or matched; what is longer takes too long to look at."""

_MOST_WRITTEN_OUT: Final = 5_000
_VERBOSE: Final = re.compile(r"\(\?[a-zA-Z0-9-]*x")
_PIECE: Final = re.compile(
    r"""
    (?P<set>\[\^?\]?(?:[^\]\\]|\\.)*\])
    | (?P<note>\(\?\#[^)]*\))
    | (?P<opens>\()
    | (?P<closes>\))
    | (?P<repeats>\+|\{[^{}]*\d[^{}]*\})
    | (?P<one>\\[pPN]\{[^{}]*\}|\\.|.)
    """,
    re.DOTALL | re.VERBOSE,
)

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_TRUE: Final = frozenset({"true", "yes"})
_FALSE: Final = frozenset({"false", "no"})
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{1,2}):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII
)
_EMAIL: Final = re.compile(r"[^\s@<>]{1,64}@[^\s@<>.]+(?:\.[^\s@<>.]+)+")


def is_pattern(pattern: str) -> bool:
    """Whether this is a regular expression that can be matched."""
    return pattern_fault(pattern) is None


@lru_cache(256)
def pattern_fault(pattern: str) -> str | None:
    """Why this is none. What is too large is not even compiled, since that alone takes all memory."""
    if len(pattern) > LONGEST:
        return f"it has {len(pattern)} characters, the limit is {LONGEST}"
    if _VERBOSE.search(pattern) and "#" in pattern:
        return "it has comments, which are not read here"
    if _written_out(pattern) > _MOST_WRITTEN_OUT:
        return "repetitions within repetitions multiply to more than can be matched"
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        return str(error) or type(error).__name__
    return None


def _written_out(pattern: str) -> int:
    """How many pieces `regex` makes of it: each `{count}` is written out, and `x+` is `xx*` to it.

    No parser: of what is odd it may find more than there is, and never less.
    """
    open_groups, last = [0], 1  # their sizes, and that of what a repetition would repeat
    for found in _PIECE.finditer(pattern):
        match found.lastgroup:
            case "opens":
                open_groups.append(0)
                last = 0
            case "closes":
                last = open_groups.pop() if len(open_groups) > 1 else open_groups[0]
                open_groups[-1] += last
            case "repeats":
                counts = [int(digits) for digits in re.findall(r"\d+", found[0])]
                times = max(counts, default=2)
                open_groups[-1] += last * max(times - 1, 0)
                last *= max(times, 1)
            case _:
                last = 1
                open_groups[-1] += 1
    return sum(open_groups)


def matches(pattern: str, text: str) -> bool:
    """Whether the text as a whole is what the pattern says.

    JSON Schema's own `pattern` would be content with a part of it; but `[a-z]+` is written for a
    word, and whoever means a part can say `.*` around it.
    """
    if len(text) > LONGEST or pattern_fault(pattern):
        return False
    try:
        return regex.fullmatch(pattern, text, timeout=SECONDS) is not None
    except (TimeoutError, regex.error):
        return False


def is_blank(value: Any) -> bool:
    """Whether this says nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def checked(parameter: Parameter, value: Any) -> Any:
    """The value in the declared type and spelling, or `WRONG` when it does not fit."""
    if is_blank(value):
        return WRONG
    typed = _typed(parameter.type, parameter.items, value)
    if not isinstance(typed, list):
        return _fitting(parameter, typed)
    found = []
    for item in typed:
        # The first item that does not fit decides: each may cost a pattern's whole time.
        if (fitting := _fitting(parameter, item)) is WRONG:
            return WRONG
        found.append(fitting)
    return found


def is_fit(parameter: Parameter, value: Any) -> bool:
    """Whether a value of the right type, or an item of a list, is one as it stands."""
    return bool(_fitting(parameter, value) == value)


def _fitting(parameter: Parameter, value: Any) -> Any:
    """One value, or one item of a list, among the choices, in the format, within the bounds."""
    if value is not WRONG and parameter.enum:
        value = _chosen(parameter.enum, value)
    if isinstance(value, str) and parameter.format in _FORMATS:
        value = value.strip()
        if not _FORMATS[parameter.format](value):
            return WRONG
    return value if value is not WRONG and _is_within(parameter, value) else WRONG


def _typed(kind: str, items: str | None, value: Any) -> Any:
    match kind, value:
        case "boolean", bool():
            return value
        case "boolean", str() if value.strip().lower() in _TRUE | _FALSE:
            return value.strip().lower() in _TRUE
        case (("integer" | "number" | "string"), bool()):
            return WRONG
        case "integer", int():
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "integer", str() if _INTEGER.fullmatch(value.strip()):
            return int(value)
        case "number", int() | float() | str():
            return _number(value)
        case "string", str():
            return value
        case "string", int() | float():
            return str(value)
        case "array", list() | tuple():
            found = [_typed(items, None, item) for item in value] if items else list(value)
            return WRONG if any(item is WRONG for item in found) else found
        case "object", dict():
            return value
        case _:
            return WRONG


def _number(value: float | str) -> Any:
    try:
        number = float(value) if isinstance(value, str) else value
        return number if math.isfinite(number) else WRONG
    except (ValueError, OverflowError):
        return WRONG


def _chosen(choices: Sequence[Any], value: Any) -> Any:
    """The declared choice that is meant, in the spelling that was declared."""
    for choice in choices:
        # True equals 1 in Python, but not in JSON.
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    folded = _folded(value)
    return next((choice for choice in choices if _folded(choice) == folded), WRONG)


def _folded(value: Any) -> str:
    return str(value).strip().casefold()


def _is_within(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    if parameter.pattern and isinstance(value, str):
        return matches(parameter.pattern, value)
    return True


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _is_read_by(dt.date.fromisoformat)(text)


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and int(found[1]) < 24


def _is_date_time(text: str) -> bool:
    day = text[: len("2026-05-31")]
    return text != day and _is_date(day) and _is_read_by(dt.datetime.fromisoformat)(text)


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


# A format that is not here says something to the model alone, such as "city, state".
_FORMATS: Final[dict[str | None, Callable[[str], bool]]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "uri": _is_uri,
    "uuid": _is_read_by(uuid.UUID),
    "ipv4": _is_read_by(ipaddress.IPv4Address),
    "ipv6": _is_read_by(ipaddress.IPv6Address),
}
