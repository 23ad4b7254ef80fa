"""Parameters of the planned calls: declared ones only, of the declared type, or asked for.

The model server has filled and checked them already. A value is checked here once more, since
what stands in the plan becomes a URL or a body: a model may invent names and values, and may
be a remote one. Every call must be complete before the first one is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from extproc.exchange import Question
from extproc.pipeline.client_answer import ask_user
from modelserver.checked import WRONG, checked, is_blank

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from extproc.contract import Parameter
    from extproc.events import Answer
    from extproc.exchange import Exchange, Planned


@dataclass(slots=True)
class Filled:
    """The arguments to call with, those of them that nobody said, and what to ask for."""

    arguments: dict[str, Any] = field(default_factory=dict)
    defaults: set[str] = field(default_factory=set)
    missing: list[Parameter] = field(default_factory=list)


async def complete(exchange: Exchange) -> Answer | None:
    """Leaves complete calls in the plan, or asks the user for what they lack."""
    complete_plan: list[Planned] = []
    missing: dict[str, Parameter] = {}
    known = False
    for planned in exchange.plan:
        parameters = planned.target.parameters
        filled = fill(parameters, planned.arguments, planned.unusable)
        complete_plan.append(
            replace(planned, arguments=filled.arguments, defaults=frozenset(filled.defaults))
        )
        # The default target is for what fits none: nobody filled its parameters, so nobody is
        # asked for them either. What two targets lack by one name is one question.
        if not planned.target.default:
            missing = {each.name: each for each in filled.missing} | missing
        known = known or bool(planned.arguments)
    exchange.plan = complete_plan
    if not missing:
        return None
    exchange.asked = Question("values", [*missing])
    asked = exchange.runtime.questions.ask([*missing.values()], known=known)
    return ask_user(exchange, asked)


def fill(
    parameters: Sequence[Parameter], arguments: Mapping[str, Any],
    unusable: Collection[str] = (),
) -> Filled:  # fmt: skip
    """The arguments to call with, defaults included, and the parameters to ask for.

    Asked for is what is required, has no default and was not said; and what was said but cannot
    be used: to put a default in its place would answer another question than the one that was
    asked.
    """
    filled = Filled()
    for parameter in parameters:
        name = parameter.name
        given = arguments.get(name)
        value = checked(parameter, given)
        if value is not WRONG:
            filled.arguments[name] = value
        elif name in unusable or not is_blank(given):
            filled.missing.append(parameter)
        elif parameter.has_default:
            filled.arguments[name] = parameter.default
            filled.defaults.add(name)
        elif parameter.required:
            filled.missing.append(parameter)
    return filled
