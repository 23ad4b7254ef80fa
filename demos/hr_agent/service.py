"""The HR department's API: who works where, days of leave, and asking for them.

    uvicorn demos.hr_agent.service:app --port 8003

Leave that is booked is kept in memory; a restart of the service forgets it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

_DATA = Path(__file__).with_name("employees.csv")
_SATURDAY = 5


class Region(StrEnum):
    EUROPE = "europe"
    AMERICAS = "americas"
    ASIA = "asia"


class Contract(StrEnum):
    ALL = "all"
    FULL_TIME = "full-time"
    PART_TIME = "part-time"
    CONTRACTOR = "contractor"


class LeaveType(StrEnum):
    VACATION = "vacation"
    SICK = "sick"
    PARENTAL = "parental"


class LeaveRequest(BaseModel):
    employee: str
    start_date: date
    days: Annotated[int, Field(ge=1, le=30)]
    leave_type: LeaveType = LeaveType.VACATION


@dataclass(frozen=True, slots=True)
class Booking:
    first: date
    last: date


@dataclass(slots=True)
class Employee:
    name: str
    region: Region
    contract: Contract
    left: dict[LeaveType, int]
    booked: list[Booking] = field(default_factory=list)

    @classmethod
    def of(cls, row: dict[str, str]) -> Employee:
        left = {kind: int(row[kind]) for kind in LeaveType}
        return cls(row["name"], Region(row["region"]), Contract(row["contract"]), left)


def create_app() -> FastAPI:
    """An application with a staff of its own."""
    app = FastAPI(title="HR")
    with _DATA.open(encoding="utf-8", newline="") as file:
        staff = [Employee.of(row) for row in csv.DictReader(file)]

    @app.get("/headcount")
    def headcount(region: Region, contract: Contract = Contract.ALL) -> dict[str, Any]:
        """How many people work in a region."""
        counted = [
            each
            for each in staff
            if each.region is region and contract in (Contract.ALL, each.contract)
        ]
        return {"region": region, "contract": contract, "people": len(counted)}

    @app.get("/employees/{employee}/leave")
    def leave_balance(employee: str, leave_type: LeaveType = LeaveType.VACATION) -> dict[str, Any]:
        """How many days of a kind of leave someone still has."""
        found = _employee(staff, employee)
        return {"employee": found.name, "leave_type": leave_type,
                "days_left": found.left[leave_type]}  # fmt: skip

    @app.post("/leave-requests", status_code=201)
    def request_leave(wanted: LeaveRequest) -> PlainTextResponse:
        """Book working days; what is booked is told in words that need no rephrasing."""
        found = _employee(staff, wanted.employee)
        booking = Booking(wanted.start_date, _last_day(wanted.start_date, wanted.days))
        _check(found, wanted, booking)
        found.left[wanted.leave_type] -= wanted.days
        found.booked.append(booking)
        text = (
            f"Booked: {wanted.leave_type} leave of {found.name} from {booking.first} to "
            f"{booking.last} ({_working_days(wanted.days)}). "
            f"{_working_days(found.left[wanted.leave_type])} left."
        )
        return PlainTextResponse(text, status_code=201)

    return app


def _employee(staff: list[Employee], name: str) -> Employee:
    """By full name, or by a part of it that only one person has."""
    words = name.casefold().replace(".", " ").split()
    found = [each for each in staff if set(words) <= set(each.name.casefold().split())]
    if not words or not found:
        raise HTTPException(404, f"nobody here is called {name}")
    if len(found) > 1:
        names = " or ".join(each.name for each in found)
        raise HTTPException(409, f"{name} may be {names}; say which")
    return found[0]


def _last_day(first: date, days: int) -> date:
    """The last of so many working days."""
    last = first
    while days > 1:
        last += timedelta(days=1)
        days -= last.weekday() < _SATURDAY
    return last


def _check(employee: Employee, wanted: LeaveRequest, booking: Booking) -> None:
    left = employee.left[wanted.leave_type]
    if wanted.start_date.weekday() >= _SATURDAY:
        raise HTTPException(422, f"{wanted.start_date} is no working day")
    if wanted.days > left:
        kind = f"{wanted.leave_type} leave"
        raise HTTPException(409, f"{employee.name} has {_working_days(left)} of {kind} left")
    for other in employee.booked:
        if booking.first <= other.last and other.first <= booking.last:
            there = f"{other.first} to {other.last}"
            raise HTTPException(409, f"{employee.name} is on leave from {there} already")


def _working_days(number: int) -> str:
    return f"{number} working day" if number == 1 else f"{number} working days"


app = create_app()
