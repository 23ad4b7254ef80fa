"""What the words of a language are in English, by hand: `words/de.txt` and its like.

A line is `english: form, form`. A form is one word or several; `stornier*` is every word that
begins so and ends within `ENDING` letters more, the longest such beginning first; `aus!` is the
word where a clause ends ("schalte es aus"). Without its accents a word is what it is with them,
if it is no other word (`a`, `à`). English that is empty leaves a word out; `ne … pas` leaves out
the second of two that stand near each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from modelserver.tasks.values import everyday, names

FOLDER: Final = Path(__file__).parent / "words"
GLOSSED: Final = names.SPOKEN[1:]
ENDING: Final = 6
_SHORTEST_STEM: Final = 3
# Half of a compound; between the two may stand one of these.
_SHORTEST_HALF: Final = 4
_BETWEEN: Final = ("", "s", "n", "en", "es")
_LONGEST_COMPOUND: Final = 40
_COMPOUNDING: Final = frozenset({"de", "nl"})
_INFLECTED: Final = re.compile(r"(?:e?s|e?d|ing|ly)$")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NAMED: Final = ("months", "weekdays", "languages")
# English as people type it.
_TYPED: Final = frozenset(
    [
        "pls",
        "plz",
        "thx",
        "ty",
        "asap",
        "btw",
        "fyi",
        "tmrw",
        "tmr",
        "hrs",
        "mins",
        "secs",
        "wont",
        "dont",
        "cant",
        "im",
        "thats",
        "whats",
    ]
)


@dataclass(slots=True)
class Dictionary:
    """The words of one language."""

    language: str
    words: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    """Words without their accents."""
    stems: dict[str, str] = field(default_factory=dict)
    closing: dict[str, str] = field(default_factory=dict)
    """Words where a clause ends."""
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By their first word, the longest first."""
    second: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Words that say no more where one of these stands before them."""

    def word(self, said: str, *, closes: bool = False) -> str | None:
        """A word in English, or None; `said` is in small letters, `closes` says it ends a clause."""
        if closes and (last := self.closing.get(names.folded(said))):
            return last
        found = self._known(said)
        if found is None and self.language in _COMPOUNDING and len(said) <= _LONGEST_COMPOUND:
            return self._compound(said)
        return found

    def knows(self, said: str) -> bool:
        """Whether this is a word of the language, compounds aside."""
        return self._known(said) is not None

    def phrase(self, said: Sequence[str]) -> tuple[int, str] | None:
        """How many of these words are one phrase, and that in English."""
        for words, english in self.phrases.get(said[0], ()):
            if words == tuple(said[: len(words)]):
                return len(words), english
        return None

    def _known(self, said: str) -> str | None:
        if said in self.words:
            return self.words[said]
        said = names.folded(said)
        if said in self.plain:
            return self.plain[said]
        for end in range(len(said), max(len(said) - ENDING, _SHORTEST_STEM) - 1, -1):
            if said[:end] in self.stems:
                return self.stems[said[:end]]
        return None

    def _compound(self, said: str) -> str | None:
        """Two words in one: `Girokarte`, `stadsfiets`; the second as long as it can be."""
        for at in range(_SHORTEST_HALF, len(said) - _SHORTEST_HALF + 1):
            last = self._known(said[at:])
            first = self._first_half(said[:at]) if last else None
            if first:
                return f"{first} {last}"
        return None

    def _first_half(self, said: str) -> str | None:
        bare = (said.removesuffix(between) for between in _BETWEEN if said.endswith(between))
        return next(filter(None, map(self._known, bare)), None)


@cache
def dictionary(language: str) -> Dictionary:
    """The dictionary of a language, read when it is first asked for."""
    found = Dictionary(language)
    for kind in _NAMED:
        found.words |= dict(_by_code(kind, language))
    for english, form in lines(language):
        _enter(found, form, english)
    for word, english in sorted(found.words.items(), key=lambda said: not said[0].isascii()):
        found.plain.setdefault(names.folded(word), english)
    for many in found.phrases.values():
        many.sort(key=lambda phrase: -len(phrase[0]))
    return found


def _enter(own: Dictionary, form: str, english: str) -> None:
    words = tuple(_LETTERS.findall(names.folded(form)))
    if "…" in form:
        own.second[words[1]].add(words[0])
    elif len(words) > 1:
        own.phrases[words[0]].append((words, english))
    elif form.endswith("*"):
        own.stems[words[0]] = english
    elif form.endswith("!"):
        own.closing[words[0]] = english
    else:
        own.words[form] = english


def is_english(said: str) -> bool:
    """Whether this is an English word, by those that the dictionaries have for theirs."""
    return said in _english() or _INFLECTED.sub("", said) in _english()


@cache
def _english() -> frozenset[str]:
    told = (said for language in GLOSSED for said, _ in lines(language))
    words = {word for said in told for word in said.split()}
    named = (name for kind in _NAMED for own in names.of(kind, "en").values() for name in own)
    return frozenset(words | everyday.WORDS | _TYPED | {name.casefold() for name in named})


@cache
def lines(language: str) -> tuple[tuple[str, str], ...]:
    """English and form, of every form."""
    text = (FOLDER / f"{language}.txt").read_text("utf-8")
    return tuple(
        (said.strip(), form.strip())
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
        for said, _, forms in [line.partition(":")]
        for form in forms.split(",")
    )


def _by_code(kind: str, language: str) -> Iterator[tuple[str, str]]:
    """Names of months and days, with what English calls them."""
    ours = names.of(kind, "en")
    for code, said in names.of(kind, language).items():
        for name in said:
            folded = names.folded(name)
            if folded.isalpha() and len(folded) > 2 and code in ours:
                yield name.casefold(), ours[code][0]
