"""The stand-in LLM says what it is, reads contexts out, and invents nothing."""

from __future__ import annotations

import pytest

from demos.llm_gateway.stand_in_llm import answer_to


@pytest.mark.parametrize(
    ("context", "read_out"),
    [
        ('{"city": "Oslo", "wind_kmh": 19, "dry": false}', "city Oslo, wind kmh 19, dry false"),
        ('{"days": [{"low": 7}, {"low": 8}]}', "days low 7 / low 8"),
        ('{"city": "Oslo"}\n{"city": "Paris"}', "city Oslo; city Paris"),
        ("fw-01 is up.", "fw-01 is up."),
        ('{"days": []}', "days none"),
    ],
)
def test_reads_the_context_out(context: str, read_out: str) -> None:
    """JSON in words, several answers one after the other, text as it is."""
    said = answer_to(f"How is it?\ncontext: {context}")
    assert said == f"Stand-in answer: {read_out}"


def test_says_the_question_again_without_a_context() -> None:
    """There is nothing else it could say."""
    assert answer_to("A joke, please") == "I am a stand-in for an LLM. You said: A joke, please"
