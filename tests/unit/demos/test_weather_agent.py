"""The weather API: stations by their many names, units, days, refusals."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from demos.weather_agent.service import create_app


@pytest.fixture
def weather() -> TestClient:
    return TestClient(create_app())


def test_tells_the_weather_of_today(weather: TestClient) -> None:
    """The answer has the city's own figures, in celsius unless asked otherwise."""
    assert weather.get("/current", params={"city": "Lisbon"}).json() == {
        "city": "Lisbon",
        "country": "Portugal",
        "condition": "sunny",
        "temperature": 23,
        "unit": "celsius",
        "humidity_percent": 60,
        "wind_kmh": 7,
    }


@pytest.mark.parametrize("name", ["são paulo", "Sao Paulo", " SÃO PAULO ", "São Paulo, Brazil"])
def test_knows_a_city_however_it_is_written(weather: TestClient, name: str) -> None:
    """Case, accents and the country behind a comma make no difference."""
    assert weather.get("/current", params={"city": name}).json()["city"] == "São Paulo"


def test_knows_a_nickname(weather: TestClient) -> None:
    """People say NYC."""
    assert weather.get("/current", params={"city": "NYC"}).json()["city"] == "New York"


def test_converts_to_fahrenheit(weather: TestClient) -> None:
    """23 °C are 73 °F."""
    asked = {"city": "Lisbon", "unit": "fahrenheit"}
    found = weather.get("/current", params=asked).json()
    assert (found["temperature"], found["unit"]) == (73, "fahrenheit")


def test_forecasts_as_many_days_as_asked(weather: TestClient) -> None:
    """The days are in order, and today is the first."""
    found = weather.get("/cities/New York/forecast", params={"days": 3}).json()
    assert [day["date"] for day in found["days"]] == ["2026-06-01", "2026-06-02", "2026-06-03"]
    assert all(day["low"] < day["high"] for day in found["days"])


@pytest.mark.parametrize("days", [0, 8, "many"])
def test_refuses_days_it_has_not(weather: TestClient, days: object) -> None:
    """A week is all there is."""
    assert weather.get("/cities/Oslo/forecast", params={"days": days}).status_code == 422


def test_refuses_an_unknown_unit(weather: TestClient) -> None:
    """Kelvin is not offered."""
    asked = {"city": "Oslo", "unit": "kelvin"}
    assert weather.get("/current", params=asked).status_code == 422


@pytest.mark.parametrize("path", ["/current?city=Atlantis", "/cities/Atlantis/forecast?days=1"])
def test_names_the_stations_there_are(weather: TestClient, path: str) -> None:
    """An unknown city is a 404 that helps."""
    answer = weather.get(path)
    assert answer.status_code == 404
    assert "no weather station in Atlantis" in answer.json()["detail"]
    assert "Lisbon, London" in answer.json()["detail"]
