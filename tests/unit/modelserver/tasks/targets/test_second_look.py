"""The second look: which reading of a call is meant, how sure it is, and what is no wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets.layout import Layouts
from modelserver.tasks.targets.second_look import SecondLook, Settings, words
from modelserver.tasks.types import Call, Evidence, Message
from modelserver.tokenization import Tokenizer
from tests.unit.modelserver.tiny import write_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

TOOL = Tool(
    "transfer", "Move money.",
    (
        Parameter("source", required=True), Parameter("target", required=True),
        Parameter("amount", "number"), Parameter("speed", enum=("slow", "fast")),
    ),
)  # fmt: skip
SAID = (Message("user", "move 300 from 4711 to 8822"),)


def call(**arguments: object) -> Call:
    evidence = {name: Evidence(0, 0, 1, f"said {value}", 0.9) for name, value in arguments.items()}
    return Call("transfer", arguments, (), evidence)


def output(score: float) -> dict[str, np.ndarray]:
    return {"scores": np.full((4, 7), score, np.float32)}


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    write_tokenizer(tmp_path / "tokenizer.json")
    return Layouts(Tokenizer.load(tmp_path / "tokenizer.json"))


def look(layouts: Layouts, *scores: float, settings: Settings | None = None) -> tuple[Call, ...]:
    """What is left of a transfer when its readings get these scores, itself first."""
    second = SecondLook(layouts, settings)
    asked = call(source="4711", target="8822", amount=300)
    looks = second.encode(SAID, [asked], {"transfer": TOOL})
    assert len(looks.layouts) == len(scores)
    return second.decode([asked], looks, [output(score) for score in scores])


def test_the_call_stays_and_gets_its_confidence(layouts: Layouts) -> None:
    """Itself, and once more with accounts exchanged: the likelier one is meant."""
    (meant,) = look(layouts, 2.0, -1.0)
    assert meant.arguments == {"source": "4711", "target": "8822", "amount": 300}
    assert meant.confidence == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_like_values_are_exchanged_when_that_is_likelier(layouts: Layouts) -> None:
    """Values move with their evidence; by how much it must be likelier is calibrated."""
    (meant,) = look(layouts, -1.0, 3.0)
    assert meant.arguments == {"source": "8822", "target": "4711", "amount": 300}
    assert meant.evidence["source"].text == "said 8822"
    (kept,) = look(layouts, 1.0, 1.5)
    assert kept.arguments["source"] == "4711"


def test_what_is_no_wish_is_dropped(layouts: Layouts) -> None:
    """Below the calibrated limit nothing is called."""
    assert look(layouts, -4.0, -5.0, settings=Settings(dropped_below=0.1)) == ()
    assert len(look(layouts, -4.0, -5.0)) == 1


def test_a_call_that_lacks_something_is_not_looked_at(layouts: Layouts) -> None:
    """It is asked for first, and stays as it is."""
    second = SecondLook(layouts)
    lacking = Call("transfer", {}, ("source",))
    looks = second.encode(SAID, [lacking], {"transfer": TOOL})
    assert looks.layouts == ()
    assert second.decode([lacking], looks, []) == (lacking,)


def test_choices_are_shown_by_name_and_values_by_their_words() -> None:
    """As training shows them."""
    said = words(call(amount=300, speed="fast"), TOOL)
    assert said == {"amount": "said 300", "speed": "fast"}


def test_a_claim_is_a_part_that_is_never_kept(layouts: Layouts) -> None:
    """It holds what somebody said."""
    layout = SecondLook(layouts).encode(SAID, [call(amount=300)], {"transfer": TOOL}).layouts[0]
    assert [part.keep for part in layout.row.parts] == [False]
