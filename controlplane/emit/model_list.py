"""What models there are: the list that clients ask for, and each of them by its name.

It is told as OpenAI tells it and as Anthropic does, at once: neither's clients mind the other's keys.
Where some are for some clients alone, each client is told of those that it may use.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from controlplane.emit import names
from controlplane.emit.answers import answer, called_by, header
from controlplane.surfaces import MODELS_PATH
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit.proto import Fields

    Listed = tuple[tuple[str, str], ...]

_AS_IT_STANDS = "/!$&'()*+,;=:@~._-"
"""What clients leave in a path as it is."""


def model_routes(gateway: ir.Gateway) -> list[Fields]:
    lists = _lists(gateway)
    if len(lists) == 1:
        return _routes_of(gateway.choice.listed, [])
    # Who calls is known when the filters have run. The choosing filter has the request find its
    # route once more, which needs one to run on: those of clients that no list names.
    return [
        route
        for listed, clients in lists.items()
        for caller in (called_by(clients) if clients else [None])
        for route in _routes_of(listed, [caller] if caller else [], again=not caller)
    ]


def _lists(gateway: ir.Gateway) -> dict[Listed, list[str]]:
    """What is listed → the clients that it is for; at the end, for all others, an empty list."""
    routes = {route.name: route for route in gateway.llm_routes}
    clients = dict.fromkeys(
        client
        for route in gateway.llm_routes
        for each in route.audiences
        for client in each.clients
    )
    targets = dict(gateway.choice.models)

    def listed(client: str | None) -> Listed:
        return tuple(
            (name, owner)
            for name, owner in gateway.choice.listed
            if routes[targets.get(name, name)].is_for(client)
        )

    others = listed(None)
    found: dict[Listed, list[str]] = {}
    for client in clients:
        if (own := listed(client)) != others:
            found.setdefault(own, []).append(client)
    return {**found, others: []}


def _routes_of(listed: Listed, headers: list[Fields], *, again: bool = False) -> list[Fields]:
    known = [_model(name, owner) for name, owner in listed]
    known_names = [name for name, _ in listed]
    whole = {
        "object": "list",
        "data": known,
        "has_more": False,
        "first_id": known_names[0] if known else None,
        "last_id": known_names[-1] if known else None,
    }
    told = {contract.ANSWER_HEADER: contract.Form.JSON.value}
    paths = [MODELS_PATH, *(f"{MODELS_PATH}/{quote(name, _AS_IT_STANDS)}" for name in known_names)]
    bodies = [json.dumps(each, ensure_ascii=False) for each in (whole, *known)]
    unknown = {
        contract.ERROR_CODE_HEADER: "model_not_found",
        contract.ERROR_TYPE_HEADER: "invalid_request_error",
        contract.ERROR_PARAM_HEADER: "model",
    }
    answers: list[tuple[str, Fields, int, str, dict[str, str]]] = [
        *(
            (path, {"path": path}, 200, body, told)
            for path, body in zip(paths, bodies, strict=True)
        ),
        (
            "unknown-model",
            {"prefix": f"{MODELS_PATH}/"},
            404,
            f"this model {contract.no_such_model(known_names)}",
            unknown,
        ),
    ]
    filtered = (names.CHOOSE_FILTER,) if again else ()
    asked = [header(":method", "GET"), *headers]
    return [
        answer(name, {**match, "headers": asked}, status, body, said, filtered=filtered)
        for name, match, status, body, said in answers
    ]


def _model(name: str, owner: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": owner,
        "type": "model",
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",
    }
