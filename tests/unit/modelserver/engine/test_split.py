"""A model in two graphs: parts by themselves, remembered only where they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from modelserver.engine import split
from modelserver.engine.backend import OnnxBackend, Session
from modelserver.tasks.types import Part, Row
from tests.unit.modelserver.tiny import write_split, write_targets

if TYPE_CHECKING:
    from pathlib import Path

CLS, TOOL, SEP = 16, 2, 17


def row(*talk: int, keep: bool = True) -> Row:
    """[CLS] one tool of three tokens [SEP] the talk."""
    ids = (CLS, TOOL, 30, 40, SEP, *talk)
    return Row(ids, (0,) * 5 + (1,) * len(talk), (1,), (Part(1, 4, keep),))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The token ids that the lower graph was run for."""
    seen: list[tuple[int, ...]] = []
    real = Session.run

    def run(self: Session, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if "lower" not in feeds:
            seen.append(tuple(feeds["input_ids"][0].tolist()))
        return real(self, feeds)

    monkeypatch.setattr(Session, "run", run)
    return seen


def test_each_part_sees_itself_alone(tmp_path: Path) -> None:
    """A tool's tokens know the tool's sum, all others know that of everything else."""
    (output,) = split.SplitBackend(write_split(tmp_path)).run([row(5, 6)])
    rest = CLS + SEP + 5 + 6
    sums = [rest, 72, 72, 72, rest, rest, rest]
    expected = [[[token, total] for token, total in zip(row(5, 6).input_ids, sums, strict=True)]]
    np.testing.assert_array_equal(output["scores"][None], expected)


def test_what_a_tool_came_to_is_kept_and_what_was_said_is_not(
    tmp_path: Path, runs: list[tuple[int, ...]]
) -> None:
    """The second row with the same tool runs the lower graph for its talk alone."""
    backend = split.SplitBackend(write_split(tmp_path))
    first, again = backend.run([row(5, 6), row(5, 6)])
    assert runs == [(TOOL, 30, 40), (CLS, SEP, 5, 6), (CLS, SEP, 5, 6)]
    np.testing.assert_array_equal(first["scores"], again["scores"])


def test_a_part_with_words_of_the_prompt_is_not_kept(
    tmp_path: Path, runs: list[tuple[int, ...]]
) -> None:
    """A finished call holds values that somebody said."""
    backend = split.SplitBackend(write_split(tmp_path))
    backend.run([row(5, keep=False), row(5, keep=False)])
    assert runs.count((TOOL, 30, 40)) == 2


def test_a_row_without_markers_has_an_embedding_alone(tmp_path: Path) -> None:
    """It is one part, and the upper graph is not run for it."""
    (output,) = split.SplitBackend(write_split(tmp_path)).run([Row((CLS, 8, SEP), (1,) * 3)])
    assert output.keys() == {"embedding"}
    np.testing.assert_allclose(output["embedding"], [(CLS + 8 + SEP) / 3, CLS + 8 + SEP])


def test_the_least_used_tools_are_forgotten_first(
    tmp_path: Path, runs: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept stays within its bound."""
    monkeypatch.setattr(split, "KEPT_TOKENS", 6)
    backend = split.SplitBackend(write_split(tmp_path))
    tools = [
        Row((CLS, TOOL, n, n, SEP), (0,) * 5, (1,), (Part(1, 4, keep=True),)) for n in range(50, 53)
    ]
    backend.run([tools[0], tools[1], tools[0], tools[2], tools[0], tools[1]])
    asked = [ids[1] for ids in runs if ids[0] == TOOL]
    assert asked == [50, 51, 52, 51]


def test_the_files_say_which_backend_it_is(tmp_path: Path) -> None:
    """One graph or two: the caller need not know."""
    assert isinstance(split.open_model(write_split(tmp_path / "two")), split.SplitBackend)
    assert isinstance(split.open_model(write_targets(tmp_path / "one")), OnnxBackend)
