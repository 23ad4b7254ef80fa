"""Plays steps with one client and prints, as JSON, what the client made of each.

    BASE_URL=http://127.0.0.1:12000/v1 python openai_python.py '[["chat", "gpt-4o", "Hello"]]'

Each script beside this one is a client's own quick-start: nothing is changed but URL and key.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def play(**ways: Callable[[str, str], Any]) -> None:
    """A step is a way of asking, a model and a prompt."""
    steps = json.loads(sys.argv[1])
    print(json.dumps([_seen(ways[way], model, prompt) for way, model, prompt in steps]))


def _seen(way: Callable[[str, str], Any], model: str, prompt: str) -> dict[str, Any]:
    try:
        return {"answer": way(model, prompt)}
    except Exception as error:  # noqa: BLE001 - of which class it is, is what is asked
        return {
            "error": [kind.__name__ for kind in type(error).__mro__],
            "status": getattr(error, "status_code", None),
            "code": getattr(error, "code", None),
            "message": str(error),
        }
