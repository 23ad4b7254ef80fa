"""Where a message could hold two wishes, in seven languages, and where it cannot."""

from __future__ import annotations

import itertools
import time

import pytest

from modelserver.tasks.targets.clauses import LONGEST, MOST_JOINERS, missing_opening, split


def parted(text: str) -> list[str]:
    return [clause.text for clause in split(text)]


@pytest.mark.parametrize(
    ("said", "clauses"),
    [
        ("Mow the east lot. Trim hedge 4!", ["Mow the east lot.", "Trim hedge 4!"]),
        ("Mow lot A3. Trim hedge 4.", ["Mow lot A3.", "Trim hedge 4."]),
        ("Mow lot 3; trim hedge 4", ["Mow lot 3", "trim hedge 4"]),
        ("Mow lot 3\n- trim hedge 4", ["Mow lot 3", "- trim hedge 4"]),
        ("Mow lot 3, and then trim hedge 4", ["Mow lot 3", "trim hedge 4"]),
        ("Mow lot 3, then hedge 4, also water bed 5", ["Mow lot 3", "hedge 4", "water bed 5"]),
        ("Mow lot 3 as well as lot 4", ["Mow lot 3", "lot 4"]),
        ("Mow lot 3 plus lot 4 please", ["Mow lot 3", "lot 4 please"]),
        ("Is lot 3 mown? Mow lot 4 and lot 5.", ["Is lot 3 mown?", "Mow lot 4", "lot 5."]),
        ("Mow lot 3 but do not mow lot 4", ["Mow lot 3", "do not mow lot 4"]),
        ("Mäh Feld 3 und schneide Hecke 4", ["Mäh Feld 3", "schneide Hecke 4"]),
        ("Mäh Feld 3, aber nicht Feld 4", ["Mäh Feld 3", "nicht Feld 4"]),
        ("Tonds le lot 3 et arrose le lot 4", ["Tonds le lot 3", "arrose le lot 4"]),
        ("Corta el lote 3 y riega el lote 4", ["Corta el lote 3", "riega el lote 4"]),
        ("Taglia il lotto 3 e annaffia il lotto 4", ["Taglia il lotto 3", "annaffia il lotto 4"]),
        ("Corte o lote 3 e regue o lote 4", ["Corte o lote 3", "regue o lote 4"]),
        ("Lot 3 at 40, lot 4 at 60", ["Lot 3 at 40", "lot 4 at 60"]),
        (
            "mow lot 3 at 40 mm, lot 4 at 60 mm, lot 5 at 80 mm",
            ["mow lot 3 at 40 mm", "lot 4 at 60 mm", "lot 5 at 80 mm"],
        ),
        ("A-12 at 40, A-13 at 60", ["A-12 at 40", "A-13 at 60"]),
        ("lot 3 at 40 n lot 4 at 60", ["lot 3 at 40", "lot 4 at 60"]),
        ("Leave lot 3 alone, mow lot 4", ["Leave lot 3 alone", "mow lot 4"]),
        ("Lass Feld 3 in Ruhe, mäh Feld 4", ["Lass Feld 3 in Ruhe", "mäh Feld 4"]),
        ("Maai het veld 3 en knip de heg 4", ["Maai het veld 3", "knip de heg 4"]),
    ],
)
def test_two_wishes_are_parted(said: str, clauses: list[str]) -> None:
    """At the end of a sentence, at signs, and at the words that join in each language."""
    assert parted(said) == clauses


@pytest.mark.parametrize(
    "said",
    [
        "Lot 3 was at 40, lot 4 was at 60", "Lot 3 is 40 wide, lot 4 60",
        "Mow lot 3 on 2027-05-01, 40 mm", "Mow lot 3, lot 4", "Mow lot 3 at 40, hedge 4 at 60", "n°3, le lot",
        "Mow lot 3 at 1,5 cm", "Mow lot 3", "Mow lots 3, 4 and 5", "Order A11, B12, and C13", "Pay two hundred and fifty",
        "Zahle zweiundvierzig", "Payez soixante et onze euros", "Paga treinta y cinco",
        "Paga vinte e cinco", "Mow a lot between 3 and 7", "Mow both 3 and 4",
        "Ein Feld zwischen 3 und 7", "Un lote entre 3 y 7", "Un campo tra 3 e 7",
        'Write "mow lot 3 and trim hedge 4"', "Write “mow lot 3. And hedge 4.”",
        "Schreib „mäh Feld 3 und Feld 4“", "Write 'mow lot 3; trim hedge 4' on the list",
        "Mow lot 3.5 at 10.30", "Am 3. Mai", "Meet Dr. Ruiz at St. Gallen", "Mow lot 3 but only at noon",
        "Reserva una mesa en la terraza para el 3", "Tonds ma pelouse 3",
        "Mow lot 3. Thank you very much!", "Hello there! Mow lot 3, please, and thanks.",
        "Bitte mäh Feld 3. Vielen Dank!", "Mow lot 3 & 4", "", "and", "...", "\n\n",
    ],
)  # fmt: skip
def test_one_wish_is_left_whole(said: str) -> None:
    """Lists, numbers, pairs, quotes, abbreviations, other words of other languages, politeness."""
    assert len(split(said)) <= 1


def test_clauses_lie_in_the_text_in_order() -> None:
    """Each is what stands between its bounds, and none reaches into the next."""
    said = "  Hi! Mow lot 3 , and then trim hedge 4;  water bed 5.\nThanks, and bye 6 "
    found = split(said)
    assert [said[clause.start : clause.end] for clause in found] == [each.text for each in found]
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert parted(said) == ["Mow lot 3", "trim hedge 4", "water bed 5.", "bye 6"]


def test_what_is_too_long_to_be_plain_wishes_is_not_parted() -> None:
    """Up to a bound of characters, and of what may part them, and not beyond it."""
    said = "Mow lot 3 and trim hedge 4"
    assert len(split(said.ljust(LONGEST))) == 2
    assert not split(said.ljust(LONGEST + 1))
    assert split("; ".join(["mow"] * (MOST_JOINERS + 1)))
    assert not split("; ".join(["mow"] * (MOST_JOINERS + 2)))


@pytest.mark.parametrize("piece", ["“", "'a ", " ", "between ", "1, ", "word "])
def test_no_text_takes_long(piece: str) -> None:
    """A message may be written to take long."""
    end = " and ".join(["between two"] * MOST_JOINERS)
    said = end.rjust(LONGEST).replace(" " * len(piece), piece)
    began = time.process_time()
    for _ in range(5):
        split(said)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("opening", "said", "missing"),
    [
        ("Book member ", "member 13", "Book "), ("Water the ", "the lawn", "Water "),
        ("Move ", "7 pallets", "Move "), ("Open port ", "open port 53", ""), ("", "lot 4", ""),
    ],
)  # fmt: skip
def test_only_what_a_clause_leaves_out_is_put_before_it(
    opening: str, said: str, missing: str
) -> None:
    """The opening ends where the clause's own first word would stand in it."""
    assert missing_opening(opening, said) == missing
