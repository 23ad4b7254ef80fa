"""Which of several calls a message of one wish means, by the words that each has for itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.targets import clauses
from modelserver.tasks.tools import humanized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelserver.tasks.types import Call, Message

# So many letters of a word are left in its other forms.
_STEM: Final = 5


def with_own_words(
    calls: Sequence[Call], best: str | None, messages: Sequence[Message]
) -> tuple[Call, ...]:
    """The calls, without those that a message of one clause says no word of their own for.

    "The forecast for Paris for 3 days" asks for the forecast, and not for the weather of now
    because that has a city, too. Of two with the same words the one is meant whose name is said:
    "have room 12 cleaned" asks for the cleaning. What earlier turns say is no word for either.
    """
    newest = types.newest(messages)
    text = messages[newest].content
    if len({call.name for call in calls}) < 2 or len(clauses.split(text)) > 1:
        return tuple(calls)
    said = {call.name: _words_of_its_name(call, calls, text) for call in calls}
    ranks = {name: (count, name == best) for name, count in said.items()}
    return tuple(
        call for call in calls
        if not any(
            _says_all_of(other, call, newest, fits=ranks[other.name] > ranks[call.name])
            for other in calls if other.name != call.name
        )
    )  # fmt: skip


def _says_all_of(other: Call, call: Call, newest: int, *, fits: bool) -> bool:
    """Whether all new words of a call are another's, too, and the other has more or fits better."""
    mine, its = (
        [each for each in one.evidence.values() if each.message == newest] for one in (call, other)
    )
    shared = all(any(map(own.overlaps, its)) for own in mine)
    more = len(its) - len(mine)
    return shared and (more > 0 or (more == 0 and fits))


def _words_of_its_name(call: Call, calls: Sequence[Call], text: str) -> int:
    """How many words a text says of what a tool does: no other's, and none that names a value."""
    things = {word for each in calls for name in each.arguments for word in _stems(humanized(name))}
    others = {
        word for each in calls if each.name != call.name for word in _stems(humanized(each.name))
    }
    return len((_stems(humanized(call.name)) - things - others) & _stems(text))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[^\W\d_]{3,}", text.casefold())}
