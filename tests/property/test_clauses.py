"""Evidence of a clause is evidence of its message: the same words, wherever the clause stands."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets.by_clause import to_read
from modelserver.tasks.targets.clauses import split
from modelserver.tasks.types import Call, Decision, Evidence, IntentAnswer, Message

if TYPE_CHECKING:
    from modelserver.tasks.targets.by_clause import Reading

TOOL = Tool("do", "Do it.", (Parameter("what", enum=("it", "that")), Parameter("how")))
PIECES = st.sampled_from(
    [
        "Ship", "the", "it", "A11", "22", "Łódź", "İ", "日本", "😀", "and", "und", "e", ", then", ";",
        ".", "!", "\n", "  ", "“", "”", "'", "between", "but", "not", "a\u0301", "two", "hundred",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=20).map(" ".join) | st.text(max_size=60)


@given(TEXTS)
def test_clauses_are_slices_of_the_text(text: str) -> None:
    """In order, none empty, none reaching into the next."""
    end = 0
    for clause in split(text):
        assert clause.start >= end
        assert clause.text
        assert text[clause.start : clause.end] == clause.text
        end = clause.end


@given(TEXTS, st.sampled_from([(), (Message("assistant", "What else?"),)]), st.data())
def test_evidence_keeps_its_words(
    text: str, later: tuple[Message, ...], data: st.DataObject
) -> None:
    """Whatever a model finds in a clause, the whole message says it at the evidence's place."""
    messages = (Message("system", "Be brief."), Message("user", text), *later)
    for reading in itertools.chain(*to_read(messages, {"do": TOOL}, ())):
        conversation = reading.conversation(messages)
        assert [*conversation[:1], *conversation[2:]] == [*messages[:1], *messages[2:]]
        said = conversation[1].content
        start = data.draw(st.integers(0, len(said)))
        end = data.draw(st.integers(start, len(said)))
        call = reading.call(decided(reading, Evidence(1, start, end, said[start:end], 0.9)))
        inside = start >= len(reading.opening)
        assert (call is not None) == inside
        if call:
            found = call.evidence["how"]
            assert text[found.start : found.end] == found.text
            assert call.clause is not None
            assert text[slice(*call.clause)] == reading.clause.text


@given(TEXTS, st.integers(0, 2))
def test_evidence_of_other_messages_is_not_the_clauses(text: str, place: int) -> None:
    """What somebody said before is no value of a clause by itself."""
    messages = (Message("user", text), Message("assistant", text), Message("user", text))
    for reading in itertools.chain(*to_read(messages, {"do": TOOL}, ())):
        said = decided(
            reading, Evidence(place, len(reading.opening), len(reading.opening), "", 0.9)
        )
        assert (reading.call(said) is not None) == (place == 2)


def decided(reading: Reading, evidence: Evidence) -> Decision:
    call = replace(Call("do", {"how": evidence.text}), evidence={"how": evidence})
    return Decision(IntentAnswer("do", 0.9, (), 0.5), (call,))
