"""How often something is to happen, as people say it: "daily", "every week", "jeden Monat".

Only what repeats once in a day, week, month, quarter or year; "every other week" and "twice a day"
are something else.
"""

from __future__ import annotations

import re
from typing import Final

_PERIODS: Final = {
    "hour": r"hourly|(?:every|each) hour|stündlich|jede stunde|toutes les heures|cada hora|ogni ora|elk uur",
    "day": r"daily|(?:every|each) (?:single )?day|every night|nightly|day after day|täglich|jeden tag"
    r"|chaque jour|tous les jours|quotidien\w*|cada d[ií]a|todos los días|diari[ao]\w*|ogni giorno"
    r"|tutti i giorni|todos os dias|dagelijks|elke dag",
    "week": r"weekly|(?:every|each) week|wöchentlich|jede woche|chaque semaine|toutes les semaines"
    r"|hebdomadaire\w*|cada semana|todas las semanas|semanal\w*|ogni settimana|settimanal\w+"
    r"|todas as semanas|wekelijks|elke week",
    "month": r"monthly|(?:every|each) month|monatlich|jeden monat|chaque mois|tous les mois|mensuel\w*"
    r"|cada m[eê]s|todos los meses|mensual\w*|ogni mese|mensil\w+|todos os meses|mensal\w*|maandelijks"
    r"|elke maand",
    "quarter": r"quarterly|(?:every|each) quarter|(?:every|each) three months|vierteljährlich"
    r"|jedes quartal|chaque trimestre|trimestr\w+|cada trimestre|driemaandelijks|elk kwartaal",
    "year": r"yearly|annual(?:ly)?|(?:every|each) year|jährlich|jedes jahr|chaque année|tous les ans"
    r"|annuel\w*|cada año|anual\w*|ogni anno|annual\w+|cada ano|todos os anos|jaarlijks|elk jaar",
}  # fmt: skip
_SAID: Final = re.compile(
    "|".join(rf"(?<![\w-])(?P<{name}>{words})(?![\w-])" for name, words in _PERIODS.items()),
    re.IGNORECASE,
)


def period(text: str) -> str | None:
    """The period that a name or a choice stands for, if it says one and nothing else."""
    found = _SAID.fullmatch(re.sub(r"[\s_-]+", " ", text).strip())
    return found.lastgroup if found else None


def said(text: str) -> tuple[str, int, int] | None:
    """The one period in which something is to be done again, and where a text says it."""
    found = list(_SAID.finditer(text))
    if len({match.lastgroup for match in found}) != 1:
        return None
    return str(found[0].lastgroup), *found[0].span()
