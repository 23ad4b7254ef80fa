"""The records of both extproc processes as one list, and which configs these hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import orjson

from extproc.contract import MARK_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WITHIN = aiohttp.ClientTimeout(total=3.0)
_BETWEEN = "~"
"""Marks of the processes, in the order of their sockets."""
_LOOKS_EVERY = 0.5
_WAITS = 20.0


class Decisions:
    def __init__(self, sockets: Sequence[Path]) -> None:
        self._sockets = sockets

    async def after(self, mark: str, *, wait: bool = True) -> dict[str, Any]:
        """What came since the mark; where nothing did, as soon as something does."""
        clock = asyncio.get_running_loop().time
        until = clock() + (_WAITS if wait and mark else 0.0)
        while True:
            found = await self._look(mark)
            if found["records"] or not found["heard"] or clock() >= until:
                return found
            mark = found["mark"]
            await asyncio.sleep(_LOOKS_EVERY)

    async def one(self, request_id: str) -> dict[str, Any] | None:
        path = f"/decisions/{quote(request_id, safe='')}"
        for answer in await self._ask_all([path] * len(self._sockets)):
            if answer:
                found: dict[str, Any] = orjson.loads(answer[1])
                return found
        return None

    async def generations(self) -> dict[str, list[str]]:
        """Process → the configs it has read, the newest at the end."""
        answers = await self._ask_all(["/generations"] * len(self._sockets))
        return {
            socket.name.removesuffix("-metrics.sock"): orjson.loads(answer[1])["generations"]
            for socket, answer in zip(self._sockets, answers, strict=True)
            if answer
        }

    async def _look(self, mark: str) -> dict[str, Any]:
        marks = dict(zip(self._sockets, mark.split(_BETWEEN), strict=False))
        paths = [f"/decisions?after={quote(marks.get(each, ''))}" for each in self._sockets]
        answers = await self._ask_all(paths)
        lines = [line for answer in answers if answer for line in answer[1].splitlines()]
        news = [
            answer[0] if answer else marks.get(socket, "")
            for socket, answer in zip(self._sockets, answers, strict=True)
        ]
        records = sorted(map(orjson.loads, lines), key=lambda each: str(each["at"]))
        return {"mark": _BETWEEN.join(news), "records": records, "heard": any(answers)}

    async def _ask_all(self, paths: Sequence[str]) -> list[tuple[str, bytes] | None]:
        asked = zip(self._sockets, paths, strict=True)
        return await asyncio.gather(*(_ask(socket, path) for socket, path in asked))


async def _ask(socket: Path, path: str) -> tuple[str, bytes] | None:
    """The mark and the body; None where nobody answers, or does not know it."""
    connector = aiohttp.UnixConnector(str(socket))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_WITHIN) as session,
            session.get(f"http://extproc{path}") as answer,
        ):
            body = await answer.read()
            return (answer.headers.get(MARK_HEADER, ""), body) if answer.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
