"""Text to token ids and back to characters: one definition for serving and training.

A `Tokenizer` neither truncates nor pads: what is cut, and where, is decided by the task
that knows what the text means. Offsets count characters of the text as it was given, so
that a span of tokens is a slice of the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tokenizers import Tokenizer as RawTokenizer

if TYPE_CHECKING:
    from pathlib import Path

# Names, descriptions and options come again with every request of a config.
CACHED_TEXTS = 8192
CACHED_LENGTH = 512

# Tokens of the vocabulary that no text produces; the models learn what they stand for.
TOOL = "[unused1]"
PARAMETER = "[unused2]"
OPTION = "[unused3]"
USER = "[unused4]"
ASSISTANT = "[unused5]"
TOOL_OUTPUT = "[unused6]"
SYSTEM = "[unused7]"
LAST_USER = "[unused8]"
CALL = "[unused9]"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Token ids of a text and the characters each one covers."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


class Tokenizer:
    """A tokenizer read from `tokenizer.json`."""

    def __init__(self, raw: RawTokenizer) -> None:
        raw.no_truncation()
        raw.no_padding()
        self._raw = raw
        self._cached = lru_cache(maxsize=CACHED_TEXTS)(self._encode)
        self.pad = self.token("[PAD]")
        self.cls = self.token("[CLS]")
        self.sep = self.token("[SEP]")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read the tokenizer from the file that lies beside a model."""
        return cls(RawTokenizer.from_file(str(path)))

    def token(self, name: str) -> int:
        """The id of a token that must be in the vocabulary."""
        number = self._raw.token_to_id(name)
        if number is None:
            message = f"the tokenizer has no token {name}: it belongs to another model"
            raise ValueError(message)
        return int(number)

    def pieces(self, text: str) -> Pieces:
        """Tokens of a text of the config, without [CLS] and [SEP]; remembered."""
        return self._cached(text) if len(text) <= CACHED_LENGTH else self._encode(text)

    def fresh(self, text: str) -> Pieces:
        """Tokens of what somebody said: it seldom comes again, and no prompt is kept."""
        return self._encode(text)

    def _encode(self, text: str) -> Pieces:
        encoding = self._raw.encode(text, add_special_tokens=False)
        offsets = tuple(
            (start + 1, end) if end > start and text[start].isspace() else (start, end)
            for start, end in encoding.offsets
        )
        return Pieces(tuple(encoding.ids), offsets)
