"""Parameters of the planned calls: declared ones only, of the declared type, or asked for.

The model server has filled and checked them already. A value is checked here once more, since
what stands in the plan becomes a URL or a body: a model may invent names and values, and may
be a remote one. Every call must be complete before the first one is made.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from extproc.chat import answers
from extproc.pipeline.reply import say
from modelserver.checked import WRONG, checked, is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extproc.contract import Parameter
    from extproc.events import Answer
    from extproc.exchange import Exchange, Planned

_DESCRIPTION: Final = 160
_SHOWN: Final = {
    "date": "such as 2026-05-31",
    "time": "such as 14:30",
    "date-time": "such as 2026-05-31T14:30:00",
    "email": "such as ann@example.com",
    "uri": "such as https://example.com",
    "uuid": "a UUID",
    "ipv4": "such as 192.0.2.7",
    "ipv6": "such as 2001:db8::7",
}
"""How a question shows the format it asks for."""


# Replies to a question for a yes or a no, by how they begin.
_AGREED: Final = re.compile(
    r"\W*(?:yes|yeah|yep|yup|sure|ok|okay|correct|right|confirmed|absolutely|certainly|of course"
    r"|i (?:do )?confirm|i'm sure|i am sure|go ahead|do it|please do)\b", re.IGNORECASE,
)  # fmt: skip
_DECLINED: Final = re.compile(
    r"\W*(?:no|nope|nah|never|cancel|stop|don't|do not|rather not|not now)\b", re.IGNORECASE
)


_CONFIRM: Final = re.compile(r"confirm", re.IGNORECASE)


async def complete(exchange: Exchange) -> Answer | None:
    complete_plan: list[Planned] = []
    missing: dict[str, Parameter] = {}
    known = False
    for planned in exchange.plan:
        said = {**planned.arguments, **replied(exchange, planned.target.parameters)}
        found, lacking = fill(planned.target.parameters, said)
        complete_plan.append(replace(planned, arguments=found))
        # The default target is for what fits none: nobody filled its parameters, so nobody is
        # asked for them either. What two targets lack by one name is one question.
        if not planned.target.default:
            missing = {each.name: each for each in lacking} | missing
        known = known or bool(planned.arguments)
    exchange.plan = complete_plan
    if not missing:
        return None
    return say(exchange, question([*missing.values()], known=known), answers.FUNCTION_MODEL)


def replied(exchange: Exchange, parameters: Sequence[Parameter]) -> dict[str, bool]:
    """A plain yes or no to what was asked last: no model is needed to read it."""
    *_, asked, reply = [None, None, *exchange.request.messages]
    if asked is None or reply is None or (asked.role, reply.role) != ("assistant", "user"):
        return {}
    agreed = _AGREED.match(reply.text)
    if not agreed and not _DECLINED.match(reply.text):
        return {}
    names = [each.name for each in parameters if _is_asked(each, asked.text)]
    return dict.fromkeys(names, bool(agreed))


def _is_asked(parameter: Parameter, asked: str) -> bool:
    """Whether a yes or no is for this: by a question of ours, or by one to confirm."""
    if parameter.type != "boolean":
        return False
    confirms = _CONFIRM.search(f"{parameter.name} {parameter.description}")
    ours = asked.strip() == question([parameter], known=True)
    return ours or bool(confirms and _CONFIRM.search(asked))


def fill(
    parameters: Sequence[Parameter], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Parameter]]:
    """The arguments to call with, defaults included, and the parameters to ask for.

    Asked for is what is required and was not said, and what was said but cannot be used: to put
    a default in its place would answer another question than the one that was asked.
    """
    found: dict[str, Any] = {}
    missing: list[Parameter] = []
    for parameter in parameters:
        given = arguments.get(parameter.name)
        value = checked(parameter, given)
        if value is not WRONG:
            found[parameter.name] = value
        elif not is_blank(given):
            missing.append(parameter)
        elif parameter.has_default:
            found[parameter.name] = parameter.default
        elif parameter.required:
            missing.append(parameter)
    return found, missing


def question(missing: Sequence[Parameter], *, known: bool) -> str:
    """One friendly sentence that names what is missing; v0.1's clients know it by its opening."""
    named = _listed([_described(parameter) for parameter in missing], "and")
    if known:
        return f"Sure, could you also tell me the {named}?"
    return f"Could you please tell me the {named}?"


def _described(parameter: Parameter) -> str:
    notes = []
    description = parameter.description.strip().rstrip(".?!:;")
    if description and description.lower() != parameter.name.lower():
        notes.append(_shortened(description))
    notes += filter(None, (_choices(parameter), _SHOWN.get(parameter.format or "")))
    return f"{parameter.name} ({'; '.join(notes)})" if notes else parameter.name


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > _DESCRIPTION:
        text = text[:_DESCRIPTION].rsplit(" ", 1)[0] + "…"
    # A description that opens with a word in capitals, such as an acronym, stays as it is.
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def _choices(parameter: Parameter) -> str:
    if parameter.type == "boolean":
        return "yes or no"
    if parameter.enum:
        return _listed([str(choice) for choice in parameter.enum], "or")
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return f"at most {high:g}" if high is not None else ""


def _listed(items: Sequence[str], word: str) -> str:
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} {word} {items[-1]}"
