"""Plays the written conversations through a gateway, and says what it did of what it should.

What counts is what reached the application: a call that changes something and was not due is a
wrong POST, whatever the answer says. What was asked is read back by the gateway's own reader of
its questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from extproc.contract import READS
from extproc.questions import Asked, Proposed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from demos.chat import Answer, Chat
    from extproc.questions import Questions
    from tests.fakes.application import FakeApplication

HERE = Path(__file__).parent


def rows(folder: Path = HERE) -> list[str]:
    """The rows of mistakes that the conversations of a folder are about."""
    return sorted(path.stem for path in (folder / "cases").glob("*.yaml"))


ROWS = rows()
# Where "nothing" means that nothing is asked for either.
NOT_EVEN_ASKED = ("refusal", "small_talk")

Call = tuple[str, "Mapping[str, Any]"]


@dataclass(frozen=True, slots=True)
class Case:
    row: str
    id: str
    config: str
    history: tuple[Mapping[str, str], ...]
    turns: tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(slots=True)
class Outcome:
    """What came of a case: what was wrong, and whether something was changed that must not be."""

    case: Case
    wrong: list[str] = field(default_factory=list)
    posted: bool = False
    asked_first: bool = False
    """The gateway asked for a yes to what it was plainly told to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway with what stands behind it."""

    chat: Chat
    application: FakeApplication
    questions: Questions


def load(row: str, folder: Path = HERE) -> list[Case]:
    """The cases of one file."""
    written: list[dict[str, Any]] = yaml.safe_load(
        (folder / "cases" / f"{row}.yaml").read_text("utf-8")
    )
    return [
        Case(
            row, each["id"], each["config"], tuple(each.get("history", ())),
            tuple((turn["user"], turn["expect"]) for turn in each["turns"]),
        )
        for each in written
    ]  # fmt: skip


def play(case: Case, place: Place) -> Outcome:
    """Say it all; a turn after a wrong one is played all the same."""
    outcome = Outcome(case)
    place.chat.history = [dict(message) for message in case.history]
    for text, expect in case.turns:
        place.application.received.clear()
        answer = place.chat.ask(text)
        changed = [a for a in place.application.received if a.method not in READS]
        due = _due(expect)
        found = _mismatch(case, expect, answer, place.questions)
        if len(changed) > len(due) or (changed and found):
            outcome.posted = True
        if found:
            outcome.asked_first |= _proposes(answer, place.questions, due)
            outcome.wrong.append(f"{text!r}: {found}, not {dict(expect)}")
    return outcome


def _due(expect: Mapping[str, Any]) -> list[Call]:
    calls = expect.get("calls") or ([expect["call"]] if "call" in expect else [])
    return [(call["target"], call["arguments"]) for call in calls]


def _mismatch(
    case: Case, expect: Mapping[str, Any], answer: Answer, questions: Questions
) -> str | None:
    """What the gateway did instead; None when it did what it should."""
    due = _due(expect)
    if answer.status != 200:
        return f"failed with {answer.status} {answer.text[:120]!r}"
    if due:
        if expect.get("or_confirm") and _proposes(answer, questions, due):
            return None
        return None if _same_calls(answer.calls, due) else _instead(answer)
    if "asks" in expect:
        asked = questions.known(answer.text) if not answer.calls else None
        names = {alike[0].name for alike in asked.parameters} if isinstance(asked, Asked) else set()
        return None if names == set(expect["asks"]) else _instead(answer)
    allowed = all(name == expect.get("allow_get") for name, _ in answer.calls)
    asking = case.row in NOT_EVEN_ASKED and isinstance(
        questions.known(answer.text), Asked | Proposed
    )
    return None if allowed and not asking else _instead(answer)


def _proposes(answer: Answer, questions: Questions, due: Sequence[Call]) -> bool:
    known = None if answer.calls else questions.known(answer.text)
    if not isinstance(known, Proposed):
        return False
    return _same_calls([(target.name, given) for target, given in known.calls], due)


def _same_calls(found: Sequence[Call], due: Sequence[Call]) -> bool:
    left = list(found)
    for name, arguments in due:
        match = next((c for c in left if c[0] == name and _same(c[1], arguments)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _same(found: Any, due: Any) -> bool:
    if isinstance(due, dict):
        return found.keys() == due.keys() and all(_same(found[key], due[key]) for key in due)
    if isinstance(due, list):
        return isinstance(found, list) and len(found) == len(due) and all(map(_same, found, due))
    if isinstance(due, str):
        return isinstance(found, str) and found.casefold() == due.casefold()
    return bool(found == due) and isinstance(found, bool) == isinstance(due, bool)


def _instead(answer: Answer) -> str:
    if answer.calls:
        return "called " + ", ".join(f"{name}{dict(given)}" for name, given in answer.calls)
    return (
        f"said {answer.text[:160]!r}" if answer.model.startswith("Arch") else "left it to the LLM"
    )
