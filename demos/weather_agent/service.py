"""The application's weather API: a week of made-up weather in a dozen cities.

    uvicorn demos.weather_agent.service:app --port 8001

`today` is the first day of `weather.csv`, so that the same question always has the same answer.
"""

from __future__ import annotations

import csv
import unicodedata
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query

_DATA = Path(__file__).with_name("weather.csv")
_OTHER_NAMES = {"nyc": "new york", "new york city": "new york", "lisboa": "lisbon"}


class Unit(StrEnum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


def create_app() -> FastAPI:
    app = FastAPI(title="Weather")

    @app.get("/current")
    def current(city: str, unit: Unit = Unit.CELSIUS) -> dict[str, Any]:
        """The weather of today; the temperature is that of the early afternoon."""
        today = _days_of(city)[0]
        return {
            "city": today["city"],
            "country": today["country"],
            "condition": today["condition"],
            "temperature": _degrees(today["high"], unit),
            "unit": unit,
            "humidity_percent": int(today["humidity_percent"]),
            "wind_kmh": int(today["wind_kmh"]),
        }

    @app.get("/cities/{city}/forecast")
    def forecast(
        city: str, days: Annotated[int, Query(ge=1, le=7)], unit: Unit = Unit.CELSIUS
    ) -> dict[str, Any]:
        """The coming days, today included."""
        week = _days_of(city)
        return {
            "city": week[0]["city"],
            "country": week[0]["country"],
            "unit": unit,
            "days": [_day(row, unit) for row in week[:days]],
        }

    return app


def _day(row: dict[str, str], unit: Unit) -> dict[str, Any]:
    return {
        "date": row["date"],
        "condition": row["condition"],
        "low": _degrees(row["low"], unit),
        "high": _degrees(row["high"], unit),
        "chance_of_rain_percent": int(row["rain_percent"]),
    }


def _degrees(celsius: str, unit: Unit) -> int:
    return int(celsius) if unit is Unit.CELSIUS else round(int(celsius) * 9 / 5 + 32)


def _days_of(city: str) -> list[dict[str, str]]:
    wanted = _folded(city.partition(",")[0])
    found = _weather().get(_OTHER_NAMES.get(wanted, wanted))
    if found is None:
        known = ", ".join(sorted(days[0]["city"] for days in _weather().values()))
        raise HTTPException(404, f"there is no weather station in {city}; there is one in: {known}")
    return found


@cache
def _weather() -> dict[str, list[dict[str, str]]]:
    """Each city's days, in order, by the city's name without case and accents."""
    found: dict[str, list[dict[str, str]]] = {}
    with _DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(_folded(row["city"]), []).append(row)
    return found


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold().strip()


app = create_app()
