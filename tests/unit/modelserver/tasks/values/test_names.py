"""Names from CLDR, what people say beside them, and which language a text is in."""

from __future__ import annotations

import json

import pytest

from modelserver.tasks.values import codes, languages, names


def test_the_names_are_those_of_cldr() -> None:
    """What is shipped is what `python -m modelserver.training.names` writes."""
    pytest.importorskip("babel", reason="of the extra `train`, like all that writes what ships")
    from modelserver.training.names import from_cldr

    assert json.loads(names.FILE.read_text("utf-8")) == from_cldr()


@pytest.mark.parametrize("kind", ["months", "weekdays"])
def test_no_name_means_two(kind: str) -> None:
    """No month or weekday is called like another one in another language."""
    held = json.loads(names.FILE.read_text("utf-8"))[kind]
    pairs = {
        (names.folded(name), code)
        for by_code in held.values()
        for code, said in by_code.items()
        for name in said
    }
    assert len(pairs) == len(names.by_name(kind))


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("countries", "Germany", "DE"), ("countries", "Alemania", "DE"), ("countries", "the UK", "GB"),
        ("countries", "aux Pays-Bas", None), ("countries", "de", "DE"), ("countries", "Estados Unidos", "US"),
        ("currencies", "200 euros", "EUR"), ("currencies", "Pfund", "GBP"), ("currencies", "libras", "GBP"),
        ("currencies", "Schweizer Franken", "CHF"), ("currencies", "usd", "USD"), ("currencies", "£20", "GBP"),
        ("languages", "Niederländisch", "nl"), ("languages", "francés", "fr"), ("languages", "FR", "fr"),
        ("states", "Texas", "TX"), ("currencies", "apples", None),
    ],
)  # fmt: skip
def test_codes(kind: str, said: str, code: str | None) -> None:
    """A name in any of the languages has its code; a code is itself."""
    assert codes.coded(kind, said) == code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("move 300 from savings to giro", "en"), ("überweise 300 von Giro auf das Sparkonto", "de"),
        ("je voudrais deux billets pour Lyon", "fr"), ("quiero un vuelo para el lunes", "es"),
        ("vorrei un biglietto per il treno", "it"), ("quero uma passagem para o Porto", "pt"),
        ("ik wil graag een kaartje naar Utrecht", "nl"), ("PX-1042", None), ("", None),
    ],
)  # fmt: skip
def test_languages(text: str, language: str | None) -> None:
    """Small words tell the language; where there are none, nothing is guessed."""
    assert languages.guessed(text) == language


def test_no_text_is_kept_to_guess_its_language() -> None:
    """What is remembered of a prompt is its hash."""
    languages.guessed("ich möchte bitte eine Fahrkarte")
    assert {type(key) for key in languages.guessed.cache} == {int}


def test_tags() -> None:
    """A tag may name a region, or a language that is not read here."""
    assert [languages.chosen(tag) for tag in ("de-AT", "pt_BR", "ja", "", None)] == [
        "de", "pt", None, None, None,
    ]  # fmt: skip
