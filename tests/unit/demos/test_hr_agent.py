"""The HR API: counting, balances, and leave that is really booked."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from demos.hr_agent.service import create_app


@pytest.fixture
def hr() -> TestClient:
    return TestClient(create_app())


def book(hr: TestClient, employee: str = "Maria Silva", **fields: Any) -> Any:
    wanted = {"employee": employee, "start_date": "2026-07-06", "days": 5, **fields}
    return hr.post("/leave-requests", json=wanted)


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        ({"region": "europe"}, 6),
        ({"region": "europe", "contract": "all"}, 6),
        ({"region": "europe", "contract": "part-time"}, 2),
        ({"region": "asia", "contract": "contractor"}, 1),
    ],
)
def test_counts_people(hr: TestClient, asked: dict[str, str], people: int) -> None:
    """By region, and by contract when one is given."""
    assert hr.get("/headcount", params=asked).json()["people"] == people


def test_counts_only_where_there_is_an_office(hr: TestClient) -> None:
    """A region must be one of three."""
    assert hr.get("/headcount", params={"region": "africa"}).status_code == 422


def test_tells_the_balance(hr: TestClient) -> None:
    """Vacation unless another kind is asked for; a first name will do."""
    found = hr.get("/employees/maria/leave").json()
    assert found == {"employee": "Maria Silva", "leave_type": "vacation", "days_left": 17}
    sick = hr.get("/employees/Maria Silva/leave", params={"leave_type": "sick"}).json()
    assert sick["days_left"] == 10


def test_knows_its_people_alone(hr: TestClient) -> None:
    """Nobody of that name is a 404."""
    assert hr.get("/employees/Nobody/leave").status_code == 404


def test_books_working_days(hr: TestClient) -> None:
    """Weekends lie between, and the balance goes down."""
    answer = book(hr, start_date="2026-07-09", days=4)
    assert answer.status_code == 201
    assert answer.text == (
        "Booked: vacation leave of Maria Silva from 2026-07-09 to 2026-07-14 (4 working days)."
        " 13 working days left."
    )
    assert hr.get("/employees/Maria Silva/leave").json()["days_left"] == 13


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"employee": "Jonas Weber"}, 409, "has 4 working days of vacation leave left"),
        ({"start_date": "2026-07-04"}, 422, "no working day"),
        ({"employee": "Nobody"}, 404, "nobody here is called Nobody"),
    ],
)
def test_refuses_and_says_why(
    hr: TestClient, fields: dict[str, str], status: int, reason: str
) -> None:
    """Too few days, a Saturday, a stranger: none is booked."""
    answer = book(hr, **fields)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]


@pytest.mark.parametrize("fields", [{"days": 0}, {"days": 31}, {"start_date": "soon"}])
def test_refuses_what_is_no_request(hr: TestClient, fields: dict[str, object]) -> None:
    """Days and dates are checked by type and bounds."""
    assert book(hr, **fields).status_code == 422


def test_books_no_day_twice(hr: TestClient) -> None:
    """Overlapping leave is refused, leave behind it is not."""
    assert book(hr).status_code == 201
    assert book(hr, start_date="2026-07-10", days=1).status_code == 409
    assert book(hr, start_date="2026-07-13", days=1).status_code == 201
