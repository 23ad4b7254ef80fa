"""No value ever comes from the gateway's own words: for any config, and any answers of a model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.contract import ApiEndpoint, Messages, Parameter
from extproc.questions import Asked, Proposed, Questions
from modelserver.schema import Call, Evidence
from modelserver.tasks.targets.functions import Functions
from modelserver.tasks.targets.functions import Settings as Margins
from modelserver.tasks.tools import parse_tool
from modelserver.tasks.types import Message
from tests import playbook
from tests.unit.modelserver.told_outputs import layouts

if TYPE_CHECKING:
    from collections.abc import Sequence

# The user's words and the config's have no letter in common; a few of our sentences have.
OURS = st.text('abcdefgh159,;:()“”" ', min_size=1, max_size=24)
THEIRS = st.text("uvwxyz02346 .", min_size=1, max_size=24)
NAMES = st.from_regex("[a-h]{1,6}(_[a-h]{1,6})?", fullmatch=True)
KINDS = st.sampled_from(["string", "integer", "number", "array", "boolean"])


@st.composite
def parameters(draw: st.DrawFn) -> tuple[Parameter, ...]:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    return tuple(
        playbook.parameter(
            name, draw(KINDS), description=draw(OURS | st.just("")), required=True,
            ask=draw(st.none() | OURS), maximum=draw(st.none() | st.integers(1, 9)),
            format=draw(st.sampled_from([None, "date", "email"])),
        )
        for name in names
    )  # fmt: skip


MESSAGES = st.just(Messages()) | st.builds(
    Messages,
    ask=st.builds("{}{{what}}{}".format, OURS, OURS),
    confirm=st.builds("{}{{calls}}{}".format, OURS, OURS),
    dropped=OURS,
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Any, list[dict[str, str]], Call]:
    """A config, a transcript with a question of ours in it, and what a model makes of that."""
    declared = draw(parameters())
    method = draw(st.sampled_from(["GET", "POST"]))
    confirm: Any = draw(st.sampled_from(["never", "unsure", "always"]))
    do = playbook.target(
        "do",
        *declared,
        description=draw(OURS),
        confirm=confirm,
        endpoint=ApiEndpoint("app", "/d", method),
    )
    config = playbook.settings(do, messages=draw(MESSAGES), system_prompt=draw(OURS))
    asked = Questions(config).ask(draw(st.permutations(declared)), known=draw(st.booleans()))
    said = [
        {"role": "system", "content": config.system_prompt or ""},
        *playbook.turns(draw(THEIRS), asked, draw(THEIRS)),
    ]
    arguments: dict[str, Any] = {}
    evidence: dict[str, Evidence] = {}
    for each in declared:
        place = draw(st.sampled_from([0, 2, 9]))
        text = said[place]["content"] if place < len(said) else asked
        start = draw(st.integers(0, max(len(text) - 1, 0)))
        end = draw(st.integers(start + 1, max(len(text), start + 1)))
        value = text[start:end].strip()
        if not value or any(value in said[theirs]["content"] for theirs in (1, 3)):
            continue
        arguments[each.name] = [value] if each.type == "array" else value
        if draw(st.booleans()):
            sure = draw(st.floats(0, 1))
            evidence[each.name] = Evidence(place, start, end, value, sure)
    return config, said, Call("do", arguments, (), evidence)


@settings(max_examples=300, deadline=None)
@given(conversations())
def test_no_argument_from_our_words(conversation: tuple[Any, list[dict[str, str]], Call]) -> None:
    """Where all of a model's values are words of ours, nothing is called: every one is missing."""
    config, said, call = conversation
    played = playbook.play(config, models=playbook.calls(call), says={"app": playbook.api({})})
    played >> playbook.chat(*said)
    assert not played.endpoints.sent
    shown = played.models.asked[0].messages
    for message, each in zip(said, shown, strict=True):
        assert each.ours is (message["role"] != "user")
        if message["role"] == "assistant":
            assert each.content.startswith("Which ")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.booleans(), min_size=1, max_size=4))
def test_no_evidence_in_our_words(seed: int, ours: Sequence[bool]) -> None:
    """Whatever the scores, no span and no support of a choice lies in a message that is ours."""
    tool = parse_tool(
        {
            "name": "do",
            "parameters": {
                "properties": {
                    "a": {"type": "string"},
                    "b": {"type": "integer"},
                    "c": {"type": "string", "enum": ["red", "blue"]},
                    "d": {"type": "array", "items": {"type": "string"}},
                    "e": {"type": "boolean"},
                }
            },
        }
    )
    talk = tuple(
        Message("assistant" if mine else "user", f"red {n} or blue, such as {n}5, yes", ours=mine)
        for n, mine in enumerate(ours)
    )
    task = Functions(layouts(), Margins())
    rows = task.encode(talk, [tool])
    rng = np.random.default_rng(seed)
    outputs = [
        {
            "scores": rng.normal(0, 4, (len(row.marks), 6)).astype(np.float32),
            "starts": rng.normal(0, 4, (len(row.marks), len(row.row))).astype(np.float32),
            "ends": rng.normal(0, 4, (len(row.marks), len(row.row))).astype(np.float32),
        }
        for row in rows
    ]
    for call in task.decode(talk, [tool], rows, outputs, [0]):
        for each in call.evidence.values():
            assert not each.text or not talk[each.message].ours


VALUES = st.one_of(
    st.text(max_size=30), st.integers(-(10**12), 10**12), st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False), st.lists(st.text(max_size=9), max_size=3),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.data(), parameters(), MESSAGES)
def test_a_proposal_is_read_back_or_not_at_all(
    data: st.DataObject, declared: tuple[Parameter, ...], messages: Messages
) -> None:
    """What a yes carries out is what was proposed, to the letter, for any values in any sentence."""
    do = playbook.target("do", *declared)
    questions = Questions(playbook.settings(do, messages=messages))
    arguments = {
        each.name: data.draw(_value(each.type)) for each in declared if data.draw(st.booleans())
    }
    known = questions.known(questions.propose([(do, arguments)]))
    if isinstance(known, Proposed):
        ((target, found),) = known.calls
        assert target == do
        assert json.dumps(found) == json.dumps(arguments)
    plain = Questions(playbook.settings(do))
    assert isinstance(plain.known(plain.propose([(do, arguments)])), Proposed)
    assert isinstance(plain.known(plain.ask(declared, known=True)), Asked)


def _value(kind: str) -> st.SearchStrategy[Any]:
    types = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list}
    return VALUES.filter(lambda value: type(value) is types[kind])
