"""The guard's tokenizer: that of its base, blind to what costs an attacker nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, normalizers, processors

if TYPE_CHECKING:
    from pathlib import Path


def tokenizer_of(base: Path) -> Tokenizer:
    """The base's tokenizer without capitals and with white space as one space.

    Whoever writes an attack chooses both freely, and the spaces that source code begins its
    lines with would fill the windows. A base's own tokenizer may put nothing around a text: the
    guard's puts [CLS] and [SEP].
    """
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            *filter(None, [tokenizer.normalizer]),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    around = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=around
    )
    return tokenizer
