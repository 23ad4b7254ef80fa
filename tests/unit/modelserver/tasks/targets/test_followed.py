"""Follow-ups that say one value anew."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import followed
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

SHIP = Tool(
    "ship",
    "",
    (
        Parameter("parcel", description="The code of the parcel."),
        Parameter("weight_kg", "number", "The weight in kilograms."),
        Parameter("boxes", "integer", "How many boxes there are."),
        Parameter("day", description="The day.", format="date"),
        Parameter("paid", "boolean"),
    ),
)
BEFORE = {"parcel": "DP1188", "weight_kg": 3.0, "boxes": 2, "day": "2027-05-01", "paid": True}


def renewed(text: str, taken: str = "", **old: Any) -> dict[str, Any]:
    """What is new when these were said a turn ago; the words of `taken` are a parameter's now."""
    talk = (Message("user", "said before"), Message("assistant", "Done."), Message("user", text))
    given = {
        name: [Reading(value, Evidence(0, 0, 4, "said", 0.9))]
        for name, value in (old or BEFORE).items()
    }
    if taken:
        start = text.index(taken)
        given["boxes"] = [Reading(0, Evidence(2, start, start + len(taken), taken, 0.9))]
    found = followed.renewed(SHIP, given, talk, 2, UNTOLD)
    return {
        name: (many[0].value, many[0].evidence.confidence)
        for name, many in found.items()
        if many != given[name]
    }


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("and if it weighs 12 kg?", {"weight_kg": (12.0, 0.6)}), ("what about 500 g?", {"weight_kg": (0.5, 0.6)}),
        ("And 4 boxes?", {"boxes": (4, 0.6)}), ("How about DP2299?", {"parcel": ("DP2299", 0.3)}),
        ("and parcel DP2299, please", {"parcel": ("DP2299", 0.6)}), ("and on 2027-05-09?", {"day": ("2027-05-09", 0.3)}),
    ],
)  # fmt: skip
def test_the_one_it_fits(text: str, new: dict[str, Any]) -> None:
    """By its unit or the words beside it well, by its look as a guess."""
    assert renewed(text) == new


@pytest.mark.parametrize(
    "text",
    [
        "what about 7?", "and 3 or 4 boxes?", "and 20 minutes?", "and 4 pallets?", "send 4 boxes", "and D2P9?",
        "and XY-2299-A?", "and not 4 boxes", "and 4 boxes" + " of those over there" * 8, "and thanks",
    ],
)  # fmt: skip
def test_what_fits_none_or_several(text: str) -> None:
    """Several values, another unit, two places that fit, and what is no follow-up change nothing."""
    assert renewed(text) == {}


def test_by_look_if_no_other_fits() -> None:
    """A bare number is a guess for the only number of the earlier turn."""
    assert renewed("what about 305?", boxes=304) == {"boxes": (305, 0.3)}


def test_what_a_parameter_has_is_not_given_twice() -> None:
    """The model may have seen whose the new value is."""
    assert renewed("and 12?", "12", weight_kg=3.0) == {}
