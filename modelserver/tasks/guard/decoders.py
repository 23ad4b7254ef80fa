"""Ways to hide words from a classifier, and their undoing.

Each decoder looks for one disguise and answers with edits: which part of the text to
replace, and by what. No edit means no disguise; a decoder never guesses without evidence
(the decoded bytes are printable, or the decoded words exist while the written ones do not).
Decoders are pure and linear in the length of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelserver.tasks.guard import encodings, letters

if TYPE_CHECKING:
    from modelserver.tasks.guard.edits import Decoder

DECODERS: tuple[tuple[str, Decoder], ...] = (
    ("homoglyphs", letters.homoglyphs),
    ("comments", letters.comments),
    ("spacing", letters.spacing),
    ("parted", letters.parted),
    ("leet", letters.leet),
    ("misspelt", letters.misspelt),
    ("quoted", encodings.quoted),
    ("escapes", encodings.escapes),
    ("base64", encodings.base_n),
    ("base85", encodings.base85),
    ("numbers", encodings.numbers),
    ("rotated", letters.rotated),
    ("reversed", letters.reversed_text),
    ("reversed_words", letters.reversed_words),
    ("acrostic", letters.acrostics),
    ("morse", encodings.morse),
    ("upside_down", letters.upside_down),
)
