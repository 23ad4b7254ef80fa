"""Texts as the parameter wants them: a code, a place, a day, the spelling of an example."""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import codes, edges, languages
from modelserver.tasks.values.moments import moment

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.types import Occasion

_QUOTES: Final = "\"'“”‘’`«»„"
_EXAMPLES: Final = re.compile(
    r"(?:e\.?g\.?,?|for example,?|for instance,?|such as|like|i\.e\.,?|example:|one of:?)\s*([^.;)]+)",
    re.IGNORECASE,
)
_CODE_WANTED: Final = re.compile(
    r"\bcode\b|two[- ]letter|2[- ]letter|three[- ]letter|\biso\b|abbreviat|4217|639|3166"
    r"|\bkürzel\b|\bcódigo\b|\bcodice\b"
)
_CODED: Final = (
    (re.compile(r"currenc|4217|währung|devise|moneda|valuta|moeda"), "currencies"),
    (re.compile(r"language|locale|639|sprache|langue|idioma|lingua|taal"), "languages"),
    (re.compile(r"country|3166|nation|land\b|pays|país|paese"), "countries"),
    (re.compile(r"\bstate\b"), "states"),
)
_TITLED: Final = re.compile(
    r"(?:mr|mrs|ms|miss|dr|prof|professor|doctor|frau|herrn?|doktor|monsieur|madame|mme|mlle|docteur|señora?|señorita|sra?"
    r"|doctora?|signore?|signora|signorina|dott|dottore?|dottoressa|senhora?|doutora?|meneer|mevrouw|dhr|mevr|dokter)"
    r"(?: dr| prof)?\.? (?P<name>\w[\w'’-]*(?: \w[\w'’.-]*){0,3})",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(
    r"\b(?:names?|person|who|doctor|physician|dentist|vet|therapist|specialist|patient|teacher|guest|customer|client"
    r"|contact|employee|recipient|lawyer|tenant|member|student|colleague|driver|passenger|host|attendee|nurse)\b"
)
# A film may be called so, and who asks for titles gets them.
_TITLE_BELONGS: Final = re.compile(
    r"\b(?:title|titled|movie|film|book|show|song|series|product|company|street|place|dr|mr|mrs|ms|prof)\b"
)


def text(parameter: Parameter, said: str, occasion: Occasion) -> str | None:
    """A text in the form that name and description ask for; as it was said when for none."""
    bare = _bare(said)
    if not bare:
        return None
    around = f"{parameter.name.replace('_', ' ')}: {parameter.description}"
    if told := moment(parameter, around, bare, occasion):
        return told
    bare = edges.without_article(parameter, bare, languages.chosen(occasion.language))
    return (
        _code(around, bare)
        or _place(around, bare)
        or _like_example(parameter, bare)
        or _untitled(around, bare)
        or bare
    )


def is_person(around: str) -> bool:
    """Whether a parameter's name and description, in small letters, ask for somebody."""
    return bool(_PERSON.search(around))


def _untitled(around: str, said: str) -> str | None:
    """A person's name without what stands before it: "Dr. Adler" is one Adler."""
    titled = _TITLED.fullmatch(said)
    asked = around.lower()
    if titled is None or not is_person(asked) or _TITLE_BELONGS.search(asked):
        return None
    return titled["name"]


def respelt(said: str) -> tuple[str, ...]:
    """Other spellings of a text, for a pattern that it does not match as it is."""
    dashed = re.sub(r"[\s_-]+", "-", said)
    closed = re.sub(r"[\s_-]+", "", said)
    ways = (said.upper(), said.lower(), dashed, closed, said.lstrip("#@$"), dashed.upper())
    return tuple(dict.fromkeys((*ways, closed.upper())))


def _bare(said: str) -> str:
    """Without quotes and punctuation at the ends, unless brackets or dots belong to it."""
    text = said.strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    if text.startswith("#") and text[1:].isdigit():
        text = text[1:]
    return text.rstrip(",;:") or text


def _code(around: str, said: str) -> str | None:
    """Codes of countries, languages, currencies and states, where one is asked for."""
    asked = around.lower()
    if re.search(r"ticker|stock symbol", asked):
        return codes.TICKERS.get(said.lower())
    if not _CODE_WANTED.search(asked):
        return None
    kinds = (kind for words, kind in _CODED if words.search(asked))
    return next((code for kind in kinds if (code := codes.coded(kind, said))), None)


def _place(around: str, said: str) -> str | None:
    """`Austin Texas` and `Austin` as `Austin, TX` where "city, state" is asked for."""
    asked = around.lower()
    if re.search(r"city,? (?:and |& )?state|city, st\b|[a-z ]+, (?:ca|ny|tx|ma|il|wa|fl)\b", asked):
        city, state = _split_state(said)
        known = codes.US_CITIES.get(city.lower())
        short = bool(re.search(r", [A-Z]{2}\b|abbrev|two[- ]letter", around))
        if state:
            return f"{city}, {state if short else _state_as_said(said, state)}"
        return f"{city}, {known}" if known and short else None
    if re.search(r"\bCity,? (?:and )?[Cc]ountry|city and country", around) and "," not in said:
        country = codes.CITIES.get(said.lower())
        if country is None and said.lower() in codes.US_CITIES:
            country = "USA"
        return f"{said}, {country}" if country else None
    return None


def _split_state(said: str) -> tuple[str, str | None]:
    """City and the code of its state, when the text names one."""
    if re.fullmatch(r"(.+?)(?:,\s*|\s+)([A-Za-z. ]+)", said):
        for cut in range(1, len(said)):
            city, rest = said[:cut].strip(", "), said[cut:]
            if not city or not re.match(r"[,\s]", rest):
                continue
            named = rest.strip(", .").lower().replace(".", "")
            if named in codes.STATES:
                return city, codes.STATES[named]
            if named.upper() in codes.STATES.values() and ("," in rest or rest.strip().isupper()):
                return city, named.upper()
    return said, None


def _state_as_said(said: str, state: str) -> str:
    words = re.split(r",\s*", said)
    return words[-1] if len(words) > 1 else state


def examples(description: str) -> list[str]:
    """The values that a description gives as examples."""
    return [
        example.strip().strip(_QUOTES)
        for match in _EXAMPLES.finditer(description)
        for example in re.split(r",|\bor\b|\band\b|/", match.group(1))
    ]


def _like_example(parameter: Parameter, said: str) -> str | None:
    """The spelling of an example in the description that is the same word."""
    for plain in examples(parameter.description):
        same = re.sub(r"[\s_-]+", " ", plain).lower() == re.sub(r"[\s_-]+", " ", said).lower()
        if plain and same:
            return plain
        shape = re.fullmatch(r"[A-Z]{2,5}-?\d+", plain)
        if shape and re.fullmatch(r"[a-z]{2,5}-?\d+", said):
            return said.upper()
    return None
