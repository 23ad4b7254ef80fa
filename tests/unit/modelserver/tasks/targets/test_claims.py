"""Words shared out among the parameters that want them."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets.claims import Reading, shared_out
from modelserver.tasks.types import Evidence


def said(text: str, words: str, confidence: float) -> Reading:
    start = text.index(words)
    return Reading(words, Evidence(0, start, start + len(words), words, confidence))


def tool(*names: str, **more: Parameter) -> Tool:
    return Tool("t", parameters=(*(Parameter(name) for name in names), *more.values()))


def firsts(kept: dict[str, list[Reading]]) -> dict[str, str]:
    return {name: many[0].value for name, many in kept.items()}


TEXT = "250 dollars in yen"


def test_the_surest_as_a_whole() -> None:
    """Both want "yen" most; together they are surest with a word each."""
    kept = shared_out(
        tool("from", "to"),
        {
            "from": [said(TEXT, "yen", 0.9), said(TEXT, "dollars", 0.7)],
            "to": [said(TEXT, "yen", 0.8)],
        },
    )
    assert firsts(kept) == {"from": "dollars", "to": "yen"}


def test_the_surer_one_wins_where_there_is_no_other() -> None:
    """One word for two parameters goes to the surer; the other has none."""
    kept = shared_out(
        tool("a", "b"), {"a": [said(TEXT, "yen", 0.6)], "b": [said(TEXT, "yen", 0.7)]}
    )
    assert firsts(kept) == {"b": "yen"}


def test_further_values_stay_unless_taken() -> None:
    """A list keeps its other items; words given to another parameter are gone from it."""
    text = "ham, cheese and a large coke"
    kept = shared_out(
        tool("toppings", "drink"),
        {
            "toppings": [
                said(text, w, c) for w, c in (("ham", 0.9), ("cheese", 0.8), ("coke", 0.4))
            ],
            "drink": [said(text, "coke", 0.9)],
        },
    )
    assert [reading.value for reading in kept["toppings"]] == ["ham", "cheese"]
    assert firsts(kept)["drink"] == "coke"


def test_of_two_turns_the_newer_one_holds() -> None:
    """A follow-up wins over the turn it follows, unless that one is clearly surer."""
    old, new = (Reading(n, Evidence(m, 0, 4, n, 0.8)) for m, n in ((0, "Paris"), (2, "Chicago")))
    city = tool("city")
    assert firsts(shared_out(city, {"city": [old, new]}, newest=2)) == {"city": "Chicago"}
    sure = Reading("Paris", Evidence(0, 0, 4, "Paris", 0.95))
    assert firsts(shared_out(city, {"city": [sure, new]}, newest=2)) == {"city": "Paris"}


def test_choices_share_words() -> None:
    """An option and a value, or two options, may rest on the same words."""
    unit = Parameter("unit", enum=("dollars", "yen"))
    kept = shared_out(
        tool("currency", unit=unit),
        {"currency": [said(TEXT, "yen", 0.9)], "unit": [said(TEXT, "yen", 0.9)]},
    )
    assert firsts(kept) == {"currency": "yen", "unit": "yen"}


def test_many_parameters_are_quick() -> None:
    """Twenty parameters that all want the same twenty words are done in no time."""
    text = " ".join(f"w{n:02}" for n in range(20))
    names = [f"p{n}" for n in range(20)]
    wanted = {
        name: [said(text, f"w{(n + k) % 20:02}", 0.9 - 0.1 * k) for k in range(6)]
        for n, name in enumerate(names)
    }
    began = time.process_time()
    kept = shared_out(tool(*names), wanted)
    assert time.process_time() - began < 1
    assert firsts(kept) == {f"p{n}": f"w{n:02}" for n in range(20)}


def test_words_that_only_two_want_are_the_others_where_one_has_its_own() -> None:
    """Of "wash K7 at bay 3" the bay is 3: then K7 is the car, however alike the two seemed."""
    text = "wash K7 at bay 3"
    readings = {
        "car": [said(text, "K7", 0.35)],
        "bay": [said(text, "3", 0.9), said(text, "K7", 0.4)],
    }
    kept = shared_out(tool("car", "bay"), readings)
    assert firsts(kept) == {"car": "K7", "bay": "3"}
    assert kept["car"][0].evidence.confidence == pytest.approx(0.75)
    readings["bay"][0] = said(text, "3", 0.5)
    kept = shared_out(tool("car", "bay"), readings)
    assert kept["car"][0].evidence.confidence == pytest.approx(0.35)
