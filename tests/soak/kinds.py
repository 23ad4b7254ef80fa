"""What is asked: each kind with its part of the load, what must come back, and who must have seen it."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.supervise.canary import ATTACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LLM, PROMPT = "llm", "prompt"
KEY, SPENDER, STRANGER = (
    "soak-0123456789abcdef",
    "spender-0123456789abcdef",
    "nobody-0123456789abcdef",
)
CHUNKS = 10
"""Of each stream, beside its end."""
REFUSAL = "I would rather not."


@dataclass(frozen=True)
class Kind:
    name: str
    cards: int
    """Of eighty."""
    listener: str
    text: str
    """`{number}` is another one in each request, so that nothing is answered from a cache."""
    stream: bool = False
    status: int = 200
    says: str = ""
    """In the body of a refusal; what is no refusal says the token of its request."""
    key: str = KEY
    broken: bool = False
    """A body that is no JSON."""

    @property
    def passes(self) -> bool:
        """A provider sees it, once."""
        return not self.says

    def body(self, token: str, number: int) -> bytes:
        asked = {
            "messages": [{"role": "user", "content": self.text.format(number=number)}],
            # Any client may send it, and it goes to the provider as it is.
            "user": token,
            **({"stream": True} if self.stream else {}),
        }
        return json.dumps(asked).encode()[: -1 if self.broken else None]

    def wrong(self, token: str, status: int, body: bytes) -> str | None:
        """What is not as it must be about an answer."""
        text = body.decode("utf-8", "replace")
        if status != self.status:
            return f"{status} {text[:160]}"
        if self.says:
            return None if self.says in text else f"does not say {self.says!r}: {text[:160]}"
        return _wrong_stream(token, text) if self.stream else _wrong_words(token, text)


def _wrong_words(token: str, text: str) -> str | None:
    try:
        said = json.loads(text)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        return f"no completion: {text[:160]}"
    return None if said == f"echo of {token}" else f"another's answer: {said[:80]}"


def _wrong_stream(token: str, text: str) -> str | None:
    if not text.endswith("data: [DONE]\n\n"):
        return f"a stream without its end: {text[-80:]!r}"
    missing = [n for n in range(CHUNKS) if f'"{token}-{n} "' not in text]
    return f"chunks {missing} are missing" if missing else None


STORY = "Tell me a story of {number} words about a river, please."
WEATHER = "What will the weather be like in Lisbon over the next {number} days?"

KINDS = (
    Kind("LLM, JSON", 40, LLM, STORY),
    Kind("prompt, JSON", 10, PROMPT, STORY),
    Kind("prompt with an API call", 6, PROMPT, WEATHER),
    Kind("LLM, stream", 16, LLM, STORY, stream=True),
    Kind("prompt, stream", 4, PROMPT, STORY, stream=True),
    Kind("refused by the guard", 1, PROMPT, f"{ATTACK} {{number}}", says=REFUSAL),
    Kind("wrong key", 1, LLM, STORY, status=401, says="invalid_api_key", key=STRANGER),
    Kind("limited", 1, LLM, STORY, status=429, says="rate_limit", key=SPENDER),
    Kind("no JSON", 1, PROMPT, STORY, status=400, says="invalid_json", broken=True),
)
"""70 % JSON, 25 % streams, 5 % refused."""


def deck(kinds: Sequence[Kind] = KINDS, seed: int = 0) -> Iterator[Kind]:
    """Without end; each eighty requests of the usual kinds have exactly their shares."""
    cards = [kind for kind in kinds for _ in range(kind.cards)]
    shuffled = random.Random(seed)
    while True:
        shuffled.shuffle(cards)
        yield from cards


@dataclass(frozen=True)
class Request:
    kind: Kind
    number: int

    @property
    def token(self) -> str:
        return f"soak-{self.number:07d}"

    @property
    def body(self) -> bytes:
        return self.kind.body(self.token, self.number)


_numbers = itertools.count(2)
"""One for all loads of a process: no two requests have the same token."""


def requests(kinds: Sequence[Kind] = KINDS) -> Iterator[Request]:
    for kind in deck(kinds):
        yield Request(kind, next(_numbers))
