"""Yes and no in plain words, by the parameter's own name."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.targets import switches


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("gift_wrap", "ship P1 with gift wrap please", True), ("gift_wrap", "ship P1 gift wrapped", True),
        ("dessert", "lunch with dessert for Nele", True), ("dessert", "lunch without dessert", False),
        ("dessert", "dessert isn't needed", False), ("dessert", "dessert not needed", False),
        ("porter", "and send a porter", True), ("porter", "No porter needed.", False),
        ("insured", "it doesn't have to be insured", False), ("insured", "insured, by express", True),
        ("courtesy_car", "I don\u2019t need a courtesy car", False),
        ("paperless", "64 euros, not paperless.", False), ("paperless", "64 euros, paperless", True),
        ("include_statistics", "include statistics", True), ("compress", "compressed please", True),
        ("change_linen", "there is no need to change the linen.", False),
        ("force", "don't force it", False), ("cabin", "motorcycle,\nno cabin needed.", False),
    ],
)  # fmt: skip
def test_said_in_plain_words(name: str, text: str, *, value: bool) -> None:
    found = switches.said(Parameter(name, "boolean"), text, 3)
    assert found is not None
    assert found.value is value
    evidence = found.evidence
    assert (evidence.message, evidence.text) == (3, text[evidence.start : evidence.end])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("courtesy_car", "inspection for my car"), ("lend_mat", "she brings her own mat"),
        ("insured", "insured or not insured?"), ("insured", "uninsured"), ("express", "by express"),
        ("return_trip", "with return"), ("dessert", "what is the dessert?"), ("dessert", ""),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_the_models(name: str, text: str) -> None:
    assert switches.said(Parameter(name, "boolean"), text, 0) is None


def test_other_parameters_have_no_yes_and_no() -> None:
    assert switches.said(Parameter("dessert"), "with dessert", 0) is None


@pytest.mark.parametrize("piece", ["with ", "no ", "not ", "dessert ", "\n", "is not "])
@pytest.mark.parametrize("length", [1_900, 500_000])
def test_no_message_takes_long(piece: str, length: int) -> None:
    began = time.process_time()
    switches.said(Parameter("dessert", "boolean"), piece * (length // len(piece)), 0)
    assert time.process_time() - began < 1
