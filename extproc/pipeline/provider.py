"""May the client use the LLM that is to answer? Asked before anything is done at an API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.chat import strict_json
from extproc.contract import NAMELESS_CLIENT, NOT_ITS_PROVIDER
from extproc.errors import ProviderNotAllowed

if TYPE_CHECKING:
    from extproc.exchange import Exchange


async def require(exchange: Exchange) -> None:
    """What APIs alone answer needs no LLM."""
    providers, caller = exchange.runtime.config.providers, exchange.caller
    if providers is None or (
        exchange.plan and not any(each.target.dispatch_to_llm for each in exchange.plan)
    ):
        return
    name = providers.chosen(caller.hint, exchange.request.body.get("model"))
    if name is None or providers.may_use(caller.client, name):
        return
    who = f"the client {strict_json.shown(caller.client)}" if caller.client else NAMELESS_CLIENT
    raise ProviderNotAllowed(
        f"{who} may not use {strict_json.shown(name)}: {NOT_ITS_PROVIDER}; "
        f"{providers.told(caller.client)}"
    )
