"""The choice of an enum that is meant, also where it is misspelt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.values import everyday, names

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHORTEST_MISSPELT: Final = 5
_SHORTEST_SLIP: Final = 4
_HEARD: Final = 7


def meant(choices: Sequence[Any], said: str) -> Any:
    """The choice that is said, or the only one that is nearly said; None for neither."""
    spoken = plain(said)
    exact = [choice for choice in choices if plain(str(choice)) == spoken]
    if exact:
        return exact[0]
    near = [choice for choice in choices if is_near(plain(str(choice)), spoken)]
    return near[0] if len(near) == 1 else None


def is_near(word: str, said: str, shortest: int = _SHORTEST_MISSPELT) -> bool:
    """Whether one may be the other misspelt: one slip, two in a long word, none in a short one.

    The first letter is hardly ever wrong, and other words differ in it: `five`, `live`.
    """
    length = min(len(word), len(said))
    if length < shortest or word[0] != said[0] or any(map(str.isdigit, word + said)):
        return False
    return distance(word, said, most := 1 if max(len(word), len(said)) < 9 else 2) <= most


def is_misspelt(choice: str, word: str) -> bool:
    """Whether a word is nearly the choice, and neither that nor a longer or shorter form of it.

    Both as `plain` has them. A word of four or five letters that people use every day is none:
    it means itself. Two of anything may be misspelt, too: `euors` for a euro; and of a doubled
    letter at the end one may be missing: `expres`.
    """
    if word in everyday.WORDS:
        return False
    if choice == word + word[-1:] and len(word) >= _SHORTEST_MISSPELT:
        return True
    near = (
        is_near(choice, word, _SHORTEST_SLIP)
        or is_near(f"{choice}s", word)
        or _begins_alike(choice, word)
    )
    return near and not (choice.startswith(word) or word.startswith(choice))


def _begins_alike(word: str, said: str) -> bool:
    """Whether the end alone is heard wrong: `Dunmoor` for Dunmore."""
    short = min(len(word), len(said)) < _HEARD
    return not short and word[:4] == said[:4] and distance(word, said, 2) <= 2


def distance(first: str, second: str, most: int) -> int:
    """How many letters are put in, left out, exchanged or swapped; more than `most` is not told."""
    if abs(len(first) - len(second)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, before, row = before, row, [i]
        for j, b in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def plain(text: str) -> str:
    """A text as choices are compared: folded, its words apart by one space."""
    return re.sub(r"[\s_-]+", " ", names.folded(text)).strip()
