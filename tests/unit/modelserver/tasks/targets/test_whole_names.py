"""Names and codes of which the model reads some of the words."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.gloss import glossing
from modelserver.tasks.targets import whole_names
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

GUEST = Parameter("guest", "string", "The name of the guest.")
SHOW = Tool(
    "book_show", "Book seats for a show.",
    (
        GUEST, Parameter("film", "string", "Which film."), Parameter("city", "string", "Where."),
        Parameter("hall", "string", "The hall.", ("red", "blue")),
    ),
)  # fmt: skip
FERRY = Tool(
    "book_ferry", "Book a car on a ferry.", (Parameter("car", "string", "The plate."), GUEST)
)
ROAD = Tool(
    "tow", "Tow a car.",
    (Parameter("car", "string", "The plate."), Parameter("distance", "integer", "How far.")),
)  # fmt: skip
NOTE = Tool("write", "Write.", (Parameter("note", "string", "What the message says."),))


def whole(tool: Tool, said: str, **read: str) -> dict[str, object]:
    """The values where the model has read these words, of which the first is to be whole."""
    messages = glossing.glossed([Message("user", said)], [tool])
    text = messages[0].content
    readings = {
        name: [Reading(words, Evidence(0, text.index(words), text.index(words) + len(words), words, 0.9))]
        for name, words in read.items()
    }  # fmt: skip
    found = whole_names.known(tool, readings, messages, UNTOLD)
    for many in found.values():
        for each in many:
            evidence = each.evidence
            assert evidence.text == messages[0].content[evidence.start : evidence.end]
            at = messages[0].said(evidence.start, evidence.end)
            assert str(each.value) in at[0][at[1] : at[2]]
    return {name: many[0].value for name, many in found.items()}


@pytest.mark.parametrize(
    ("said", "read", "value"),
    [
        ("two seats for Petra Novak on Friday", "Petra", "Petra Novak"),
        ("two seats for Petra Novak on Friday", "Novak", "Petra Novak"),
        ("seats for Liam O'Brien McGee please", "Liam", "Liam O'Brien McGee"),
        ("Twee plaatsen voor Joris van der Meer op vrijdag", "Joris", "Joris van der Meer"),
        ("Reserva dos asientos para Lucía de la Vega, por favor", "Lucía", "Lucía de la Vega"),
        ("Zwei Plätze für Tomasz Wilczek am Freitag bitte", "Tomasz", "Tomasz Wilczek"),
        ("Petra Novak", "Petra", "Petra Novak"),
    ],
)
def test_a_name_has_all_its_words(said: str, read: str, value: str) -> None:
    assert whole(SHOW, said, guest=read)["guest"] == value


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Book Petra in please", "Petra"), ("two seats, Petra. Friday is fine", "Petra"),
        ("put Petra Friday on the list", "Petra"), ("book Petra Hall red", "Petra"),
        ("use Rosa Petra's seat", "Rosa"), ("seats for Mrs Novak please", "Novak"),
        ("seats for Dr. Novak please", "Novak"), ("guest: Petra, Film: Alien", "Petra"),
        ("seats for petra novak", "petra"), ("Book Seats For Petra And Show Her In", "Petra"),
        ("for Petra I want two seats", "Petra"), ("Zwei Plätze für Petra Montag bitte", "Petra"),
        ("Bitte zwei Plätze für Petra Karten habe ich nicht", "Petra"),
        ("seats for Petra and Tomasz", "Tomasz"), ("Thanks Petra", "Petra"),
        ("seats for Petra Room 4", "Petra"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_a_name_is_left(said: str, read: str) -> None:
    """A word that opens a sentence, days, titles, kinds of things, owners, German nouns."""
    assert whole(SHOW, said, guest=read)["guest"] == read


@pytest.mark.parametrize(
    ("said", "read", "value"),
    [
        ("two seats for Some Like It Hot", "Hot", "Some Like It Hot"),
        ("two seats for The Wind and the Lion", "Lion", "Wind and the Lion"),
        ("two seats for Lawrence of Arabia please", "Arabia", "Lawrence of Arabia"),
    ],
)
def test_titles_have_small_words(said: str, read: str, value: str) -> None:
    assert whole(SHOW, said, film=read)["film"] == value


def test_in_german_the_second_word_of_a_name_is_a_guess() -> None:
    """Any noun that no dictionary has may stand behind a name."""
    text = "Zwei Plätze für Tomasz Wilczek bitte"
    readings = {"guest": [Reading("Tomasz", Evidence(0, 16, 22, "Tomasz", 0.9))]}
    (guest,) = whole_names.known(SHOW, readings, [Message("user", text)], UNTOLD)["guest"]
    assert (guest.value, guest.evidence.confidence) == ("Tomasz Wilczek", 0.3)


def test_what_others_hold_is_theirs() -> None:
    found = whole(SHOW, "take Petra Brno seats", guest="Petra", city="Brno")
    assert found == {"guest": "Petra", "city": "Brno"}
    found = whole(SHOW, "Reserva de Ana de Madrid a Sevilla", guest="Ana")
    assert found == {"guest": "Ana"}


@pytest.mark.parametrize(
    ("tool", "said", "read", "value"),
    [
        (FERRY, "put LM19 ABC on the ferry", "LM19", "LM19 ABC"),
        (FERRY, "put M-KL 4417 on the ferry", "M-KL", "M-KL 4417"),
        (FERRY, "is LM19 ABC. on it?", "LM19", "LM19 ABC"),
        (FERRY, "put LM19 EUR 20", "LM19", "LM19"), (FERRY, "LM19 NOW", "LM19", "LM19"),
        (FERRY, "put LM19 on", "LM19", "LM19"), (FERRY, "LM19 4 people", "LM19", "LM19"),
        (ROAD, "tow LM19 20", "LM19", "LM19"), (ROAD, "tow LM19 2.5 km", "LM19", "LM19"),
        (FERRY, "lm19 abc", "lm19", "lm19"),
    ],
)  # fmt: skip
def test_a_code_has_its_second_group(tool: Tool, said: str, read: str, value: str) -> None:
    """Not a currency, an English word, an amount, or a number that another parameter may want."""
    assert whole(tool, said, car=read)["car"] == value


def test_text_to_read_is_as_it_was_read() -> None:
    assert whole(NOTE, "write Anna Smith", note="Anna")["note"] == "Anna"


@pytest.mark.parametrize("piece", ["A ", "Ab ", "de ", "Ab de ", "A'", "Ab-", " ", "AB1 "])
def test_no_text_takes_long(piece: str) -> None:
    begun = time.process_time()
    text = f"x Anna {piece * 900}"[:2000]
    whole(SHOW, text, guest="Anna")
    assert time.process_time() - begun < 1
