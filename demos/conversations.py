"""Golden conversations, said to a gateway that runs.

`conversations.yaml` is a file of `archgw test`, which decides each of its tests by itself and calls
nothing. Here whole conversations are played: of tests that begin alike the longest is said, message by
message, and what comes of each is compared with the test that ends with it. What the assistant says
in the file is left out: a gateway and an LLM are there to say it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from controlplane.acceptance.cases import read_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from controlplane.acceptance.cases import Case
    from demos.chat import Answer, Chat

_ERROR = "x-function-error-code"


@dataclass(frozen=True, slots=True)
class Turn:
    user: str
    expect: Mapping[str, Any] = field(default_factory=dict)
    """As the test has it that ends here; empty where none does."""
    silent: frozenset[str] = frozenset()
    """Default targets: an answer does not tell that they were called."""

    @property
    def calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Those that are made; none where the user is asked instead."""
        expect = self.expect
        if "calls" in expect:
            return [call for each in expect["calls"] for call in each.items()]
        target = expect.get("target")
        if target is None or target in self.silent or self.asks:
            return []
        return [(target, expect.get("args", {}))]

    @property
    def asks(self) -> bool:
        return any(self.expect.get(key) for key in ("missing", "ask", "confirm"))

    def mismatches(self, answer: Answer) -> list[str]:
        """What the answer is not; empty when it is as it must be, as far as a client sees."""
        if not self.expect:
            return []
        if self.expect.get("guard") == "refuse" or answer.refused:
            as_wanted = answer.refused and self.expect.get("guard") == "refuse"
            return [] if as_wanted else [f"the guard: {_instead(answer)}"]
        if self.asks:
            return self._question(answer)
        if _failed(answer):
            # A call that fails is told without its values; where none was to be made none can.
            return [] if self.calls else [_instead(answer)]
        made = [(name, _named(arguments, wanted)) for name, arguments, wanted in self._made(answer)]
        if len(answer.calls) == len(self.calls) and made == self.calls:
            return [] if answer.model != "Arch-Function" or made else [_instead(answer)]
        return [f"{_instead(answer)}, expected {self.calls or 'no call'}"]

    def _made(self, answer: Answer) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        pairs = zip(answer.calls, self.calls, strict=False)
        return [(name, arguments, wanted) for (name, arguments), (_, wanted) in pairs]

    def _question(self, answer: Answer) -> list[str]:
        if answer.calls or answer.model != "Arch-Function" or _failed(answer):
            return [f"nothing was asked: {_instead(answer)}"]
        words = str(self.expect.get("ask", ""))
        known = words.casefold() in answer.text.casefold()
        return [] if known else [f"“{words}” is not in the question: {answer.text}"]


@dataclass(frozen=True, slots=True)
class Conversation:
    about: str
    turns: tuple[Turn, ...]


def load(path: Path) -> tuple[Conversation, ...]:
    read = read_suite(path)
    if read.suite is None or read.suite.config is None:
        raise ValueError(f"{path}: {[each.message for each in read.problems]}")
    targets = yaml.safe_load(read.suite.config.read_text("utf-8"))["prompt_targets"]
    silent = frozenset(each["name"] for each in targets if each.get("default"))
    tests = {_said(case): case for case in read.suite.cases}
    return tuple(
        Conversation(case.id, tuple(_turns(said, tests, silent)))
        for said, case in tests.items()
        if not any(other[: len(said)] == said for other in tests if len(other) > len(said))
    )


def _said(case: Case) -> tuple[str, ...]:
    return tuple(each["content"] for each in case.messages if each["role"] == "user")


def _turns(
    said: tuple[str, ...], tests: Mapping[tuple[str, ...], Case], silent: frozenset[str]
) -> list[Turn]:
    ends = ((text, tests.get(said[:number])) for number, text in enumerate(said, 1))
    return [Turn(text, test.expect if test else {}, silent) for text, test in ends]


def play(conversation: Conversation, chat: Chat, show: Callable[[str], None]) -> list[str]:
    """Say it all, every second message for a streamed answer, and show it like a chat.

    The mismatches, each with the sentence it followed.
    """
    wrong: list[str] = []
    show(f"\n— {conversation.about}")
    for number, turn in enumerate(conversation.turns):
        show(f"\n  you      {turn.user}")
        answer = chat.ask(turn.user, stream=bool(number % 2))
        for name, arguments in answer.calls:
            given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            show(f"           · {name}({given})")
        speaker = "gateway" if answer.model.startswith("Arch") else "answer"
        show(f"  {speaker:8} {answer.text if answer.status == 200 else _failure(answer)}")
        for problem in turn.mismatches(answer):
            show(f"  ✗        {problem}")
            wrong.append(f"“{turn.user}”: {problem}")
    return wrong


def _failed(answer: Answer) -> bool:
    return answer.status != 200 or _ERROR in answer.headers


def _failure(answer: Answer) -> str:
    return f"[{answer.status}] {answer.text}"


def _named(arguments: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Of the arguments those that are expected: a test names some, or all."""
    return {name: arguments[name] for name in wanted if name in arguments}


def _instead(answer: Answer) -> str:
    if answer.status != 200:
        return f"failed with {answer.status}"
    if answer.refused:
        return "was refused by the guard"
    if _ERROR in answer.headers:
        return "was answered by the error target"
    if answer.calls:
        return f"called {answer.calls}"
    if answer.model == "Arch-Function":
        return f"the gateway asked: {answer.text}"
    return "went to the LLM without a call"
