"""Messages in other languages, in English and in place."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelserver.schema import Parameter, Tool
from modelserver.tasks.gloss.dictionary import GLOSSED, dictionary, lines
from modelserver.tasks.gloss.glossing import LONGEST, glossed, spoken_in
from modelserver.tasks.types import Message


def _english(text: str) -> str:
    return glossed([Message("user", text)], [])[0].content


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Storniere die Buchung QX77.", "cancel the booking QX77."),
        ("Schalte die Lampe im Flur aus.", "switch the lamp in the hall off."),
        ("N'annulez pas la commande 55", "don't cancel the order 55"),
        ("Pas de livraison le 3", "no delivery the 3"),
        ("Por favor, no canceles la reserva QX77.", "please, do not cancel the booking QX77."),
        ("Spegni la luce in cucina", "switch off the light in kitchen"),
        ("Onde está a encomenda QX77?", "where is the parcel QX77?"),
        ("Zet de verwarming op 21 graden", "put the heating on 21 degrees"),
    ],
)
def test_word_by_word(text: str, english: str) -> None:
    """Each word in its place, and no more than the words."""
    assert _english(text) == english


@pytest.mark.parametrize(
    "text",
    [
        "cancel the booking QX77", "switch the lamp off", "reboot QX77", "ok", "", "QX77",
        "Please send „Die Straße“ to Karl", "is the war on tonight?",
        "wire 300 to Banco de la Nacion", "What does Storniere mean?",
        "cancle teh bokking pls, 4 kidds, 12 aug", "tikets for sunday thx",
    ],
)  # fmt: skip
def test_english_stays(text: str) -> None:
    """Also where it has words that other languages have."""
    message = Message("user", text)
    assert glossed([message], []) == (message,)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Réserve une table au nom de Blanc", "Blanc"),
        ("Leihe mir „Das kleine Haus“ aus", "„Das kleine Haus“"),
        ("Kopiere bitte haus.txt nach db-haus/alt", "haus.txt"),
        ("Escribe a casa@rojo.es que llego tarde", "casa@rojo.es"),
    ],
)
def test_names_codes_and_quotes_stay(text: str, kept: str) -> None:
    """They are values, and no words."""
    assert kept in _english(text)
    assert _english(text) != text


def test_an_answer_is_in_the_language_of_its_conversation() -> None:
    """One word of two languages is in the one that was spoken before."""
    asked = (
        Message("user", "Verleng mijn abonnement"),
        Message("assistant", "Which weeks?", ours=True),
    )
    *_, answer = glossed([*asked, Message("user", "morgen graag")], [])
    assert answer.content == "tomorrow please"
    *_, answer = glossed([Message("user", "Bitte verlängern"), Message("user", "am Abend")], [])
    assert answer.content == "on the evening"


def test_tools_in_the_language_of_their_users() -> None:
    """They are told in the words that users say: nothing is to be put in others."""
    tool = Tool("stornieren", "Storniert die Buchung mit der Nummer und erstattet den Betrag")
    message = Message("user", "Storniere die Buchung QX77")
    assert glossed([message], [tool]) == (message,)


def test_what_nobody_said_stays() -> None:
    """What a system or a tool says is no wish, and what the gateway says is English."""
    told = (
        Message("system", "Antworte auf die Frage"), Message("tool", "Die Buchung ist storniert"),
        Message("assistant", "Wie ist die Nummer der Buchung?", ours=True),
    )  # fmt: skip
    assert glossed(told, []) == told


def test_spans_lead_back() -> None:
    """A span of the English words is that of the words which were said."""
    text = "Überweise bitte 150 Euro vom Sparkonto aufs Girokonto."
    (message,) = glossed([Message("user", text)], [])
    found = {
        english: message.said(
            message.content.index(english), message.content.index(english) + len(english)
        )
        for english in ("150", "savings account", "checking account", "transfer")
    }
    said = {english: whole[start:end] for english, (whole, start, end) in found.items()}
    assert said == {
        "150": "150", "savings account": "Sparkonto", "checking account": "Girokonto",
        "transfer": "Überweise",
    }  # fmt: skip


WORDS = [form.strip("*!") for language in GLOSSED for _, form in lines(language) if "…" not in form]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=12))
def test_every_span_leads_back(words: list[str]) -> None:
    """Whatever is said, spans keep their order and stay in the text; what is kept is the same."""
    text = " ".join(words)
    (message,) = glossed([Message("user", text)], [])
    if message.origin is None:
        assert message.content == text
        return
    ends = [message.said(place, place)[1] for place in range(len(message.content) + 1)]
    assert ends == sorted(ends)
    assert 0 <= ends[0] <= ends[-1] <= len(text)
    changed = {place for start, end, *_ in message.origin.pieces for place in range(start, end)}
    for place, sign in enumerate(message.content):
        if place not in changed:
            _, start, end = message.said(place, place + 1)
            assert text[start:end] == sign


def test_choices_are_no_words_of_another_language() -> None:
    """Whoever says one says it as it is called; "jet" is French, and a fuel."""
    fuel = Parameter("fuel", enum=("avgas", "jet"))
    (message,) = glossed([Message("user", "fuel it w jet")], [Tool("fuel", "", (fuel,))])
    assert message.content == "fuel it w jet"
    (message,) = glossed(
        [Message("user", "Betanke es mit jet, bitte")], [Tool("fuel", "", (fuel,))]
    )
    assert message.content.endswith("with jet, please")


@pytest.mark.parametrize("language", GLOSSED)
def test_each_language_is_known(language: str) -> None:
    """By a plain wish of three words."""
    wish = {
        "de": "Storniere meine Buchung", "fr": "Annulez ma réservation", "es": "Cancela mi reserva",
        "it": "Annulla la mia prenotazione", "pt": "Cancele a minha encomenda",
        "nl": "Annuleer mijn boeking",
    }  # fmt: skip
    assert spoken_in(wish[language]) == language
    assert all(
        dictionary(language).knows(word) for word in re.findall(r"\w+", wish[language].lower())
    )


@pytest.mark.parametrize(
    "unit", ["Bitte storniere die Buchung. ", "„a ", "'a ", "l'", "nordost", "-"]
)
def test_time_is_bounded(unit: str) -> None:
    """A message takes a few milliseconds at most, whatever stands in it."""
    text = (unit * LONGEST)[:LONGEST]
    glossed([Message("user", "Storniere die Buchung")], [])
    began = time.process_time()
    glossed([Message("user", text), Message("user", text * 1_000)], [])
    assert time.process_time() - began < 0.25
