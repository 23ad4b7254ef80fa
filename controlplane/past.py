"""Past decisions: the record that a gateway keeps of each, and what the LLM's call came to after it.

A decision is recorded when it is made, and then the LLM is called, for which no process of ours
stays. Envoy writes down what that came to (`usage_log`), under the same request's id, within a
second after its end. Here the two are put together.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from controlplane import usage_log
from controlplane.supervise import http

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from controlplane.home_paths import Home

_WITHIN: Final = 2.0
_LOOKED_THROUGH: Final = 16 << 20
"""Bytes at the end of a log: some 50,000 calls, and a record is among the newest thousand."""


class UnheardError(Exception):
    """No gateway that decides prompts runs there."""


def decision(home: Home, request_id: str) -> dict[str, Any] | None:
    """The whole record; None of a request that is not among the newest."""
    heard = False
    for socket in home.metrics_sockets:
        try:
            path = f"/decisions/{quote(request_id, safe='')}"
            answer = asyncio.run(http.get(http.Place(socket=socket), path, _WITHIN))
        except http.HttpError:
            continue
        heard = True
        if answer.status == 200:
            return completed(json.loads(answer.body), home.usage_log)
    if not heard:
        raise UnheardError
    return None


def completed(record: Mapping[str, Any], log: Path) -> dict[str, Any]:
    """With what the LLM's call came to, once Envoy has written it."""
    if record["outcome"] != "forwarded":
        return dict(record)
    return {**record, "llm": llm_call(record["id"], usage_log.moment(record["at"]), log)}


def llm_call(request_id: str, by: dt.datetime | None, log: Path) -> dict[str, Any] | None:
    """A client may send one id twice: of its calls it is the last that began by that moment."""
    for file in (log, log.with_name(f"{log.name}.1")):
        for line in reversed(_lines_with(request_id, file)):
            began = usage_log.moment(line.get("time"))
            if began and by and began <= by and line.get("request_id") == request_id:
                return _part(line)
    return None


def _lines_with(word: str, file: Path) -> list[dict[str, Any]]:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, 2) - _LOOKED_THROUGH))
            texts = [text for text in opened if word.encode() in text]
    except OSError:
        return []
    return [*usage_log.parsed(texts)]


def _part(line: Mapping[str, Any]) -> dict[str, Any]:
    outcome = "failed" if usage_log.failed(line) else "answered"
    return {
        "provider": line.get("provider"),
        "model": line.get("model"),
        "outcome": "cancelled" if usage_log.was_left(line) else outcome,
        "status": line.get("status") or None,
        "attempts": line.get("attempts"),
        "input_tokens": line.get("prompt_tokens"),
        "cached_tokens": line.get("cached_tokens"),
        "output_tokens": line.get("completion_tokens"),
        "cost": line.get("cost"),
    }
