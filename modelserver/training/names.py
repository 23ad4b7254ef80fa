"""The names of months, days, countries, languages and currencies, written out from CLDR.

    python -m modelserver.training.names

Babel has them, but costs a server 14 MB of memory and 36 MB of disk for seven languages
(pycountry 13 and 23, and names in English only). So its data are taken when this is run, not
when a prompt comes: what is written is one small file that is read when first needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import Locale
from babel.core import get_global

from modelserver.tasks.values import names

_CODE = re.compile(r"[A-Z]{2}")


def from_cldr() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Kind of thing → language → code → the names of it, the usual one first."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {kind: {} for kind in names.KINDS}
    for language in names.SPOKEN:
        locale = Locale(language)
        found["months"][language] = _calendar(locale.months, range(1, 13))
        found["weekdays"][language] = _calendar(locale.days, range(7))
        found["countries"][language] = _plain(
            (code, name) for code, name in locale.territories.items() if _CODE.fullmatch(code)
        )
        found["languages"][language] = _plain(
            (code, name) for code, name in locale.languages.items() if len(code) == 2
        )
        found["currencies"][language] = _currencies(locale)
    return found


def _calendar(
    forms: Mapping[str, Mapping[str, Mapping[int, str]]], numbers: Iterable[int]
) -> dict[str, list[str]]:
    """Long and short names; weekdays have long ones alone: `mar` is a month, too."""
    widths = ("wide", "abbreviated") if 12 in numbers else ("wide",)
    return {
        str(number): _once(
            forms[use][width][number].rstrip(".").lower()
            for width in widths
            for use in ("format", "stand-alone")
        )
        for number in numbers
    }


def _plain(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    return {code: [name] for code, name in sorted(pairs)}


def _currencies(locale: Locale) -> dict[str, list[str]]:
    """The currencies that are money today, in the singular and the plural."""
    current = {
        code
        for each in get_global("territory_currencies").values()
        for code, _start, end, tender in each
        if end is None and tender
    }
    plurals = locale._data["currency_names_plural"]  # noqa: SLF001  babel counts no word by itself
    return {
        code: _once([locale.currencies[code], *dict(plurals.get(code, {})).values()])
        for code in sorted(current)
        if code in locale.currencies
    }


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def main(path: Path = names.FILE) -> None:
    text = json.dumps(from_cldr(), ensure_ascii=False, separators=(",", ":"))
    path.write_text(text.replace('"},"', '"},\n"') + "\n", "utf-8")


if __name__ == "__main__":
    main()
