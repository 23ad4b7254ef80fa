"""Where a text has what looks like a value of a parameter."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.targets import looks

VESSEL = Parameter("vessel", description="Its call sign.", pattern="^[A-Z]{2}-[A-Z]{3}$")
STOP = Parameter("stop", description="The station, in three letters.", pattern="^[A-Z]{3}$")
RACK = Parameter("rack", description="The rack, such as R-14.")
DAY = Parameter("day", format="date")
AT = Parameter("at", format="time")
STEPS = Parameter("steps", "integer", "How many steps.")
WAIT = Parameter("seconds", "integer", "How long to wait, in seconds.")


@pytest.mark.parametrize(
    ("parameter", "text", "found"),
    [
        (VESSEL, "tow OE-KAL in, e-mail me", ["OE-KAL"]), (VESSEL, "tow oe-kal in", []),
        (VESSEL, "TOW OE-KAL IN", []), (STOP, "from GVA to ZRH asap", ["GVA", "ZRH"]),
        (STOP, "an ID? A to Z", []), (RACK, "R-9 and r-12, no R_7", ["R-9", "r-12"]),
        (RACK, "R-9:30 or mail x@R-9.org", []), (DAY, "2027-02-03, not 2027-02-031", ["2027-02-03"]),
        (AT, "7:15 or 12:7", ["7:15"]), (STEPS, "4 steps at 90", ["4"]), (STEPS, "4 setps at 90", ["4"]),
        (WAIT, "30 sec in 4", ["30"]), (WAIT, "30 m", []), (Parameter("note"), "R-9", []),
    ],
)  # fmt: skip
def test_what_looks_like_a_value(parameter: Parameter, text: str, found: list[str]) -> None:
    """In capitals a word is a code as well, if not all of the message is."""
    assert [text[slice(*spot)] for spot in looks.spots(parameter, text)] == found


@pytest.mark.parametrize("parameter", [VESSEL, RACK, DAY, AT, WAIT, Parameter("m", format="email")])
@pytest.mark.parametrize("piece", ["OE-", "R-1", "A.", "1.", "30 s ", "a", "a@"])
def test_no_message_takes_long(parameter: Parameter, piece: str) -> None:
    began = time.process_time()
    list(looks.spots(parameter, piece * (1_990 // len(piece))))
    list(looks.spots(parameter, piece * 300_000))
    assert time.process_time() - began < 1.5
