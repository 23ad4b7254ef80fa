"""Units that people say, and the one that a description asks for.

pint was tried: 0.3 s and 15 MB to import, 0.7 s with its registry, English names alone; a
parameter asks for some fifty units, and their factors are these.
"""

from __future__ import annotations

import re
from typing import Final

Unit = tuple[str, float]
"""Dimension, and factor to the dimension's base."""

_TABLE: Final[tuple[tuple[str, float, str], ...]] = (
    ("length", 1e-3, "mm millimetre millimetres millimeter millimeters millimètres milímetros"),
    ("length", 1e-2, "cm centimetre centimetres centimeter centimeters zentimeter centimètre"),
    ("length", 1e-2, "centimètres centímetro centímetros centimetro centimetri"),
    ("length", 1.0, "m metre metres meter meters metern mètre mètres metro metros metri"),
    ("length", 1e3, "km kilometre kilometres kilometer kilometers kilometern kms kilomètre"),
    ("length", 1e3, "kilomètres kilómetro kilómetros chilometro chilometri quilômetro quilômetros"),
    ("length", 1e3, "quilómetro quilómetros"),
    ("length", 0.0254, "inch inches zoll pouce pouces pulgada pulgadas pollici polegadas"),
    ("length", 0.3048, "ft foot feet"),
    ("length", 1609.344, "mi mile miles meilen"),
    ("length", 1e-9, "nm nanometre nanometres nanometer nanometers"),
    ("length", 1e-6, "µm um micrometre micrometres micrometer micrometers micron microns"),
    ("mass", 1e-6, "mg milligram milligrams milligramm milligrammes"),
    ("mass", 1e-3, "g gram grams gramm gramme grammes gramo gramos grammo grammi grama gramas"),
    ("mass", 1.0, "kg kilo kilos kilogram kilograms kgs kilogramm kilogrammes chilo chili quilo"),
    ("mass", 1.0, "quilos kilogramos"),
    ("mass", 1e3, "tonne tonnes tonnen toneladas tonnellate ton"),
    ("mass", 0.45359237, "lb lbs pound pounds"),
    ("mass", 0.028349523125, "oz ounce ounces"),
    ("volume", 1e-3, "ml millilitre millilitres milliliter milliliters"),
    ("volume", 1.0, "l litre litres liter liters litern litro litros litri"),
    ("time", 1e-3, "ms millisecond milliseconds millisekunden"),
    ("time", 1.0, "s sec secs second seconds sekunde sekunden secondes seconde segundo segundos"),
    ("time", 1.0, "secondo secondi seconden"),
    ("time", 60.0, "min mins minute minutes minuten minuto minutos minuti minuut"),
    ("time", 3600.0, "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur uren"),
    ("time", 86400.0, "day days tag tage tagen jour jours día días dia dias giorno giorni dag"),
    ("time", 86400.0, "dagen"),
    ("time", 604800.0, "week weeks woche wochen semaine semaines semana semanas settimana"),
    ("time", 604800.0, "settimane weken"),
    ("months", 1.0, "month months monat monate monaten mois mes meses mese mesi mês maand maanden"),
    ("months", 12.0, "year years yr yrs jahr jahre jahren an ans année années año años anno anni"),
    ("months", 12.0, "ano anos jaar"),
    ("frequency", 1.0, "hz hertz"),
    ("frequency", 1e3, "khz kilohertz"),
    ("frequency", 1e6, "mhz megahertz"),
    ("frequency", 1e9, "ghz gigahertz"),
    ("power", 1.0, "w watt watts"),
    ("power", 1e3, "kw kilowatt kilowatts"),
    ("concentration", 1.0, "mol/l molar"),
    ("concentration", 1e-3, "millimolar"),
    ("charge", 1.0, "coulomb coulombs"),
    ("charge", 1e-6, "µc microcoulomb microcoulombs"),
    ("charge", 1e-9, "nc nanocoulomb nanocoulombs"),
    ("speed", 1.0, "m/s"),
    ("speed", 1 / 3.6, "km/h kph kmh"),
    ("speed", 0.44704, "mph"),
    ("storage", 1.0, "mb megabyte megabytes"),
    ("storage", 1e3, "gb gigabyte gigabytes"),
    ("storage", 1e6, "tb terabyte terabytes"),
)  # fmt: skip
_UNITS: Final[dict[str, Unit]] = {
    name: (dimension, factor) for dimension, factor, names in _TABLE for name in names.split()
}
SECONDS: Final = _UNITS["s"]
MONTHS: Final = _UNITS["months"]
# Units after a number only: as words of a description they mean others.
_AFTER_NUMBERS_ONLY: Final = frozenset(
    {"m", "s", "h", "g", "l", "w", "min", "second", "an", "ans", "ore", "mes", "dag", "ton", "chili", "zoll", "media", "segundo", "secondo"}
)  # fmt: skip
_CASED: Final[dict[str, Unit]] = {"mM": ("concentration", 1e-3), "mol/L": ("concentration", 1.0)}
_WORD: Final = r"[^\W\d_]+"
_PER: Final = re.compile(r"(met(?:re|er)s?|kilomet(?:re|er)s?|miles?) (?:per|an) (?:second|hour)")
_RATE: Final = re.compile(
    r"[a-z]{2,}s per (?:second|hour|minute|kwh|unit|km|kilo|litre|liter|gallon)"
)
_SHORT: Final = re.compile(r"\bin (m|s|h|g|l|w|min)\b(?!/)|\b(?:duration|time|length) (min)\b")


def said(rest: str) -> Unit | None:
    """The unit right after a number."""
    for name, unit in _CASED.items():
        if re.match(re.escape(name) + r"(?!\w)", rest):
            return unit
    rest = rest.lstrip("- ").lower()
    if per := _PER.match(rest):
        spelled = "mph" if per[1].startswith("mile") else "m/s" if per[1][0] == "m" else "km/h"
        return _UNITS[spelled]
    match = re.match(rf"(?:full |whole )?({_WORD}/{_WORD}|{_WORD})", rest)
    return _UNITS.get(match.group(1)) if match else None


def wanted(description: str) -> Unit | None:
    """The one unit a name or description asks for; None when it names none or several."""
    for name, unit in _CASED.items():
        if name in description:
            return unit
    text = description.lower().replace("_", " ")
    if _RATE.search(text):
        return None
    text = re.sub(r"\bper \w+", "", text)
    found = {
        _UNITS[word]
        for word in re.findall(rf"{_WORD}/{_WORD}|{_WORD}", text)
        if word in _UNITS and word not in _AFTER_NUMBERS_ONLY
    }
    if short := _SHORT.search(text):
        found.add(_UNITS[short.group(1) or short.group(2)])
    return found.pop() if len(found) == 1 else None


def convert(value: float, given: Unit | None, asked: Unit | None) -> float:
    """The value in the wanted unit; as it is when either is unknown or they do not match."""
    if given is None or asked is None or given[0] != asked[0] or given == asked:
        return value
    return float(f"{value * given[1] / asked[1]:.10g}")
