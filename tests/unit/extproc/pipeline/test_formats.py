"""Declared formats: what fits, what is turned into it, what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from extproc.pipeline.formats import SHOWN, formed
from extproc.pipeline.parameters import fill, question
from tests.playbook import parameter

TODAY = dt.date(2026, 11, 21)  # A Saturday.


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-12-01", "2026-12-01"),
        ("today", "2026-11-21"),
        ("Tomorrow", "2026-11-22"),
        ("the day after tomorrow", "2026-11-23"),
        ("in 3 weeks", "2026-12-12"),
        ("in 1 day", "2026-11-22"),
        ("Monday", "2026-11-23"),
        ("next Friday", "2026-11-27"),
        ("on Saturday", "2026-11-28"),
        ("3rd of May", "2027-05-03"),
        ("the 24th of December", "2026-12-24"),
        ("Nov 21", "2026-11-21"),
        ("November 20", "2027-11-20"),
        ("Feb. 29, 2028", "2028-02-29"),
        ("1 sept 2025", "2025-09-01"),
        ("1 sep 2025", "2025-09-01"),
        ("February 30", None),
        ("Feb 29", None),
        ("soon", None),
        ("2026-13-01", None),
        ("", None),
    ],
)
def test_dates(said: str, meant: str | None) -> None:
    """A day as people say it is the day that is meant; what is no day is nothing."""
    assert formed("date", said, TODAY) == meant


@pytest.mark.parametrize(
    ("name", "fits", "fails"),
    [
        ("time", "09:30", "25:00"),
        ("time", "23:59:59.5+02:00", "half past six"),
        ("date-time", "2026-05-31T14:30:00", "2026-05-31"),
        ("date-time", "2026-05-31 14:30", "14:30"),
        ("email", "ann.b+c@mail.example.org", "ann at example.org"),
        ("email", " ann@example.org ", "ann@example"),
        ("uri", "https://example.org/a?b=c", "example.org"),
        ("uri", "urn:isbn:0451450523", "http://a b"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("ipv4", "10.0.0.7", "10.0.0.256"),
        ("ipv6", "2001:db8::7", "10.0.0.7"),
    ],
)
def test_other_formats(name: str, fits: str, fails: str) -> None:
    """What fits stays as it is, without white space around it."""
    assert formed(name, fits, TODAY) == fits.strip()
    assert formed(name, fails, TODAY) is None


@pytest.mark.parametrize("name", [None, "city, state", "currency"])
def test_words_for_the_model_are_no_check(name: str | None) -> None:
    """A format that nobody can check leaves the value alone."""
    assert formed(name, " Austin, TX", TODAY) == " Austin, TX"


def test_wrong_format_is_asked_for_with_an_example() -> None:
    """A required value in the wrong format counts as missing, and the question shows one."""
    declared = parameter("reply_to", required=True, format="email")
    found, missing = fill([declared], {"reply_to": "my usual address"}, TODAY)
    assert (found, missing) == ({}, [declared])
    assert SHOWN["email"] in question(missing, known=True)


def test_each_item_of_a_list_is_checked() -> None:
    """One wrong item makes the list wrong, rather than a shorter one."""
    declared = parameter("hosts", "array", items="string", format="ipv4")
    assert fill([declared], {"hosts": ["10.0.0.1", "10.0.0.2"]}, TODAY)[0] == {
        "hosts": ["10.0.0.1", "10.0.0.2"]
    }
    assert fill([declared], {"hosts": ["10.0.0.1", "gw"]}, TODAY)[0] == {}
