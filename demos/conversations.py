"""Scripts of conversations: what the user says, and what must be seen of each answer.

A script is a list of conversations in YAML. Each turn has a `user` and exactly one of

- `calls`: the APIs that were called, in order, each `{name: {argument: value, …}}`, complete;
- `asks_for`: the parameters that the gateway asks for instead of calling; how, is for `says`;
- `proposes`: the call that the gateway asks whether to make, as `name: [words of its values]`;
- `refused`: true, the prompt guard answered;
- `error_target`: true, the call failed and the error target answered;
- `error`: the call failed and this status came back;
- `llm`: true, an answer of the LLM, with no API called that is a tool;

and may have `says` (texts that the answer must hold, in any case) and `stream` (true).

A conversation says what a user would expect. Where archgw's models are known to get it wrong,
its `mistake` tells how; it is played and shown like the others, and no failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from demos.chat import Answer, Chat

_ERROR = "x-function-error-code"
_QUESTIONS = ("Could you please tell me", "Sure, could you also tell me")


@dataclass(frozen=True, slots=True)
class Turn:
    user: str
    kind: str
    wanted: Any
    says: tuple[str, ...]
    stream: bool

    def mismatches(self, answer: Answer) -> list[str]:
        """What the answer is not; empty when it is as it must be."""
        found = _KINDS[self.kind](answer, self.wanted)
        text = answer.text.casefold()
        missing = [part for part in self.says if part.casefold() not in text]
        return [*found, *(f"the answer does not say “{part}”" for part in missing)]


@dataclass(frozen=True, slots=True)
class Conversation:
    about: str
    turns: tuple[Turn, ...]
    mistake: str | None = None


def load(path: Path) -> tuple[Conversation, ...]:
    script: list[Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(
        Conversation(each["about"], tuple(map(_turn, each["turns"])), each.get("mistake"))
        for each in script
    )


def _turn(written: Mapping[str, Any]) -> Turn:
    kinds = [key for key in written if key in _KINDS]
    unknown = set(written) - {"user", "says", "stream", *_KINDS}
    if unknown or len(kinds) != 1:
        raise ValueError(f"a turn needs one of {', '.join(_KINDS)}, and no other keys: {written}")
    says = tuple(str(part) for part in written.get("says", ()))
    return Turn(written["user"], kinds[0], written[kinds[0]], says, bool(written.get("stream")))


def play(conversation: Conversation, chat: Chat, show: Callable[[str], None]) -> list[str]:
    """Say it all, show it like a chat; the mismatches, each with the sentence it followed."""
    wrong: list[str] = []
    show(f"\n— {conversation.about}")
    if conversation.mistake:
        show(f"  (known mistake: {conversation.mistake})")
    for turn in conversation.turns:
        show(f"\n  you      {turn.user}")
        answer = chat.ask(turn.user, stream=turn.stream)
        for name, arguments in answer.calls:
            given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            show(f"           · {name}({given})")
        speaker = "gateway" if answer.model.startswith("Arch") else "answer"
        show(f"  {speaker:8} {answer.text if answer.status == 200 else _failure(answer)}")
        for problem in turn.mismatches(answer):
            show(f"  ✗        {problem}")
            wrong.append(f"“{turn.user}”: {problem}")
    return wrong


def _failure(answer: Answer) -> str:
    return f"[{answer.status}] {answer.text}"


def _calls(answer: Answer, wanted: Sequence[Mapping[str, Mapping[str, Any]]]) -> list[str]:
    expected = [(name, dict(arguments)) for call in wanted for name, arguments in call.items()]
    if answer.calls == expected:
        return []
    return [f"called {answer.calls or _instead(answer)}, not {expected}"]


def _asks_for(answer: Answer, wanted: Sequence[str]) -> list[str]:
    if answer.calls or answer.model != "Arch-Function" or _ERROR in answer.headers:
        return [f"did not ask for {', '.join(wanted)} but {_instead(answer)}"]
    asks = answer.text.startswith(_QUESTIONS)
    return [] if asks else [f"did not ask for {', '.join(wanted)} but said: {answer.text}"]


def _proposes(answer: Answer, wanted: Mapping[str, Sequence[str]]) -> list[str]:
    ((name, words),) = wanted.items()
    opening = f"Shall I go ahead with “{name.replace('_', ' ')}”"
    if answer.calls or answer.model != "Arch-Function" or not answer.text.startswith(opening):
        return [f"did not propose {name} but {_instead(answer)}"]
    return [f"did not propose “{each}”" for each in words if each not in answer.text]


def _refused(answer: Answer, _wanted: bool) -> list[str]:
    return [] if answer.refused else [f"was not refused but {_instead(answer)}"]


def _error_target(answer: Answer, _wanted: bool) -> list[str]:
    if answer.status == 200 and _ERROR in answer.headers:
        return []
    return [f"did not go to the error target but {_instead(answer)}"]


def _error(answer: Answer, wanted: int) -> list[str]:
    return [] if answer.status == wanted else [f"was no {wanted} but {_instead(answer)}"]


def _llm(answer: Answer, _wanted: bool) -> list[str]:
    own = answer.model.startswith("Arch") or _ERROR in answer.headers
    if answer.status == 200 and not answer.calls and not own:
        return []
    return [f"is not the LLM's alone: {_instead(answer)}"]


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


_KINDS: dict[str, Callable[[Answer, Any], list[str]]] = {
    "calls": _calls,
    "asks_for": _asks_for,
    "proposes": _proposes,
    "refused": _refused,
    "error_target": _error_target,
    "error": _error,
    "llm": _llm,
}
