"""Numbers that their unit or currency gives to a parameter."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import measured
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

LIFT = Tool(
    "lift", "",
    (
        Parameter("crane", "integer", "The number of the crane."),
        Parameter("height_m", "number", "The height in metres."),
        Parameter("load", "number", "The load in kilograms."),
    ),
)  # fmt: skip
PAY = Tool(
    "pay", "",
    (
        Parameter("bill", "integer", "The number of the bill."),
        Parameter("amount", "number", "The sum in euros.", maximum=900),
        Parameter("days", "integer", "In how many days."),
    ),
)  # fmt: skip
LOAN = Tool("loan", "", (Parameter("sum_eur", "number"), Parameter("monthly_eur", "number")))


def found(tool: Tool, text: str, said: dict[str, str]) -> dict[str, Any]:
    """What a model that reads these words has read, by parameter."""
    readings = {
        name: [Reading(-1, Evidence(0, text.index(words), text.index(words) + len(words), words, 0.2))]
        for name, words in said.items()
    }  # fmt: skip
    kept = measured.owned(tool, readings, (Message("user", text),), 0, UNTOLD)
    return {
        name: (many[0].value, many[0].evidence.confidence) for name, many in kept.items() if many
    }


@pytest.mark.parametrize(
    ("tool", "text", "said", "name", "value"),
    [
        (LIFT, "raise crane 4 by 30 m", {"crane": "30", "height_m": "30"}, "height_m", 30.0),
        (LIFT, "crane 4 carries 200 kg", {"load": "4 carries 200"}, "load", 200.0),
        (LIFT, "crane 7, 250 cm up", {"height_m": "250"}, "height_m", 2.5),
        (LIFT, "2 tonnes on crane 9", {"load": "2 tonnes"}, "load", 2000.0),
        (PAY, "bill 88, 300 euros", {"amount": "88, 300"}, "amount", 300.0),
        (PAY, "€40 for bill 12", {"amount": "40", "bill": "40"}, "amount", 40.0),
        (PAY, "pay 12.50 EUR of bill 3", {"amount": "12.50"}, "amount", 12.5),
        (PAY, "Rechnung 8 mit 70 Euro", {"amount": "70"}, "amount", 70.0),
        (PAY, "in 10 days please, bill 4", {"days": "10"}, "days", 10),
    ],
)  # fmt: skip
def test_the_unit_says_whose_it_is(
    tool: Tool, text: str, said: dict[str, str], name: str, value: float
) -> None:
    """However unsure the model was, and nobody else's."""
    kept = found(tool, text, said)
    assert kept.pop(name) == (value, 0.6)
    assert kept == {}


@pytest.mark.parametrize(
    ("tool", "text", "said"),
    [
        (LIFT, "raise crane 4 from 10 m to 30 m", {"height_m": "30"}),  # two of a kind
        (LOAN, "a loan of 900 euros", {"sum_eur": "900"}),  # two that want euros
        (LIFT, "raise crane 4 by 30", {"height_m": "30"}),  # no unit
        (PAY, "bill 40 dollars", {"amount": "40"}),  # another currency
        (PAY, "pay bill 7, not 300 euros", {"amount": "300"}),  # refused
        (PAY, "pay bill 7, it was 1300 euros", {"amount": "1300"}),  # more than may be
    ],
)
def test_what_says_less_is_left_to_the_model(tool: Tool, text: str, said: dict[str, str]) -> None:
    assert found(tool, text, said) == dict.fromkeys(said, (-1, 0.2))


def test_an_unread_number_is_no_value() -> None:
    """The unit tells whose it is, not that it is wanted."""
    assert found(PAY, "the last one was 300 euros", {}) == {}


def test_a_long_message_takes_no_long_time() -> None:
    began = time.process_time()
    for text in ("9" * 1990, "1 " * 990, "9 m" * 600, "€" * 1990):
        found(LIFT, text, {})
    assert time.process_time() - began < 1


SHEET = Tool(
    "price", "",
    (
        Parameter("width_mm", "integer", "The width in millimetres."),
        Parameter("height_mm", "integer", "The height in millimetres."),
        Parameter("copies", "integer"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("1000 copies 100 x 150 mm", (100, 150)), ("20 copies, 90 by 50 mm", (90, 50)),
        ("20 copies, 10 x 15 cm", (100, 150)), ("20 copies 90x50", (90, 50)),
        ("20 copies 10 x 20 x 30 mm", None), ("20 copies, 90 and 50 mm", None),
    ],
)  # fmt: skip
def test_sides_stand_in_their_order(text: str, sides: tuple[int, int] | None) -> None:
    """As many as the tool asks for, and no other parameter's."""
    kept = found(SHEET, text, {"copies": text.split(maxsplit=1)[0]})
    given = (kept["width_mm"][0], kept["height_mm"][0]) if "width_mm" in kept else None
    assert given == sides
    assert "copies" in kept


DOSE = Tool(
    "dose", "",
    (
        Parameter("bed", "integer"), Parameter("morning_ml", "number", required=True),
        Parameter("evening_ml", "number", required=True),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("give 4-B-7 40 ml morning and 25 ml evening", {"morning_ml": "25", "evening_ml": "40"}),
        ("morning 40, evening 25", {"morning_ml": "25", "evening_ml": "40"}),
        ("40 in the morning, 25 in the evenings", {"morning_ml": "40"}),
        ("Evening: 25 ml; morning: 40 ml", {"evening_ml": "40"}),
    ],
)
def test_numbers_by_turns_with_their_names(text: str, said: dict[str, str]) -> None:
    assert found(DOSE, text, said) == {"morning_ml": (40.0, 0.8), "evening_ml": (25.0, 0.8)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("40 and 25, morning and evening", {"morning_ml": "25", "evening_ml": "40"}),
        ("40 morning evening 25", {"morning_ml": "25", "evening_ml": "40"}),
        ("morning 40, evening 25, bed 3", {"morning_ml": "3"}),
        ("this morning 40, from 25 to 30 in the evening", {"morning_ml": "40"}),
        ("3rd April in the morning, 4th in the evening", {"morning_ml": "3"}),
        ("40 in the morning, 25 in the evening", {}),
    ],
)
def test_numbers_that_are_not_by_turns(text: str, said: dict[str, str]) -> None:
    """Nor does it make values of numbers that the model read nowhere, or for something else."""
    assert {name: value for name, (value, _) in found(DOSE, text, said).items()} == dict.fromkeys(
        said, -1
    )
