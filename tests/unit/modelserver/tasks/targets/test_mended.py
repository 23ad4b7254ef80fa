"""Slips of the pen, mended for the model and read as they were written."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import mended
from tests.unit.modelserver.told_outputs import layouts, user

TOOLS = (
    Tool("restart_printer", "", (Parameter("tray", enum=("upper", "lower", "manual feed")),)),
    Tool("renew_passport", "", (Parameter("urgency", enum=("regular", "express")),)),
    Tool("translate", "", (Parameter("language", enum=("Turkish", "Finnish", "Danish")),)),
)


def shown(text: str, *, everything: bool = True) -> str:
    words = mended.of_everything(TOOLS) if everything else mended.of_choices(TOOLS)
    return mended.shown(user(text), words).messages[-1].content


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("resart the pritner", "restart the printer"), ("renwe my pasport", "renew my passport"),
        ("by exprress please", "by express please"), ("into Turkisch", "into turkish"),
        ("from Finish", "from finnish"), ("restat the prnter, lowwer", "restart the printer, lower"),
        ("tranlsate it into Dansh", "translate it into danish"), ("the manaul feed", "the manual feed"),
    ],
)  # fmt: skip
def test_words_of_the_tools_are_mended(said: str, right: str) -> None:
    assert shown(said) == right


@pytest.mark.parametrize(
    "said",
    [
        "restart the printer", "restarted, printers, regularly, expressly", "the power is lower", "later",
        "a finish line", "printer@resart.com", "resart-7.local", "/pasports/renwe1", "danis", "x" * 1200,
    ],
)  # fmt: skip
def test_what_is_right_or_no_word_stays(said: str) -> None:
    """Forms of a word, everyday words, addresses, codes, and what is no plain wish."""
    words = {
        "d": ["danish"],
        "p": ["printer", "passport"],
        "r": ["restart", "regular"],
        "l": ["lower"],
        "e": ["express"],
    }
    assert mended.shown(user(said), words).messages[-1].content == said


def test_names_of_tools_are_mended_only_where_they_are_asked_for() -> None:
    assert shown("resart it, uper tray", everything=False) == "resart it, upper tray"


@pytest.mark.parametrize(
    "said", ["uper and lowwer, 7", "7 lowwer", "exprress", "an exprress, Turkisch x"]
)
def test_tokens_stand_where_they_were_written(said: str) -> None:
    """So that every value is read from the message itself."""
    mending = mended.shown(user(said), mended.of_everything(TOOLS))
    assert mending.messages[-1].content != said
    (layout,) = layouts().full(mending.messages, TOOLS[:1])
    tokens = mending.placed(layout).tokens
    assert tokens[0].start == 0
    assert tokens[-1].end == len(said)
    assert all(one.end <= other.start + 1 for one, other in pairwise(tokens))
    digits = [said[each.start : each.end] for each in tokens if said[each.start : each.end] == "7"]
    assert digits == (["7"] if "7" in said else [])


def test_a_long_message_takes_no_long_time() -> None:
    many = tuple(
        Tool(f"restart_thing{n}", "", (Parameter("kind", enum=("regular",)),)) for n in range(60)
    )
    began = time.process_time()
    mended.shown(user("resarting pritners " * 50), mended.of_everything(many))
    assert time.process_time() - began < 1
