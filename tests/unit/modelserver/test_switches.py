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
        ("generic", "refill it, a generic is fine", True), ("sauna", "a sauna would be great", True),
        ("dog", "two beds, a dog is welcome", True), ("force", "close valve 3, force it", True),
        ("insure", "send it, insure it please", True), ("engrave", "Engrave them. Two rings.", True),
        ("direct_only", "only direct ones", True), ("direct_only", "direct trains only", True),
        ("in_stock_only", "only those that are in stock", True), ("vegan_only", "just the vegan", True),
        ("night_only", "Only the night trains, please", True), ("every_day", "wake me at 7 daily", True),
        ("every_week", "water them each week", True), ("daily", "at noon every day", True),
        ("take_empties", "the driver should take the empties", True), ("crated", "to the depot in crates", True),
        ("courier", "lend it w/o a courier", False), ("legal_aid", "no rush, legal aid pays", True),
        ("pressure_wash", "mast stays on, but pressure wash the hull", True),
        ("bus", "grade 8, with the school bus and without lunch", True), ("bus", "with her bus, please", True),
        ("bus", "with lunch, without the bus", False),
        ("every_month", "jeden Monat am ersten", True), ("every_day", "not every day", False),
        ("take_empties", "he won't take the empties", False), ("porter", "we wont be needing a porter", False),
        ("ladder", "you cannot bring the ladder", False), ("tests", "deploy it and run the tests too", True),
        ("tests", "deploy it, run the tests", True), ("taxi", "He takes the taxi but walks back", True),
        ("dessert", "lunch and dessert too, please", True), ("insure", "Insure the violin.", True),
        ("purge", "empty bin 4, purge all parts", True), ("sugar_free", "a cola w/o sugar", True),
        ("sugar_free", "she is diabetic so no sugar in it", True), ("sugar_free", "with sugar", False),
        ("sugar_free", "sugar-free, please", True), ("sugar_free", "it need not be sugar free", False),
        ("skip_breakfast", "two nights without breakfast", True), ("skip_breakfast", "breakfast too please", False),
        ("avoid_tolls", "no tolls please", True), ("paperless", "we want no paper", True),
        ("colour", "10 copies, black and white only", False), ("color", "b&w is fine", False),
        ("newsletter", "sign up Jo, and spare him the newsletter", False), ("lunch", "leave the lunch out please", False),
        ("lunch", "you can leave out lunch", False), ("lunch", "drop the lunch", False), ("lunch", "forget about the lunch", False),
        ("rental", "a harp; renting one is fine", True), ("rental", "no need to rent it", False),
        ("ring_bell", "please don't let the postman ring the bell", False), ("wash", "needn't be washed", False),
        ("without_ice", "with ice", False), ("exclude_weekends", "weekends are fine", False),
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
        ("generic", "is a generic fine?"), ("force", "use the force it has"), ("direct_only", "a direct train"),
        ("direct_only", "not only direct ones"), ("night_only", "only one night"), ("every_day", "every other day"),
        ("every_day", "weekly"), ("open_only", "I only asked when they open"),
        ("take_empties", "he may take the empties or not"), ("take_empties", "if they take the empties"),
        ("sauna", "use the sauna for the towels"), ("linen", "change the linen in room 4"), ("tests", "run the tests?"),
        ("bus", "she never takes the bus"), ("bus", "if he takes the bus"), ("skip_when_dry", "no dry beds"),
        ("is_free", "is it free"), ("sugar_free", "one sugar bowl"),
        ("take_empties", "do they take the empties?"), ("return_trip", "with return"), ("dessert", "what is the dessert?"), ("dessert", ""),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_the_models(name: str, text: str) -> None:
    assert switches.said(Parameter(name, "boolean"), text, 0) is None


def test_what_declines_is_part_of_the_words() -> None:
    """So that nobody takes it for a denial of something else."""
    found = switches.said(
        Parameter("child_seat", "boolean"), "from 9 to 10, child seat not needed.", 0
    )
    assert found is not None
    assert found.evidence.text == "child seat not needed"


def test_other_parameters_have_no_yes_and_no() -> None:
    assert switches.said(Parameter("dessert"), "with dessert", 0) is None


@pytest.mark.parametrize("piece", ["with ", "no ", "not ", "dessert ", "\n", "is not "])
@pytest.mark.parametrize("length", [1_900, 500_000])
def test_no_message_takes_long(piece: str, length: int) -> None:
    began = time.process_time()
    switches.said(Parameter("dessert", "boolean"), piece * (length // len(piece)), 0)
    assert time.process_time() - began < 1
