"""Where a name begins."""

from __future__ import annotations

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.values.edges import without_article

SITE = Parameter("site", description="Where it is put.")


@pytest.mark.parametrize(
    ("language", "said", "name"),
    [
        ("en", "The barn", "barn"), ("en", "A barn", "barn"), ("en", "A Barn", "A Barn"),
        ("en", "the barn", "barn"), ("en", "a ladder", "ladder"), ("en", "the Badgers", "Badgers"), (None, "the barn", "barn"),
        ("en", "The Old Barn", "The Old Barn"), ("en", "theatre", "theatre"), ("en", "the 4th", "the 4th"),
        ("en", "a couple of boxes", "a couple of boxes"), ("en", "the barn, third door", "the barn, third door"),
        ("de", "zum Steg", "Steg"), ("de", "vom Steg", "Steg"), ("de", "die Wiese", "Wiese"), (None, "zur Wiese", "Wiese"),
        ("de", "Zum Anker", "Zum Anker"), ("nl", "de schuur", "schuur"), ("nl", "de Boer", "de Boer"), (None, "de schuur", "de schuur"),
        ("fr", "la grange", "grange"), ("fr", "l'atelier", "atelier"), ("fr", "La Rochelle", "La Rochelle"),
        ("es", "el granero", "granero"), ("es", "el salvador", "el salvador"), ("es", "los angeles", "los angeles"),
        ("es", "El Salvador", "El Salvador"), ("it", "la stalla", "stalla"), ("pt", "o celeiro", "celeiro"),
        ("nl", "van Dijk", "van Dijk"),
    ],
)  # fmt: skip
def test_a_name_begins_behind_its_article(language: str | None, said: str, name: str) -> None:
    """A capital one belongs to it, and what counts or has more to it is no name."""
    assert without_article(SITE, said, language) == name


@pytest.mark.parametrize(
    "free",
    [
        Parameter("message", description="What is written to them."),
        Parameter("play", description="The title of the play."),
        Parameter("when", description="When they come."), Parameter("barn", format="date"),
        Parameter("site", pattern="^the .*$"),
    ],
)  # fmt: skip
def test_free_text_keeps_its_words(free: Parameter) -> None:
    """So do titles, times, and what is told how to look."""
    assert without_article(free, "the barn", "en") == "the barn"
