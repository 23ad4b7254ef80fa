"""Names in seven languages of what has a number or a code: months, days, countries, currencies.

They are CLDR's, written out by `modelserver.training.names`, and read when first asked for.
Accents and capitals make no difference: people leave them out.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

SPOKEN: Final = ("en", "de", "fr", "es", "it", "pt", "nl")
KINDS: Final = ("months", "weekdays", "countries", "languages", "currencies")
FILE: Final = Path(__file__).parent / "cldr/names.json"


def folded(text: str) -> str:
    """A text without capitals, accents and doubled spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


@cache
def by_name(kind: str) -> dict[str, str]:
    """Folded name → code, of all languages; where two mean different things, the first holds."""
    found: dict[str, str] = {}
    for language in SPOKEN:
        for code, said in _read()[kind][language].items():
            for name in said:
                found.setdefault(folded(name), code)
    return found


@cache
def _read() -> dict[str, dict[str, dict[str, list[str]]]]:
    held: dict[str, dict[str, dict[str, list[str]]]] = json.loads(FILE.read_text("utf-8"))
    return held


def of(kind: str, language: str) -> dict[str, list[str]]:
    """Code → names in one language."""
    return _read()[kind][language]
