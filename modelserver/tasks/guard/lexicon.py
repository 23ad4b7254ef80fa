"""Which words exist: what tells a decoded text from noise.

Decoders guess. That a guess is right shows in the words it yields: the rot13 of "vtaber" is
a word, the rot13 of "ignore" is none. The words are those of the model's own tokenizer, so
no list has to be shipped. A WordPiece vocabulary is ordered by how frequent its words are,
which also gives the costs for cutting a run of letters ("ignoreallrules") into words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Vocabularies hold nearly every combination of two or three letters. Of those only what
# stands this near the front counts as a word.
SHORT_WORD_RANKS = {1: 0, 2: 1000, 3: 6000}
LONGEST_WORD = 18
LONGEST_RUN = 160
# Words that attacks are made of. What cannot be told from ordinary text by whether words exist
# (letters dropped, spaces put in, first letters) is undone for these alone.
_COMMANDS = """
    ignore disregard forget override bypass reveal repeat output print display prompt
    prompts system instruction instructions previous earlier prior above rules guidelines
    guideline restriction restrictions restricted unrestricted limitations policy policies
    filter filters unfiltered uncensored censorship content safety developer jailbreak
    pretend refuse answer anything everything secret secrets password hidden confidential
    initial directives constraints commands command message follow without assistant
    safeguards
"""
COMMAND_WORDS = frozenset(_COMMANDS.split())
# The first word of a run costs nothing; every further one must pay for itself.
WORD_COST = 4.0


class Lexicon:
    """Words and their rank, most frequent first."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        self._ranks = ranks

    @classmethod
    def from_vocabulary(cls, vocabulary: Mapping[str, int]) -> Lexicon:
        """Whole words of a tokenizer: WordPiece without "##", SentencePiece or BPE with a mark."""
        marked = {token[1:]: id_ for token, id_ in vocabulary.items() if token[:1] in "▁Ġ"}
        words = marked if len(marked) > len(vocabulary) // 10 else vocabulary
        ordered = sorted((id_, word) for word, id_ in words.items() if word.isalpha())
        ranks: dict[str, int] = {}
        for _, word in ordered:
            ranks.setdefault(word.casefold(), len(ranks))
        for word in sorted(COMMAND_WORDS):
            ranks.setdefault(word, len(ranks))
        return cls(ranks)

    def knows(self, word: str) -> bool:
        rank = self._ranks.get(word.casefold())
        return rank is not None and rank < SHORT_WORD_RANKS.get(len(word), len(self._ranks))

    def cut(self, letters: str) -> list[str] | None:
        """The cheapest way to read a run of letters as words; None if there is none."""
        run = letters.casefold()
        if not 0 < len(run) <= LONGEST_RUN:
            return None
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(run) + 1):
            best.append(min(self._endings(run, end, best), default=(math.inf, 0)))
        if best[-1][0] == math.inf:
            return None
        words: list[str] = []
        end = len(run)
        while end:
            start = best[end][1]
            words.append(letters[start:end])
            end = start
        return words[::-1]

    def _endings(
        self, run: str, end: int, best: list[tuple[float, int]]
    ) -> list[tuple[float, int]]:
        found = []
        for start in range(max(0, end - LONGEST_WORD), end):
            word = run[start:end]
            if best[start][0] < math.inf and (self.knows(word) or word in {"a", "i"}):
                cost = WORD_COST + math.log(self._ranks.get(word, 0) + 2)
                found.append((best[start][0] + cost, start))
        return found
