"""Where lists begin and end."""

from __future__ import annotations

import time

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import list_ends, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message
from modelserver.tasks.values import spoken

PACK = Tool(
    "pack", "Pack things.",
    (
        Parameter("things", "array", "What is packed.", items="string"),
        Parameter("box", "integer", "The number of the box."), Parameter("who", "string", "For whom."),
    ),
)  # fmt: skip
RACKS = Tool("close", "Close racks.", (Parameter("racks", "array", "The racks.", items="integer"),))


def ended(
    tool: Tool, said: str, sure: float = 0.9, last: float = 0.9, who: str = ""
) -> dict[str, object]:
    """The values with how sure they are, where the model has read what stands in <brackets>."""
    text = said.replace("<", "").replace(">", "")
    name = tool.parameters[0].name
    readings: dict[str, list[Reading]] = {name: []}
    at = 0
    parts = said.split("<")[1:]
    for part in parts:
        words = part.split(">")[0]
        start = text.index(words, at)
        at = start + len(words)
        value = spoken.read(tool.parameters[0], text, start, at)
        confidence = last if part is parts[-1] else sure
        readings[name].append(Reading(value, Evidence(0, start, at, words, confidence)))
    if who:
        start = text.index(who)
        readings["who"] = [Reading(who, Evidence(0, start, start + len(who), who, 0.9))]
    found = list_ends.known(tool, readings, [Message("user", text)], UNTOLD)
    listed: list[object] = []
    for each in found[name]:
        listed += each.value if isinstance(each.value, list) else [each.value]
    rest = {
        other: (many[0].value, many[0].evidence.confidence >= 0.4)
        for other, many in found.items() if other not in {name, "who"}
    }  # fmt: skip
    return {name: listed, **rest}


@pytest.mark.parametrize(
    ("tool", "said", "items"),
    [
        (PACK, "Pack <C22>, and where is <C23>?", ["C22"]),
        (PACK, "Pack <lamp> and <vase>. What is in the <trunk>?", ["lamp", "vase"]),
        (RACKS, "Close <4> and <7>; how full is <9>?", [4, 7]),
        (PACK, "Pack <C22>. How about <C23>?", ["C22", "C23"]),
        (PACK, "Pack <C22>, then also <C23>", ["C22", "C23"]),
        (PACK, "Pack <C22>. And <C23> too", ["C22", "C23"]),
        (PACK, "Pack <C22> and where that fails <C23>", ["C22", "C23"]),
        (RACKS, "Close <4> for me and <7> for 8", [4, 7]),
    ],
)
def test_what_is_asked_about_is_no_item(tool: Tool, said: str, items: list[object]) -> None:
    assert ended(tool, said)[tool.parameters[0].name] == items


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Pack <C22>, <C23> and <C29> in box <4>", {"things": ["C22", "C23", "C29"], "box": (4, True)}),
        ("Pack <C22 and C23> for <4>", {"things": ["C22", "C23"], "box": (4, False)}),
        ("Pack <C22> and <C23> and <4>", {"things": ["C22", "C23", "4"]}),
        ("Pack <C22> and <lamp> for <4>", {"things": ["C22", "lamp", "4"]}),
        ("Pack <C22>, 3 of <4>", {"things": ["C22", "4"]}),
        ("Pack <C22> until <C29>", {"things": ["C22", "C29"]}),
    ],
)  # fmt: skip
def test_a_number_for_something_is_no_code(said: str, found: dict[str, object]) -> None:
    """It is the value of the one number that lacks one, surely where that is named."""
    assert ended(PACK, said) == found


@pytest.mark.parametrize(
    ("said", "last", "items"),
    [
        ("Pack the <lamp> today. Otherwise there will be a <row>.", 0.3, ["lamp"]),
        ("Pack the <lamp> today. Otherwise there will be a <row>.", 0.7, ["lamp", "row"]),
        ("Pack the <lamp>. And the <vase>.", 0.3, ["lamp", "vase"]),
        ("Pack the <lamp>. I also have a <vase>.", 0.3, ["lamp", "vase"]),
        ("Pack the <C22>. There is <C23>.", 0.3, ["C22", "C23"]),
    ],
)
def test_an_unsure_word_of_another_sentence_is_no_item(
    said: str, last: float, items: list[str]
) -> None:
    assert ended(PACK, said, last=last)["things"] == items


def test_a_list_that_lost_a_word_is_unsure() -> None:
    text = "Pack the lamp today. Otherwise there will be a row."
    things = [Reading(each, Evidence(0, text.index(each), text.index(each) + len(each), each, sure))
              for each, sure in (("lamp", 0.9), ("row", 0.3))]  # fmt: skip
    (lamp,) = list_ends.known(PACK, {"things": things}, [Message("user", text)], UNTOLD)["things"]
    assert (lamp.value, lamp.evidence.confidence) == ("lamp", wording.UNSAID)


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("Pack a lamp, <a vase and a rug>", ["lamp", "vase", "rug"]),
        ("Pack my desk lamp, my books, my <vase> and my <rug>", ["desk lamp", "books", "vase", "rug"]),
        ("Pack for a friend, a <vase> and a <rug>", ["vase", "rug"]),
        ("Pack in a crate, a <vase> and a <rug>", ["vase", "rug"]),
        ("Pack a lamp, <vase and rug>", ["vase", "rug"]),
        ("Pack the lamp. A <vase> and a <rug>", ["vase", "rug"]),
        ("In a hurry, a <vase>", ["vase"]),
    ],
)  # fmt: skip
def test_a_list_begins_with_its_first_thing(said: str, items: list[str]) -> None:
    assert ended(PACK, said)["things"] == items


def test_a_preposition_of_the_tool_begins_no_other_part() -> None:
    tool = Tool("take_in", "Take in washing.", PACK.parameters)
    assert ended(tool, "Take in a lamp, a <vase> and a <rug>")["things"] == ["lamp", "vase", "rug"]


def test_what_another_holds_is_no_thing() -> None:
    assert ended(PACK, "Pack my sister, a <vase> and a <rug>", who="sister")["things"] == [
        "vase",
        "rug",
    ]


@pytest.mark.parametrize("piece", ["a ", "a b, ", ", and ", "for a ", ". ", "also ", " "])
def test_no_text_takes_long(piece: str) -> None:
    begun = time.process_time()
    ended(PACK, f"<C22> {piece * 300}<C23> and <C24>")
    ended(PACK, f"{piece * 300}<a vase and a rug>")
    assert time.process_time() - begun < 1
