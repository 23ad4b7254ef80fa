"""The one check of values: of the declared type, choice, format and bounds, or none."""

from __future__ import annotations

import resource
import time
from typing import Any

import pytest

from modelserver.checked import LONGEST, WRONG, checked, is_pattern, matches, pattern_fault
from modelserver.schema import Parameter
from tests.unit.modelserver.evil_patterns import EVIL, TOO_LARGE, USUAL


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{5}$", "90210", True),
        (r"\d{5}", "90210", True),
        (r"\d{5}", "902101", False),
        (r"^\d{5}$", "9021", False),
        ("[a-z]+", "123abc456", False),
        ("[A-Z]{3}", "to LIS today", False),
        (r"\p{Lu}+", "ÄÖ", True),
        (r"^(?!0)\d+$", "042", False),
        ("a|ab", "ab", True),
        ("x*", "x" * (LONGEST + 1), False),
        ("(", "(", False),
    ],
)
def test_patterns_match_the_whole(pattern: str, text: str, found: bool) -> None:
    """Anchored or not, with look-aheads too; what is no pattern or too long matches nothing."""
    assert matches(pattern, text) is found


@pytest.mark.parametrize(("pattern", "text"), EVIL, ids=[pattern[:30] for pattern, _ in EVIL])
def test_a_pattern_that_explodes_is_given_up(pattern: str, text: str) -> None:
    """Patterns that would take minutes on such words, or all memory, are none or take a moment."""
    began = time.process_time()
    known = is_pattern(pattern)
    assert matches(pattern, text) is False
    assert known or pattern_fault(pattern)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", TOO_LARGE, ids=[pattern[:30] for pattern in TOO_LARGE])
def test_a_pattern_that_is_too_large(pattern: str) -> None:
    """It is refused with its reason before anything is built of it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    assert pattern_fault(pattern)
    assert not is_pattern(pattern)
    assert matches(pattern, "a") is False
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10


@pytest.mark.parametrize("pattern", USUAL)
def test_a_pattern_as_people_write_it(pattern: str) -> None:
    """Counts, sets and groups of a usual size are patterns."""
    assert pattern_fault(pattern) is None


def test_a_list_waits_for_one_pattern() -> None:
    """The first item that a pattern is given up on decides for all of them."""
    texts = Parameter("p", "array", pattern="^(a+)+$")
    began = time.process_time()
    assert checked(texts, ["a" * 40 + "!"] * 1000) is WRONG
    assert time.process_time() - began < 2  # a thousand times 0.02 s otherwise


def test_what_is_no_pattern() -> None:
    """Unbalanced brackets are no pattern; anything the matcher takes is one."""
    assert is_pattern("^a+$")
    assert is_pattern(r"\p{Lu}+")
    assert not is_pattern("(")


TAKEN: list[tuple[Parameter, Any, Any]] = [
    (Parameter("p"), 5, "5"),
    (Parameter("p", "integer"), " +5 ", 5),
    (Parameter("p", "integer"), 5.0, 5),
    (Parameter("p", "number"), "1.5", 1.5),
    (Parameter("p", "boolean"), "Yes", True),
    (Parameter("p", "array"), ["a", 1], ["a", 1]),
    (Parameter("p", "array", items="integer", maximum=2), ["1", 2], [1, 2]),
    (Parameter("p", "array", enum=("Red", "Blue")), ["red"], ["Red"]),
    (Parameter("p", enum=("Celsius", "F")), "celsius ", "Celsius"),
    (Parameter("p", pattern="[A-Z]{3}"), "ABC", "ABC"),
    (Parameter("p", format="date"), "2026-12-01", "2026-12-01"),
    (Parameter("p", format="city, state"), " Austin, TX", " Austin, TX"),
]
NOT_TAKEN: list[tuple[Parameter, Any]] = [
    (Parameter("p"), True),
    (Parameter("p"), " "),
    (Parameter("p", "integer"), "five"),
    (Parameter("p", "integer"), "9" * 30),
    (Parameter("p", "integer", enum=(True, 2)), 1),
    (Parameter("p", "number"), "inf"),
    (Parameter("p", "number"), float("nan")),
    (Parameter("p", "number"), 10**400),
    (Parameter("p", "boolean"), 1),
    (Parameter("p", "array", items="integer", maximum=2), [1, 3]),
    (Parameter("p", "array", pattern="[A-Z]"), ["A", "b"]),
    (Parameter("p", "array"), "a"),
    (Parameter("p", enum=("a", "b")), "c"),
    (Parameter("p", pattern="[A-Z]{3}"), "ABCD"),
    (Parameter("p", format="date"), "tomorrow"),
    (Parameter("p", format="date"), "20261201"),
    (Parameter("p", format="date"), "2026-02-30"),
    (Parameter("p", format="date"), "2026-W22-1"),
]


@pytest.mark.parametrize(("parameter", "given", "taken"), TAKEN, ids=lambda v: repr(v)[-30:])
def test_takes_what_fits(parameter: Parameter, given: Any, taken: Any) -> None:
    """A value comes out in the declared type and spelling, and passes again as it is."""
    found = checked(parameter, given)
    assert (found, type(found)) == (taken, type(taken))
    assert checked(parameter, found) == found


@pytest.mark.parametrize(("parameter", "given"), NOT_TAKEN, ids=lambda v: repr(v)[-30:])
def test_what_does_not_fit_is_wrong(parameter: Parameter, given: Any) -> None:
    """Neither is a value bent until it fits, nor a list shortened."""
    assert checked(parameter, given) is WRONG


@pytest.mark.parametrize(
    ("name", "fits", "fails"),
    [
        ("time", "09:30", "25:00"),
        ("time", "23:59:59.5+02:00", "half past six"),
        ("time", "9:30", "\u0661\u0662:\u0663\u0660"),
        ("date-time", "2026-05-31T14:30:00", "2026-05-31"),
        ("date-time", "2026-05-31 14:30", "14:30"),
        ("date-time", "2026-05-31T14", "20260531T1430"),
        ("date-time", "2026-05-31T14:30Z", "2026-W22-1T14:30"),
        ("email", "ann.b+c@mail.example.org", "ann at example.org"),
        ("email", " ann@example.org ", "ann@example"),
        ("uri", "https://example.org/a?b=c", "example.org"),
        ("uri", "urn:isbn:0451450523", "http://a b"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("ipv4", "10.0.0.7", "10.0.0.256"),
        ("ipv6", "2001:db8::7", "10.0.0.7"),
    ],
)
def test_formats(name: str, fits: str, fails: str) -> None:
    """What fits stays as it is, without white space around it."""
    assert checked(Parameter("p", format=name), fits) == fits.strip()
    assert checked(Parameter("p", format=name), fails) is WRONG
