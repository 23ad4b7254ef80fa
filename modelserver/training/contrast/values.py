"""Typed values for contrast sets: each kind draws what is said and what it means."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

Drawn = tuple[str, Any]
Kind = Callable[[random.Random], Drawn]

FIRST = [
    "Ana",
    "Ben",
    "Carla",
    "Dmitri",
    "Elif",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kamala",
    "Liam",
    "Mei",
    "Noor",
    "Olga",
    "Pablo",
    "Quinn",
    "Rosa",
    "Sven",
    "Tariq",
    "Uma",
    "Viktor",
    "Wanda",
    "Yusuf",
    "Zoe",
    "Priya",
    "Tomás",
    "Anke",
    "Marek",
    "Chidi",
]
LAST = [
    "Abara",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksen",
    "Farah",
    "Garcia",
    "Hansen",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lopez",
    "Meyer",
    "Nowak",
    "Okafor",
    "Patel",
    "Rossi",
    "Sato",
    "Torres",
    "Ulrich",
    "Varga",
    "Weber",
    "Yilmaz",
    "Zhang",
    "O'Neill",
    "Smith",
    "Fernández",
    "Larsen",
]
CITIES = [
    "Berlin",
    "Paris",
    "Lyon",
    "Madrid",
    "Porto",
    "Vienna",
    "Graz",
    "Oslo",
    "Bergen",
    "Rome",
    "Milan",
    "Chicago",
    "New York",
    "San Diego",
    "Nairobi",
    "Lagos",
    "Cairo",
    "Mumbai",
    "Pune",
    "Tokyo",
    "Osaka",
    "Seoul",
    "Sydney",
    "Perth",
    "Toronto",
    "Montréal",
    "São Paulo",
    "Bogotá",
    "Leeds",
    "Glasgow",
    "Cork",
    "Ghent",
    "Utrecht",
    "Malmö",
    "Gdańsk",
    "Brno",
    "Zürich",
    "Basel",
    "Seattle",
    "Los Angeles",
]
COUNTRIES = [
    "Germany",
    "France",
    "Spain",
    "Portugal",
    "Austria",
    "Norway",
    "Italy",
    "Kenya",
    "Nigeria",
    "Egypt",
    "India",
    "Japan",
    "South Korea",
    "Australia",
    "Canada",
    "Brazil",
    "Colombia",
    "Ireland",
    "Belgium",
    "Poland",
]
COMPANIES = [
    "Acme",
    "Northwind",
    "Globex",
    "Initech",
    "Brightline",
    "Kestrel Foods",
    "Solara",
    "Bluefin Logistics",
    "Harbor & Sons",
    "Quanta Labs",
    "Meridian",
    "Ostrava Steel",
]
STREETS = [
    "12 Mill Lane",
    "48 Rue Victor Hugo",
    "7 Lindenstrasse",
    "221 Baker Street",
    "1600 Harbor Drive",
    "Calle Mayor 15",
    "5 Kings Road",
    "99 Sunset Blvd",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
# How a day and a month are joined in the languages other than English.
DAY_MONTH = {"de": "{}. {}", "fr": "{} {}", "es": "{} de {}", "it": "{} {}", "pt": "{} de {}",
             "nl": "{} {}"}  # fmt: skip
WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
CURRENCIES = ["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK", "PLN", "CAD", "AUD", "INR", "BRL"]
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def draw_value(kind: Any, rng: random.Random, lang: str = "en") -> Drawn:
    """One value of a kind: a name of `KINDS`, a list to choose from, or `re:` a pattern."""
    if isinstance(kind, list):
        text = rng.choice(kind)
        return str(text), text
    if kind.startswith("re:"):
        return _same(lambda r: _of_pattern(kind[3:], r))(rng)
    if kind == "date" and lang in DAY_MONTH and rng.random() < 0.6:
        return _foreign_date(rng, lang)
    return KINDS[kind](rng)


def _of_pattern(pattern: str, rng: random.Random) -> str:
    out = ""
    for part, repeat in re.findall(r"(\[[^\]]+\]|\\?.)(\{\d+\})?", pattern):
        count = int(repeat[1:-1]) if repeat else 1
        if not part.startswith("["):
            out += part[-1] * count
            continue
        ranges = re.findall(r"(.)(?:-(.))?", part[1:-1])
        letters = "".join(
            "".join(map(chr, range(ord(a), ord(b) + 1))) if b else a for a, b in ranges
        )
        out += "".join(rng.choices(letters, k=count))
    return out


def _digits(rng: random.Random, low: int, high: int) -> str:
    return str(rng.randint(10 ** (low - 1), 10**high - 1))


def _same(make: Callable[[random.Random], str]) -> Kind:
    """A kind whose value is the text itself."""

    def both(rng: random.Random) -> Drawn:
        text = make(rng)
        return text, text

    return both


def _amount(rng: random.Random) -> Drawn:
    value: float = rng.choice(
        [
            rng.randint(2, 99), rng.randint(1, 90) * 10, rng.randint(1, 60) * 100,
            round(rng.uniform(3, 900), 2),
        ]
    )  # fmt: skip
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    if isinstance(value, int) and value >= 1000 and rng.random() < 0.5:
        text = f"{value:,}"
    said = rng.choice(
        [
            text, text, f"${text}", f"{text} euros", f"{text} dollars", f"€{text}",
            f"{text} {rng.choice(CURRENCIES)}",
        ]
    )  # fmt: skip
    return said, value


def _count(rng: random.Random) -> Drawn:
    value = rng.randint(1, 12)
    return (WORDS[value] if rng.random() < 0.4 else str(value)), value


def _day(rng: random.Random) -> tuple[int, int, int, str]:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2026, 2027)
    return day, month, year, f"{year}-{month:02}-{day:02}"


def _date(rng: random.Random) -> Drawn:
    day, month, year, iso = _day(rng)
    name = MONTHS["en"].split()[month - 1]
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    said = rng.choice(
        [
            iso, iso, f"{name} {day}", f"the {day}{ending} of {name}", f"{day} {name} {year}",
            f"{name} {day}{ending}", f"{month}/{day}/{year}",
        ]
    )  # fmt: skip
    return said, iso


def _foreign_date(rng: random.Random, lang: str) -> Drawn:
    day, month, year, iso = _day(rng)
    said = DAY_MONTH[lang].format(day, MONTHS[lang].split()[month - 1])
    return rng.choice([said, said, f"{said} {year}", f"{day:02}.{month:02}.{year}"]), iso


def _time(rng: random.Random) -> Drawn:
    hour, minute = rng.randint(0, 23), rng.choice([0, 15, 30, 45, 5, 20])
    clock = f"{hour:02}:{minute:02}"
    half = "am" if hour < 12 else "pm"
    twelve = f"{(hour - 1) % 12 + 1}{'' if minute == 0 else f':{minute:02}'} {half}"
    return rng.choice([clock, clock, twelve, twelve.replace(" ", "")]), clock


def _quantity(units: str) -> Kind:
    def make(rng: random.Random) -> Drawn:
        value = rng.choice([rng.randint(1, 20), rng.randint(2, 60) * 5, rng.randint(1, 12) * 100])
        return f"{value}{rng.choice([' ', ' ', ''])}{rng.choice(units.split('|'))}", value

    return make


def _number(rng: random.Random) -> Drawn:
    value = rng.choice([rng.randint(0, 20), rng.randint(10, 999), rng.randint(1000, 9999)])
    return str(value), value


def _decimal(rng: random.Random) -> Drawn:
    value = round(rng.uniform(0.1, 99), rng.choice([1, 2]))
    return f"{value:g}", value


def _percent(rng: random.Random) -> Drawn:
    value = rng.choice([rng.randint(1, 99), rng.randint(1, 19) * 5])
    return rng.choice([f"{value}%", f"{value} %", f"{value} percent"]), value


def _spelt(rng: random.Random, low: int, high: int, unit: str, share: float) -> Drawn:
    value = rng.randint(low, high)
    spelt = value < len(WORDS) and rng.random() < share
    return f"{WORDS[value] if spelt else value} {unit}", value


def _person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def _email(rng: random.Random) -> str:
    name = f"{rng.choice(FIRST)}.{rng.choice(LAST)}".lower().replace("'", "")
    return f"{name}@{rng.choice(['example.com', 'mail.org', 'acme.io'])}"


KINDS: Mapping[str, Kind] = {
    "account": _same(
        lambda r: r.choice(
            [_digits(r, 4, 8), f"{r.choice('ABCX')}-{_digits(r, 3, 4)}", f"DE{_digits(r, 8, 10)}"]
        )
    ),
    "id": _same(
        lambda r: r.choice(
            [_digits(r, 3, 8), f"{r.choice(['ID', 'A', 'ref ', '#'])}{_digits(r, 3, 6)}"]
        )
    ),
    "code": _same(
        lambda r: (
            f"{''.join(r.choices(LETTERS, k=r.randint(1, 3)))}"
            f"{r.choice(['', '-'])}{_digits(r, 2, 6)}"
        )
    ),
    "card4": _same(lambda r: f"{r.randint(0, 9999):04}"),
    "city": _same(lambda r: r.choice(CITIES)),
    "country": _same(lambda r: r.choice(COUNTRIES)),
    "company": _same(lambda r: r.choice(COMPANIES)),
    "street": _same(lambda r: r.choice(STREETS)),
    "person": _same(_person),
    "firstname": _same(lambda r: r.choice(FIRST)),
    "currency": _same(lambda r: r.choice(CURRENCIES)),
    "weekday": _same(lambda r: r.choice(DAYS)),
    "month": _same(lambda r: r.choice(MONTHS["en"].split())),
    "email": _same(_email),
    "phone": _same(
        lambda r: r.choice(
            [
                f"+{r.randint(1, 99)} {_digits(r, 3, 3)} {_digits(r, 6, 7)}",
                f"0{_digits(r, 3, 3)}-{_digits(r, 6, 7)}",
            ]
        )
    ),
    "url": _same(
        lambda r: (
            f"https://{r.choice(['docs', 'shop', 'api'])}."
            f"{r.choice(['acme.io', 'example.org'])}/{r.choice(['a', 'list', 'v2/items'])}"
        )
    ),
    "version": _same(lambda r: f"{r.randint(0, 9)}.{r.randint(0, 20)}.{r.randint(0, 30)}"),
    "host": _same(
        lambda r: (
            f"{r.choice(['web', 'db', 'edge', 'core', 'cache'])}-"
            f"{r.choice(['', 'eu-', 'us-'])}{r.randint(1, 40)}"
        )
    ),
    "amount": _amount,
    "count": _count,
    "number": _number,
    "decimal": _decimal,
    "percent": _percent,
    "date": _date,
    "time": _time,
    "days": lambda r: _spelt(r, 2, 30, "days", 0.35),
    "weeks": lambda r: _spelt(r, 2, 8, "weeks", 0.5),
    "hours": _quantity("hours|h|hrs"),
    "minutes": _quantity("minutes|min|mins"),
    "weight": _quantity("kg|kilos|g|pounds|lb"),
    "length": _quantity("m|cm|meters|feet|km|miles"),
}
