"""Texts in the form that their parameter asks for."""

from __future__ import annotations

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.types import UNTOLD
from modelserver.tasks.values.texts import text


@pytest.mark.parametrize(
    ("said", "is_called"),
    [
        ("Dr. Adler", "Adler"), ("dr Ruiz Soler", "Ruiz Soler"), ("Frau Keller", "Keller"), ("Herrn Dr. Vogt", "Vogt"),
        ("dottoressa Ricci", "Ricci"), ("dokter Visser", "Visser"), ("señora Ortega", "Ortega"),
        ("Adler", "Adler"), ("Drake", "Drake"), ("Prof", "Prof"), ("Mirko", "Mirko"),
    ],
)  # fmt: skip
def test_a_person_is_called_by_the_name(said: str, is_called: str) -> None:
    """What stands before a name is none of it."""
    assert text(Parameter("doctor", "string", "the doctor to see"), said, UNTOLD) == is_called


@pytest.mark.parametrize(
    "wanted",
    [
        Parameter("movie", "string", "name of the film"),
        Parameter("doctor", "string", "the doctor, such as Dr. House"),
        Parameter("message", "string", "what to tell them"),
        Parameter("name", "string", "name with title"),
    ],
)
def test_a_title_that_belongs_to_the_value_stays(wanted: Parameter) -> None:
    """Films have one, and who asks for one gets it."""
    assert text(wanted, "Dr. Strange", UNTOLD) == "Dr. Strange"
