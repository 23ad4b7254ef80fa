"""Token ids, offsets and the rows they are laid out in."""

from __future__ import annotations

import pytest

from modelserver import tokenization
from modelserver.schema import Tool
from modelserver.tasks.targets.layout import MAX_CONVERSATION, Layouts
from modelserver.tasks.tools import humanized, parse_tool
from modelserver.tasks.types import Message
from tests.unit.modelserver.told_outputs import layouts, tokenizer, user

BOOK = parse_tool(
    {
        "name": "bookFlight",
        "description": "Book a flight",
        "parameters": {
            "properties": {
                "to": {"type": "string"},
                "seats": {"type": "int"},
                "class": {"type": "string", "enum": ["economy", "business"]},
                "wifi": {"type": "bool"},
            }
        },
    }
)


@pytest.mark.parametrize(
    "text", ["Book a table at Café Zürich!", "价格 5 €", "a" * 300, "", "\t x \n"]
)
def test_offsets_are_slices_of_the_text(text: str) -> None:
    """Every token covers characters of the original, in order."""
    pieces = tokenizer().pieces(text)
    assert len(pieces.ids) == len(pieces.offsets)
    assert all(0 <= start <= end <= len(text) for start, end in pieces.offsets)
    assert list(pieces.offsets) == sorted(pieces.offsets)


def test_no_text_produces_a_marker() -> None:
    """Words that look like markers are ordinary text."""
    words = f"{tokenization.TOOL} {tokenization.PARAMETER} {tokenization.LAST_USER} [SEP]"
    kinds = tokenizer()
    inside = kinds.pieces(words.replace("[", "[ ").replace("]", " ]")).ids
    assert not {kinds.token(tokenization.TOOL), kinds.token(tokenization.PARAMETER)} & set(inside)


def test_a_foreign_tokenizer_is_refused() -> None:
    """A vocabulary without the marker tokens belongs to another model."""
    with pytest.raises(ValueError, match="another model"):
        tokenizer().token("[nothing of the kind]")


def test_markers_in_order() -> None:
    """A tool, its parameters and their options follow each other."""
    (layout,) = layouts().full(user("hi"), [BOOK])
    kinds = [mark.kind[0] for mark in layout.marks]
    assert kinds == list("tpppoopoo")
    assert list(layout.row.markers) == sorted(layout.row.markers)


def test_schema_and_conversation_are_told_apart() -> None:
    """Schema tokens have type 0, conversation tokens type 1, and only these carry values."""
    (layout,) = layouts().full(user("fly to Rome", "when?", "now"), [BOOK])
    types = layout.row.token_type_ids
    assert list(types) == sorted(types)
    assert all(types[marker] == 0 for marker in layout.row.markers)
    assert all(types[token.position] == 1 for token in layout.tokens)
    assert [token.message for token in layout.tokens] == sorted(t.message for t in layout.tokens)


def test_long_conversations_keep_their_end() -> None:
    """Old turns go first; the last message keeps its beginning and its end."""
    talk = [Message("user", "old " * 400), Message("user", "first " + "middle " * 900 + "last")]
    (layout,) = layouts().full(talk, [BOOK])
    said = [talk[t.message].content[t.start : t.end] for t in layout.tokens]
    assert len(layout.tokens) <= MAX_CONVERSATION
    assert (said[0], said[-1]) == ("first", "last")
    assert {token.message for token in layout.tokens} == {1}


def test_huge_messages_are_cut_before_they_are_read() -> None:
    """A megabyte costs no more than its two ends, and offsets stay right."""
    text = "start " + "x " * 500_000 + "end"
    (layout,) = layouts().full([Message("user", text)], [BOOK])
    last = layout.tokens[-1]
    assert text[last.start : last.end] == "end"


def test_roles_have_their_own_tokens() -> None:
    """The last user message is told from earlier ones."""
    kinds = tokenizer()
    talk = (Message("system", "s"), *user("a", "b", "c"), Message("tool", "d"))
    (layout,) = layouts().full(talk, [BOOK])
    row = layout.row.input_ids
    names = (tokenization.SYSTEM, tokenization.USER, tokenization.ASSISTANT,
             tokenization.LAST_USER, tokenization.TOOL_OUTPUT)  # fmt: skip
    assert [row.count(kinds.token(name)) for name in names] == [1, 1, 1, 1, 1]


def test_an_embedding_depends_on_the_tool_alone() -> None:
    """The same tool gives the same row; another description gives another."""
    marked: Layouts = layouts()
    assert marked.tool_alone(BOOK) == layouts().tool_alone(BOOK)
    assert marked.tool_alone(BOOK) != marked.tool_alone(Tool("bookFlight", "Cancel a flight"))


@pytest.mark.parametrize(
    "name",
    ["bookFlight", "book_flight", "book-flight", "book.flight", "BookFlight", "book  flight"],
)
def test_styles_of_names(name: str) -> None:
    """Names are read as words, however they are joined."""
    assert humanized(name) == "book flight"


def test_python_and_json_types_are_the_same() -> None:
    """`int`, `integer` and `List[str]` mean what they mean in either language."""
    kinds = {"int": "integer", "float": "number", "bool": "boolean", "list": "array",
             "List[str]": "array", "dict": "object", "str": "string", "mystery": "string"}  # fmt: skip
    for said, kind in kinds.items():
        tool = parse_tool({"name": "t", "parameters": {"properties": {"x": {"type": said}}}})
        assert tool.parameters[0].type == kind


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "name"), ({"name": ""}, "name"), ({"name": "t", "parameters": 3}, "parameters"),
        ({"name": "t", "parameters": {"properties": []}}, "properties"),
        ({"name": "t", "parameters": {"properties": {"x": 1}}}, "properties.x"),
        ({"name": "t", "parameters": {"properties": {"x": {"enum": "a"}}}}, "x.enum"),
        ({"function": 1}, "function"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_tool(value: dict[str, object], place: str) -> None:
    """A tool that cannot be read says where it is wrong."""
    with pytest.raises(ValueError, match=place):
        parse_tool(value)
