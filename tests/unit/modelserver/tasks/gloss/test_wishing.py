"""The form that a wish has, in languages that are told word by word."""

from __future__ import annotations

import time

import pytest

from modelserver.tasks.gloss.glossing import glossed
from modelserver.tasks.gloss.wishing import is_plain
from modelserver.tasks.types import Message


def _is_plain(*turns: str) -> bool:
    """Of turns by a user, with a question of ours between two."""
    said = [Message("user", turn) for turn in turns]
    talk = [each for turn in said for each in (Message("assistant", "Which?", ours=True), turn)]
    return is_plain(glossed(talk[1:], []))


@pytest.mark.parametrize(
    "text",
    [
        "Storniere die Buchung QX77", "Hallo, bitte storniere doch die Buchung QX77.",
        "Ich möchte die Buchung QX77 stornieren", "Können Sie die Buchung QX77 stornieren?",
        "Bitte die Buchung QX77 stornieren", "Annulez la réservation QX77", "Je voudrais annuler QX77",
        "Peux-tu annuler la réservation QX77 ?", "Cancela la reserva QX77", "Quiero cancelar la reserva",
        "¿Puedes cancelar la reserva QX77?", "Annulla la prenotazione QX77", "Vorrei annullare QX77",
        "Cancele a reserva QX77", "Annuleer de boeking QX77", "Ik wil de boeking QX77 annuleren",
        "Mijn trein is laat. Annuleer de boeking QX77", "Die Buchung QX77 bitte auf morgen", "Il faut annuler QX77",
        "Die Karten aus Saal 3 müssen nach Saal 5", "la stanza 12 per favore alle 9, grazie", "sala 4 pf às 9",
        "de kaarten van zaal 3 moeten naar zaal 5, anders is het vol", "hay que cancelar la reserva QX77",
    ],
)  # fmt: skip
def test_a_wish(text: str) -> None:
    """A verb that begins a clause, a wish by its name, a polite question."""
    assert _is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "Die Buchung QX77 läuft wieder", "Ich überlege, die Buchung QX77 zu stornieren",
        "Bitte die Buchung QX77 nicht stornieren", "Kann ich die Buchung QX77 stornieren?",
        "Mon voisin annule la réservation QX77", "Annulé la réservation QX77", "¿Cancelar la reserva?",
        "Cancelé la reserva QX77", "Canceló la reserva QX77", "Ojalá pudiera cancelar la reserva QX77",
        "Il vicino ha annullato la prenotazione", "Il socio vuole disdire la prenotazione?",
        "Posso annullare la prenotazione QX77?", "Cancelei a reserva QX77", "A reserva QX77 acabou",
        "De boeking QX77 is weer goed", "Die Karten kommen gern nach Saal 5", "Muss QX77 nach Saal 5?",
        "Ich muss die Karten noch holen", "Die Karten müssen nicht nach Saal 5", "Ist QX77 bitte schon da?", "Mag ik de boeking QX77 annuleren?",
    ],
)  # fmt: skip
def test_no_wish(text: str) -> None:
    """What is told, done, asked or imagined."""
    assert not _is_plain(text)


def test_an_answer_goes_on_with_its_wish() -> None:
    """To our question a number is enough."""
    assert _is_plain("Storniere die Buchung", "die siebte Nummer")
    assert not _is_plain("Die Buchung ist storniert", "die siebte Nummer")


def test_english_is_not_judged_by_its_form() -> None:
    """The model knows English: what it takes for a wish is one."""
    assert _is_plain("the booking QX77 of tomorrow is no use any more")


@pytest.mark.parametrize("unit", ["bitte ", "bitte storniere ", "und ", ", ", "ich möchte "])
def test_time_is_bounded(unit: str) -> None:
    """A message takes a few milliseconds at most, whatever stands in it."""
    told = glossed([Message("user", (unit * 2_000)[:2_000])], [])
    began = time.process_time()
    is_plain(told)
    assert time.process_time() - began < 0.25
