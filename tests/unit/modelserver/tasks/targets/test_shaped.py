"""Values that their shape gives to a parameter, be it declared or shown by an example."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import shaped
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

MOVE = Tool(
    "move", "",
    (
        Parameter("article", "string", "The article.", pattern="W[0-9]{4}"),
        Parameter("note", "string", "What to say."),
    ),
)  # fmt: skip
COPY = Tool(
    "copy", "",
    (
        Parameter("source", "string", "The box, such as B12."),
        Parameter("goal", "string", "The other box, such as B12."),
    ),
)  # fmt: skip
STOP = Tool("stop", "", (Parameter("servers", "array", "Servers, for example web-01."),))


def found(tool: Tool, *said: str, **read: str) -> dict[str, Any]:
    """The values where the model has read these words of the last message."""
    messages = [Message("user", said[0])]
    for question, reply in zip(said[1::2], said[2::2], strict=True):
        messages += [Message("assistant", question, ours=True), Message("user", reply)]
    newest = len(messages) - 1
    text = messages[newest].content
    readings = {
        name: [Reading(words, Evidence(newest, text.index(words), text.index(words) + len(words), words, 0.5))]
        for name, words in read.items()
    }  # fmt: skip
    kept = shaped.known(tool, readings, messages, UNTOLD)
    return {name: [each.value for each in many] for name, many in kept.items() if many}


@pytest.mark.parametrize(
    ("tool", "said", "values"),
    [
        (MOVE, ("verlege 120 von W3434",), {"article": ["W3434"]}),
        (MOVE, ("w3434 please.",), {"article": ["W3434"]}),
        (MOVE, ("of W3434", "How many?", "12"), {"article": ["W3434"]}),
        (MOVE, ("W3434, no, W3435",), {}), (MOVE, ("W34345",), {}), (MOVE, ("a@W3434.de",), {}),
        (COPY, ("copy B14",), {}), (STOP, ("stop web-01 and web-03",), {"servers": ["web-01", "web-03"]}),
        (STOP, ("stop web-01. Not web-03!",), {}),
    ],
)  # fmt: skip
def test_the_one_word_of_the_shape_is_the_value(
    tool: Tool, said: tuple[str, ...], values: dict[str, Any]
) -> None:
    """Of two one may be refused, and what two parameters may want is the model's to tell."""
    assert found(tool, *said) == values


def test_what_the_model_reads_stays() -> None:
    assert found(MOVE, "move W1111 to W2222", article="W2222") == {"article": ["W2222"]}


@pytest.mark.parametrize(
    ("said", "read", "items"),
    [
        ("stop web-01 web-02 & web-05", "web-01 web-02", ["web-05", "web-01", "web-02"]),
        ("stop web-01, web-02 and web-05", "web-02", ["web-02", "web-01", "web-05"]),
        ("stop web-01 but web-02 stays", "web-01", ["web-01"]),
        ("stop web-01", "web-01", ["web-01"]),
    ],
)
def test_a_list_goes_on_with_its_like(said: str, read: str, items: list[str]) -> None:
    """Side by side or joined; what stands further away may be of something else."""
    assert found(STOP, said, servers=read) == {"servers": items}


@pytest.mark.parametrize("piece", ["W", "W1", "W1 ", "a-", "1.", "web-01 & ", " "])
def test_no_text_takes_long(piece: str) -> None:
    begun = time.process_time()
    found(MOVE, piece * 1000)
    found(STOP, f"web-01 {piece * 900}"[:2000], servers="web-01")
    assert time.process_time() - begun < 1
