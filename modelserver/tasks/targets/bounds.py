"""Where the words of a text value begin, where the model took a neighbour's word with them.

Only what is plain is cut: the verb of the target at the head of a sentence ("restrat nginx" for
a service), the kind of thing before a code that the description shows without it ("class 4d" for
one such as 5b). A unit behind a number ("600 litres") is no text at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import choices, lists, texts, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool

_HEAD: Final = re.compile(r"(?:^|[.!?;:\n]|\bplease,?)\s*$", re.IGNORECASE)
_FIRST: Final = re.compile(r"(?P<word>[^\W\d_]{3,})\s+(?=\S)")
_COUNTED: Final = re.compile(r"\d\s*$")
_BACK: Final = 20
_ANY_ONE: Final = re.compile(
    r"(?<!\w)(?:an?|some|any|another|one of the|eine?[nrm]?|une?|una|uno|uma?|een)\s+$",
    re.IGNORECASE,
)
# "Night train because of a complaint": where more follows, a name does not end with that word.
_REASON: Final = re.compile(
    r"(?<=[^\s,;])[\s,;]+(?:because|cause|cuz|coz|cos|bc|b/c|due to|wegen|weil|parce que|à cause|porque|perch[ée]"
    r"|omdat|vanwege)$", re.IGNORECASE,
)  # fmt: skip


def trimmed(tool: Tool, parameter: Parameter, text: str, evidence: Evidence) -> Evidence | None:
    """The evidence without a word that is not its own; None where nothing is left."""
    if parameter.type in {"string", "array"}:
        if _is_of_a_kind(parameter, text, evidence):
            return None
        evidence = _without_reason(text, evidence)
    if parameter.type != "string":
        return evidence
    before = text[max(0, evidence.start - _BACK) : evidence.start]
    if _COUNTED.search(before) and _is_unit(tool, parameter, evidence.text):
        return None
    first = _FIRST.match(evidence.text)
    if not first:
        return evidence
    rest = evidence.text[first.end() :]
    verb = _HEAD.search(before) and _is_of(first["word"], tool.name)
    if verb or (_is_of(first["word"], parameter.name) and _is_shown(parameter, rest)):
        start = evidence.start + first.end()
        return Evidence(evidence.message, start, evidence.end, rest, evidence.confidence)
    return evidence


def _is_of_a_kind(parameter: Parameter, text: str, evidence: Evidence) -> bool:
    """Whether words only say what kind of thing is wanted, and not which: "a server", for servers."""
    before = text[max(0, evidence.start - _BACK) : evidence.start]
    said = evidence.text.strip().casefold()
    kinds = humanized(parameter.name).split()
    return _ANY_ONE.search(before) is not None and any(
        said in {kind, kind.removesuffix("s")} for kind in kinds
    )


def _without_reason(text: str, evidence: Evidence) -> Evidence:
    """The evidence without the word behind it that begins to tell why."""
    found = _REASON.search(evidence.text)
    if found is None or not re.match(r"\s*\w", text[evidence.end :]):
        return evidence
    end = evidence.start + found.start()
    said = text[evidence.start : end]
    return Evidence(evidence.message, evidence.start, end, said, evidence.confidence)


def _is_unit(tool: Tool, parameter: Parameter, said: str) -> bool:
    word = said.strip(" .,;:!?").casefold()
    counted = {
        each
        for other in tool.parameters
        if other.name != parameter.name and other.type in {"integer", "number"}
        for each in humanized(other.name).split()
    }
    return word in counted or (word.isalpha() and len(word) > 1 and units.said(word) is not None)


def _is_of(word: str, name: str) -> bool:
    """Whether a word is one of a name's, or nearly so."""
    said = word.casefold()
    return any(said == each or choices.is_near(each, said) for each in humanized(name).split())


def _is_shown(parameter: Parameter, said: str) -> bool:
    """Whether an example in the description looks like this code."""
    coded = re.search(r"\d", said) and not re.search(r"\s", said.strip())
    return bool(coded) and any(
        lists.shape(example) == lists.shape(said.strip())
        for example in texts.examples(parameter.description)
    )
