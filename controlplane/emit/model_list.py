"""What models there are: the list that clients ask for, and each of them by its name.

It is told as OpenAI tells it and as Anthropic does, at once: neither's clients mind the other's keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from controlplane.emit.answers import answer, header
from controlplane.surfaces import MODELS_PATH
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit.proto import Fields

_AS_IT_STANDS = "/!$&'()*+,;=:@~._-"
"""What clients leave in a path as it is."""


def model_routes(choice: ir.ProviderChoice) -> list[Fields]:
    known = [_model(name, owner) for name, owner in choice.listed]
    names = [name for name, _ in choice.listed]
    listed = {
        "object": "list",
        "data": known,
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }
    paths = [f"{MODELS_PATH}/{quote(name, _AS_IT_STANDS)}" for name in names]
    each = (_json(path, model) for path, model in zip(paths, known, strict=True))
    return [_json(MODELS_PATH, listed), *each, _unknown(names)]


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


def _json(path: str, value: dict[str, object]) -> Fields:
    match = {"path": path, "headers": [header(":method", "GET")]}
    body = json.dumps(value, ensure_ascii=False)
    return answer(path, match, 200, body, {contract.ANSWER_HEADER: contract.Form.JSON.value})


def _unknown(names: list[str]) -> Fields:
    body = f"this model {contract.no_such_model(names)}"
    match = {"prefix": f"{MODELS_PATH}/", "headers": [header(":method", "GET")]}
    headers = {
        contract.ERROR_CODE_HEADER: "model_not_found",
        contract.ERROR_TYPE_HEADER: "invalid_request_error",
        contract.ERROR_PARAM_HEADER: "model",
    }
    return answer("unknown-model", match, 404, body, headers)
