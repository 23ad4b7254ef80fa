"""Plain replies, in seven languages; and what only looks like one."""

from __future__ import annotations

import time

import pytest

from extproc.pipeline import replies

YES = ["Yes", "yes, please!", "Sure, do it.", "OK", "go ahead", "Ja, bitte.", "oui, vas-y", "Sí", "sì",
       "d'accord", "Va bene, grazie", "Sim, pode", "Ja, doe maar", "That\u2019s right"]  # fmt: skip
NO = ["no", "No, don't!", "nope", "Nein, bitte nicht", "Non", "não", "nee", "Rather not."]
LEAVE = ["never mind", "Cancel that, please.", "I\u2019ll do it myself", "no, not sure", "forget it", "no idea",
         "vergiss es", "keine Ahnung", "laisse tomber", "je ne sais pas", "déjalo", "no lo sé",
         "lascia perdere", "esquece", "não sei", "laat maar", "No thanks."]  # fmt: skip
MORE = ["yes but from the other account", "yes, 500", "yes?", "no. 5", "no, the other one", "please",
        "not sure, maybe 3", "cancel my order 7", "Yesterday", "nothing else", "yes no", "", "?",
        "leave on Friday", "stop the pump", "si tienes tiempo", "ja, aber morgen"]  # fmt: skip
THANKS = ["thanks!", "Great, thank you.", "ok thanks", "perfect", "Danke schön", "merci beaucoup",
          "gracias", "grazie mille", "obrigada", "dank je wel"]  # fmt: skip


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    """A yes and nothing else."""
    assert replies.is_yes(text)
    assert not replies.is_no(text)
    assert not replies.is_declined(text)


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    """A no and nothing else."""
    assert replies.is_no(text)
    assert not replies.is_yes(text)


@pytest.mark.parametrize("text", LEAVE)
def test_a_wish_to_leave_it(text: str) -> None:
    """What was asked for is not to be had, or not wanted any more."""
    assert replies.is_declined(text)
    assert not replies.is_yes(text)


@pytest.mark.parametrize("text", THANKS)
def test_thanks(text: str) -> None:
    """Thanks and praise."""
    assert replies.is_thanks(text)
    assert not replies.is_declined(text)


@pytest.mark.parametrize("text", MORE)
def test_what_says_more_is_not_plain(text: str) -> None:
    """A reply with a word more is a message like any other."""
    for plain in (replies.is_yes, replies.is_no, replies.is_declined, replies.is_thanks):
        assert not plain(text), plain


@pytest.mark.parametrize(
    ("text", "means"),
    [("Yes, I confirm the reboot.", True), ("No, wait", False), ("sí, la primera", True),
     ("para mañana", None), ("si possible", None), ("Yesterday it worked", None), ("nothing", None)],
)  # fmt: skip
def test_how_a_message_begins(text: str, means: bool | None) -> None:
    """Words that always say the same count at the beginning of more."""
    assert replies.begins(text) is means


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("forget it. how warm is it?", "how warm is it?"), ("Ah no, never mind, open gate 4", "open gate 4"),
        ("leave the boat, show me berth 9", "show me berth 9"), ("nvm - lock gate 4", "lock gate 4"),
        ("Lass es. Wer steht auf Platz 9?", "Wer steht auf Platz 9?"),
        ("oublie la réservation, montre le quai 9", "montre le quai 9"),
        ("déjalo, abre la puerta 4", "abre la puerta 4"), ("lascia stare. apri il cancello 4", "apri il cancello 4"),
        ("esquece isso, abre o portão 4", "abre o portão 4"), ("vergeet het, open poort 4", "open poort 4"),
    ],
)  # fmt: skip
def test_what_is_said_behind_leaving(text: str, rest: str) -> None:
    assert text[replies.behind_leaving(text) :] == rest


@pytest.mark.parametrize(
    "text",
    ["never mind", "leave it until noon", "leave it at gate 4", "open gate 4, forget the boat", "para mañana, a las 9",
     "drop it off at gate 4", "4, no, 5", "don't forget the boat, gate 4",
     "not sure, maybe 3", "weiß nicht, vielleicht 3"],
)  # fmt: skip
def test_what_leaves_nothing_or_says_nothing_else(text: str) -> None:
    assert not replies.behind_leaving(text)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("what does it weigh", True),
        ("wie schwer ist er, und wo liegt es?", True),
        ("open gate 4", False),
    ],
)
def test_what_points_back(text: str, *, back: bool) -> None:
    assert replies.points_back(text) is back


def test_word_of_the_config() -> None:
    """A config's own yes counts, in its spelling or another."""
    assert replies.is_word("tak", "Tak!")
    assert not replies.is_word("tak", "tak, ale jutro")
    assert not replies.is_word("", "…")


@pytest.mark.parametrize("phrase", ["ja bitte ", "ja gerne ", "no thanks ", "non merci "])
def test_words_that_read_two_ways_take_no_time(phrase: str) -> None:
    """A phrase that is also two of them doubles nothing with each time it is said."""
    text = phrase * (110 // len(phrase)) + "x"
    began = time.process_time()
    for _ in range(100):
        for plain in (replies.is_yes, replies.is_no, replies.is_declined, replies.is_thanks):
            assert not plain(text)
    assert time.process_time() - began < 0.25  # 0.4 to 0.9 s where each is tried both ways


def test_long_texts_take_no_time() -> None:
    """What is too long for a plain reply is not read."""
    for text in (
        "so," * 300_000,
        "n'" * 500_000,
        "é " * 500_000,
        "\n" * 1_000_000,
        "tak " * 250_000,
    ):
        began = time.process_time()
        assert not replies.is_yes(text)
        assert not replies.is_word("tak", text)
        assert replies.begins(text) is None
        assert not replies.behind_leaving(text)
        assert time.process_time() - began < 0.1
