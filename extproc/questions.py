"""What the gateway says itself: how it is worded, and how it is known again.

Nothing is remembered between requests; the client sends the transcript, and what we said stands
in it. Every sentence of ours is made of the config's words and of values in a spelling that can
be read back, so each is known by its text alone, whoever sends it: a question for parameters by
the words for each of them, a question whether to call by its targets and values, and the rest by
being the same to the letter. A question is taken for ours only if we would word it so again.
Wordings of versions before are known too: a conversation may be older than the process.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from extproc.contract import Messages
from modelserver.schema import humanized

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extproc.contract import Parameter, RuntimeConfig, Target

AT_ONCE: Final = 2
"""How many things one question asks for."""
_LONGEST_DESCRIPTION: Final = 100

_EXAMPLES: Final = {
    "date": "2026-05-31",
    "time": "14:30",
    "date-time": "2026-05-31T14:30:00",
    "email": "ann@example.com",
    "uri": "https://example.com",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
}
"""How a question shows the format it asks for."""

_EARLIER: Final = (
    "Could you please tell me the {what}?",
    "Sure, could you also tell me the {what}?",
    "It seems I'm missing some information. Could you provide the following details {what} ?",
)
"""Questions as earlier versions worded them: of v0.1, and of the first of this one."""
_EARLIER_EXAMPLES: Final = {
    name: "a UUID" if name == "uuid" else f"such as {example}"
    for name, example in _EXAMPLES.items()
}
_EARLIER_LONGEST: Final = 160
_ENGLISH: Final = Messages()
_MOST_THINGS: Final = 64
_MOST_CALLS: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for parameters; of like-worded ones of several targets all stand here."""

    parameters: tuple[tuple[Parameter, ...], ...]

    @property
    def neutral(self) -> str:
        """The question as models are shown it: without examples, choices and bounds."""
        return f"Which {', '.join(humanized(alike[0].name) for alike in self.parameters)}?"

    @property
    def may_want_a_no(self) -> bool:
        """Whether a denial in the reply may be a value that was asked for."""
        return any(each.type == "boolean" for alike in self.parameters for each in alike)

    @property
    def wants_yes_or_no(self) -> bool:
        """Whether a no, and no word more, is the value: of two things asked it would say of neither."""
        return len(self.parameters) == 1 and self.may_want_a_no

    def asks_for(self, parameter: Parameter) -> bool:
        return any(parameter in alike for alike in self.parameters)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A question whether to make these calls, with the value of every argument."""

    calls: tuple[tuple[Target, Mapping[str, Any]], ...] = field(repr=False)

    @property
    def neutral(self) -> str:
        return "Shall I go ahead?"


@dataclass(frozen=True, slots=True)
class Dropped:
    """The sentence that nothing is done."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A guard's message."""


Sentence = Asked | Proposed | Dropped | Refused


class Questions:
    """The sentences of one config."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._messages = config.messages
        targets = [target for target in config.targets if not target.default]
        self._labels = _distinct(targets)
        self._targets = {self._labels[target.name]: target for target in targets}
        self._things: dict[str, list[Parameter]] = {}
        for target in targets:
            for parameter in target.parameters:
                for words in {self.thing(parameter), *_earlier_things(parameter)}:
                    alike = self._things.setdefault(words, [])
                    if parameter not in alike:
                        alike.append(parameter)
        self._longest = max(map(len, self._things), default=0)
        self._asking = _templates(self._messages)
        self._refusals = frozenset(guard.message.strip() for guard in config.guards)

    @property
    def dropped(self) -> str:
        return self._messages.dropped

    def ask(self, missing: Sequence[Parameter], *, known: bool) -> str:
        """One sentence for the first few of what is missing; v0.1's clients know its opening."""
        things = [self.thing(parameter) for parameter in missing[:AT_ONCE]]
        what = _joined(dict.fromkeys(things), self._messages.and_word)
        template = self._messages.ask_more if known else self._messages.ask
        return template.replace("{what}", what)

    def propose(self, calls: Iterable[tuple[Target, Mapping[str, Any]]]) -> str:
        """One sentence that repeats targets and values, to be answered with a yes or a no."""
        shown = (self._call(target, arguments) for target, arguments in calls)
        said = f" {self._messages.and_word} ".join(shown)
        return self._messages.confirm.replace("{calls}", said)

    def known(self, said: str) -> Sentence | None:
        """What a message of an assistant is, if it is one of ours."""
        text = said.strip()
        if not text:
            return None
        if text in self._refusals:
            return Refused()
        if text == self._messages.dropped.strip():
            return Dropped()
        return self._asked(text) or self._proposed(text)

    def thing(self, parameter: Parameter) -> str:
        """The words for a parameter in a question."""
        if parameter.ask:
            return parameter.ask.strip().rstrip("?")
        notes = "; ".join(
            filter(None, (_choices(parameter, self._messages), self._example(parameter)))
        )
        core = _core(parameter)
        return f"{core} ({notes})" if notes else core

    def _example(self, parameter: Parameter) -> str | None:
        example = _EXAMPLES.get(parameter.format or "")
        return self._messages.example.replace("{example}", example) if example else None

    def _asked(self, text: str) -> Asked | None:
        for before, after in self._asking:
            if text.startswith(before) and text.endswith(after):
                things = self._split(text[len(before) : len(text) - len(after)])
                if things:
                    return Asked(tuple(tuple(self._things[words]) for words in things))
        return None

    def _split(self, text: str) -> list[str] | None:
        """The words of the things asked for; words of one may hold what joins them."""
        joints = (f" {self._messages.and_word} ", ", ", " and ")
        hopeless: set[int] = set()

        def rest(start: int, room: int) -> list[str] | None:
            if len(text) - start <= self._longest and text[start:] in self._things:
                return [text[start:]]
            if start in hopeless or not room:
                return None
            for joint in joints:
                at = text.find(joint, start)
                while 0 <= at <= start + self._longest:
                    if text[start:at] in self._things:
                        more = rest(at + len(joint), room - 1)
                        if more:
                            return [text[start:at], *more]
                    at = text.find(joint, at + 1)
            hopeless.add(start)
            return None

        return rest(0, _MOST_THINGS)

    def _call(self, target: Target, arguments: Mapping[str, Any]) -> str:
        label = self._labels[target.name]
        names = _distinct(target.parameters)
        shown = [
            f"{names[each.name]}: {self._value(arguments[each.name])}"
            for each in target.parameters
            if arguments.get(each.name) is not None
        ]
        return f"“{label}” ({', '.join(shown)})" if shown else f"“{label}”"

    def _value(self, value: Any) -> str:
        if isinstance(value, bool):
            return self._messages.yes_word if value else self._messages.no_word
        if isinstance(value, str) and _UNQUOTED.fullmatch(value):
            return value
        return json.dumps(value, ensure_ascii=False)

    def _proposed(self, text: str) -> Proposed | None:
        before, _, after = self._messages.confirm.strip().partition("{calls}")
        if not text.startswith(before) or not text.endswith(after):
            return None
        try:
            calls = self._calls(text[len(before) : len(text) - len(after)])
        except (ValueError, RecursionError):
            return None
        # Only what we would say to the letter is ours; that settles every doubt of the reading.
        proposed = tuple(calls)
        return Proposed(proposed) if self.propose(proposed).strip() == text else None

    def _calls(self, text: str) -> list[tuple[Target, Mapping[str, Any]]]:
        """The calls in a question. Raises ValueError on what is none."""
        found: list[tuple[Target, Mapping[str, Any]]] = []
        place = 0
        while not found or place < len(text):
            if len(found) == _MOST_CALLS:
                raise ValueError("more calls than any message asks for")
            if found:
                place = _past(text, place, f" {self._messages.and_word} ")
            place = _past(text, place, "“")
            end = text.index("”", place)
            target = self._targets.get(text[place:end])
            if target is None:
                raise ValueError("no target of that name")
            arguments, place = self._arguments(target, text, end + 1)
            found.append((target, arguments))
        return found

    def _arguments(self, target: Target, text: str, place: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        if not text.startswith(" (", place):
            return found, place
        names = _distinct(target.parameters)
        declared = {names[each.name]: each for each in target.parameters}
        while not text.startswith(")", place):
            place = _past(text, place, ", " if found else " (")
            colon = text.index(": ", place)
            parameter = declared.get(text[place:colon])
            if parameter is None:
                raise ValueError("no parameter of that name")
            found[parameter.name], place = self._read(parameter, text, colon + 2)
        return found, place + 1

    def _read(self, parameter: Parameter, text: str, place: int) -> tuple[Any, int]:
        if text[place : place + 1] in ('"', "[", "{"):
            return _JSON.raw_decode(text, place)
        shown = _UNQUOTED.match(text, place)
        if shown is None:
            raise ValueError("no value")
        word = shown.group()
        if parameter.type == "boolean":
            return {self._messages.yes_word: True, self._messages.no_word: False}.get(
                word, word
            ), shown.end()
        return (word if parameter.type == "string" else json.loads(word)), shown.end()


_JSON: Final = json.JSONDecoder()
_UNQUOTED: Final = re.compile(
    r"""[^\s"\[{(),“”\x00-\x1f](?:[^"(),“”\x00-\x1f]*[^\s"(),“”\x00-\x1f])?"""
)
"""Text that stands in a question without quotes: no sign in it could end the value."""


def _past(text: str, place: int, sign: str) -> int:
    if not text.startswith(sign, place):
        raise ValueError(f"no {sign!r}")
    return place + len(sign)


def _templates(messages: Messages) -> tuple[tuple[str, str], ...]:
    """What stands before and after the things asked for, in every wording."""
    found = []
    for template in (messages.ask, messages.ask_more, *_EARLIER):
        before, _, after = template.strip().partition("{what}")
        found.append((before, after))
    return tuple(found)


def _distinct(items: Iterable[Target | Parameter]) -> dict[str, str]:
    """A label for each name: its words, or the name itself where two would read the same."""
    names = [item.name for item in items]
    words = [humanized(name) for name in names]
    return {
        name: label if label and words.count(label) == 1 else name
        for name, label in zip(names, words, strict=True)
    }


# Words for a parameter ------------------------------------------------------------------------

_ARTICLES: Final = frozenset({"the", "a", "an", "your", "its", "their", "any"})
_CLAUSES: Final = frozenset(
    {"how", "which", "what", "when", "where", "who", "whom", "whose", "whether", "why"}
)
_PREPOSITIONS: Final = frozenset(
    {"for", "in", "on", "at", "from", "to", "by", "with", "under", "until", "of"}
)
# A description that begins so says what is done with the value, and not what it is.
_VERBS: Final = frozenset(
    {"specifies", "specify", "indicates", "defines", "determines", "sets", "set", "represents",
     "filters", "filter", "use", "used", "uses", "enter", "provide", "give", "gives", "limits",
     "limit", "returns", "return", "includes", "include", "contains", "must", "should", "can",
     "may", "optional", "required", "if", "only", "bring", "send", "add", "keep", "skip",
     "show", "do", "is", "are", "leave", "choose", "pick", "select", "say", "tell", "tells"}
)  # fmt: skip


def _core(parameter: Parameter) -> str:
    """What is asked for, in words that go behind "tell me"."""
    name = humanized(parameter.name) or parameter.name
    text = _first_sentence(parameter.description)
    said = bool(text) and text.casefold() not in (parameter.name.casefold(), name)
    first, _, rest = text.lower().partition(" ")
    if parameter.type == "boolean" and first != "whether":
        return f"your choice on “{_cut(text) if said else name}”"
    if not said:
        return f"the {name}"
    if first in _VERBS or len(text) > _LONGEST_DESCRIPTION:
        return f"the {name} ({_cut(text)})"
    is_clause = first in _CLAUSES or (first in _PREPOSITIONS and rest.split(" ")[0] in _CLAUSES)
    return text if is_clause or first in _ARTICLES else f"the {text}"


def _first_sentence(description: str) -> str:
    text = " ".join(description.split())
    text = re.split(r"(?<=\w{3}[.?!])\s+(?=[A-Z])", text, maxsplit=1)[0].rstrip(" .?!:;")
    # A description that opens with a word in capitals, such as an acronym, stays as it is.
    return text if text[:2].isupper() or not text else text[0].lower() + text[1:]


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_DESCRIPTION:
        return text
    return text[:_LONGEST_DESCRIPTION].rsplit(" ", 1)[0] + "…"


def _choices(parameter: Parameter, words: Messages) -> str:
    if parameter.type == "boolean":
        return f"{words.yes_word} {words.or_word} {words.no_word}"
    if parameter.enum:
        return _joined([str(choice) for choice in parameter.enum], words.or_word)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return words.between.replace("{low}", f"{low:g}").replace("{high}", f"{high:g}")
    if low is not None:
        return words.at_least.replace("{low}", f"{low:g}")
    return words.at_most.replace("{high}", f"{high:g}") if high is not None else ""


def _joined(items: Iterable[str], word: str) -> str:
    *most, last = items
    return f"{', '.join(most)} {word} {last}" if most else last


def _earlier_things(parameter: Parameter) -> tuple[str, ...]:
    """The words for a parameter in earlier versions: its name, with notes or without."""
    notes = []
    description = parameter.description.strip().rstrip(".?!:;")
    if description and description.lower() != parameter.name.lower():
        text = " ".join(description.split())
        if len(text) > _EARLIER_LONGEST:
            text = text[:_EARLIER_LONGEST].rsplit(" ", 1)[0] + "…"
        notes.append(text if text[:2].isupper() else text[0].lower() + text[1:])
    notes.append(_choices(parameter, _ENGLISH))
    notes.append(_EARLIER_EXAMPLES.get(parameter.format or "", ""))
    given = "; ".join(filter(None, notes))
    long = (f"{parameter.name} ({given})",) if given else ()
    return (parameter.name, humanized(parameter.name), *long)
