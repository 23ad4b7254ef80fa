"""A thousand clients that take their time: half send a byte a second, half read nothing of a long stream."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import TYPE_CHECKING, TypeVar

from tests.fakes.provider import Behaviour
from tests.soak.chaos.scene import Pace, scene
from tests.soak.kinds import KEY, KINDS, LLM, requests
from tests.soak.processes import living
from tests.soak.verdicts import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tests.soak.kinds import Request
    from tests.soak.stage import Stage

T = TypeVar("T")

_MOST_MB = 100.0
_HEADERS_IN = 5.0
"""Seconds in which a client has to send its headers."""
_FLUSHED_IN = 60.0
"""And after which an answer that nobody reads is given up."""
_STREAMS = tuple(kind for kind in KINDS if kind.name == "LLM, stream")
_BETWEEN = 0.008
"""Seconds between two that come."""
_PIECES = tuple(b"data: " + b"x" * 16_000 + b"\n\n" for _ in range(60))
_OWN_CONNECTIONS = 8
"""That the load may have opened meanwhile."""
_LLM_JSON = tuple(kind for kind in KINDS if kind.name == "LLM, JSON")


async def slowed(
    stage: Stage, pace: Pace, clients: int, slack: float, *, patient: bool
) -> list[Line]:
    """`patient`: until the streams are cut, too, which takes a minute."""
    async with scene(stage, pace, _LLM_JSON) as play:
        before = living(play.pids)
        stage.provider.behaviour = Behaviour(pieces=_PIECES)
        asked = list(itertools.islice(requests(_STREAMS), clients // 2))
        others = await _open(stage)
        stalled = [await _stalled(stage.ports[LLM], each) async for each in _in_turn(asked)]
        begun = await _streaming(stage, asked)
        coming = [
            asyncio.create_task(_trickling(stage.ports[LLM]))
            async for _ in _in_turn(range(clients // 2))
        ]
        slow = await asyncio.gather(*coming)
        grown = {name: each.mb - before[name].mb for name, each in living(play.pids).items()}
        few = others + _OWN_CONNECTIONS
        cut = await _until_at_most(stage, few, _FLUSHED_IN + 30) if patient else 0.0
        for each in stalled:
            each.close()
        let_go = await _until_at_most(stage, few, 20)
    usual, then = play.p99_ms(before=True), play.p99_ms(before=False)
    answered = [line for line, _ in slow]
    times = [seconds for _, seconds in slow]
    name = f"{clients} slow clients"
    lines = [
        Line(f"{name}: streams that nobody reads", "all begin", f"{begun} of {len(asked)}", begun == len(asked)),
        Line(f"{name}: the others", "p99 < 2 x, none fails", f"p99 {usual:.0f} → {then:.0f} ms, {len(play.failed)} of {play.load.ledger.sent} fail", then < 2 * usual and not play.failed),
        Line(f"{name}: a byte of headers a second", "408 in 5 ± 1 s", f"{answered.count('408')} of {len(slow)} get 408, in {min(times):.1f} to {max(times):.1f} s", answered.count("408") == len(slow) and max(times) < _HEADERS_IN + 1 + slack),
        Line(f"{name}: memory", f"≤ +{_MOST_MB:.0f} MB a process", ", ".join(f"{each} {mb:+.1f}" for each, mb in grown.items()) + " MB", max(grown.values()) <= _MOST_MB),
        Line(f"{name}: gone", "nothing is held for them", f"none after {let_go:.1f} s", let_go < 20),
    ]  # fmt: skip
    if patient:
        lines.append(
            Line(
                f"{name}: streams that nobody reads",
                f"cut in {_FLUSHED_IN:.0f} s",
                f"all cut after {cut:.0f} s",
                cut <= _FLUSHED_IN + 10,
            )
        )
    return lines


async def _in_turn(many: Iterable[T]) -> AsyncIterator[T]:
    """One after the other: what opens them all at once measures itself, for the others are asked here too."""
    for each in many:
        await asyncio.sleep(_BETWEEN)
        yield each


async def _trickling(port: int) -> tuple[str, float]:
    """The status that it was answered, and after how long."""
    clock = asyncio.get_running_loop().time
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = clock()
    answer = asyncio.ensure_future(reader.readline())
    try:
        for letter in b"POST /v1/chat/completions HTTP/1.1":
            writer.write(bytes([letter]))
            done, _ = await asyncio.wait({answer}, timeout=1.0)
            if done:
                break
        line = await asyncio.wait_for(answer, 1.0)
    except (OSError, TimeoutError):
        return "cut", clock() - began
    finally:
        writer.close()
    return line[9:12].decode() or "cut", clock() - began


async def _stalled(port: int, request: Request) -> socket.socket:
    """Asks for a megabyte of stream and reads none of it."""
    body = request.body
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, ("127.0.0.1", port))
    await loop.sock_sendall(made, head.encode() + body)
    return made


async def _streaming(stage: Stage, asked: Sequence[Request]) -> int:
    """How many a provider has begun to answer, once it is all of them or has taken long enough."""
    for _ in range(300):
        begun = sum(stage.provider.seen[each.token] for each in asked)
        if begun == len(asked):
            break
        await asyncio.sleep(0.1)
    return begun


async def _open(stage: Stage) -> int:
    """Connections of clients: with an answer that nobody reads, Envoy has no request any more."""
    return sum((await stage.stats(r"^http\.llm\.downstream_cx_active$")).values())


async def _until_at_most(stage: Stage, count: int, within: float) -> float:
    """Seconds until there are no more connections than that."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while await _open(stage) > count and loop.time() - began < within:
        await asyncio.sleep(0.5)
    return loop.time() - began
