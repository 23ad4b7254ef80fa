"""Requests that fail, hundreds of each class: does a failure leave anything behind?"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.e2e.load import ask
from tests.fakes.provider import Behaviour
from tests.soak.kinds import KEY, KINDS, LLM, PROMPT, WEATHER
from tests.soak.processes import held
from tests.soak.verdicts import Line, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.soak.stage import Stage

_AT_ONCE = {LLM: 8, PROMPT: 2}
"""Few at a listener whose requests are read by models: it is not overload that is looked for here."""
_WARM = 24
_MOST_MB = 10.0


@dataclass(frozen=True)
class Failure:
    name: str
    listener: str
    body: bytes
    """`NUMBER` in it is another one each time."""
    status: int | None
    """None: the connection ends without an answer, or in the middle of one."""
    key: str = KEY
    behaviour: Behaviour = field(default_factory=Behaviour)
    api: int = 200
    leaves: bool = False
    """The client goes after the first bytes."""


def _asked(text: str, **rest: object) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": text}], **rest}).encode()


def _refused() -> list[Failure]:
    """What the load has, too."""
    return [
        Failure(kind.name, kind.listener, _of_kind(kind.name), kind.status, kind.key)
        for kind in KINDS
        if kind.says
    ]


def _of_kind(name: str) -> bytes:
    (kind,) = (kind for kind in KINDS if kind.name == name)
    return replace(kind, text=kind.text.format(number="NUMBER")).body("soak", 0)


_HI = _asked("hi NUMBER")
_STREAM = _asked("hi NUMBER", stream=True)
CLASSES = (
    *_refused(),
    Failure("an unknown field's type", PROMPT, b'{"messages": NUMBER}', 400),
    Failure("too large", PROMPT, _asked("x" * 2_000_000), 413),
    Failure("provider answers 500", LLM, _HI, 500, behaviour=Behaviour(status=500)),
    Failure("provider resets", LLM, _HI, 503, behaviour=Behaviour(reset=True)),
    Failure("provider dies in a stream", LLM, _STREAM, None, behaviour=Behaviour(die_after=2)),
    Failure(
        "client leaves a stream",
        LLM,
        _STREAM,
        None,
        behaviour=Behaviour(chunk_delay=0.2),
        leaves=True,
    ),
    Failure(
        "client leaves a prompt's stream",
        PROMPT,
        _STREAM,
        None,
        behaviour=Behaviour(chunk_delay=0.2),
        leaves=True,
    ),
    Failure("API answers 500", PROMPT, _asked(WEATHER.format(number="NUMBER")), 502, api=500),
)


@dataclass
class Found:
    count: int
    grown: dict[str, dict[str, float]] = field(default_factory=dict)
    """Class → process → MB more than before."""
    statuses: dict[str, Counter[int | None]] = field(default_factory=dict)


async def run(stage: Stage, pids: Mapping[str, int], count: int) -> Found:
    """Each class is warmed up by itself; then memory counts."""
    found = Found(count)
    usual = stage.provider.behaviour
    for failure in CLASSES if count else ():
        stage.provider.behaviour = failure.behaviour
        stage.application.says["/weather"].status = failure.api
        await _some(stage, failure, min(count, _WARM))
        before = {name: held(pid).mb for name, pid in pids.items()}
        found.statuses[failure.name] = await _some(stage, failure, count)
        found.grown[failure.name] = {
            name: round(held(pid).mb - before[name], 1) for name, pid in pids.items()
        }
        tell(f"{failure.name}: {dict(found.statuses[failure.name])}, {found.grown[failure.name]}")
    stage.provider.behaviour = usual
    stage.application.says["/weather"].status = 200
    return found


_numbers = iter(range(10**6, 10**9))


async def _some(stage: Stage, failure: Failure, count: int) -> Counter[int | None]:
    statuses: Counter[int | None] = Counter()
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            statuses[await _one(stage.ports[failure.listener], failure)] += 1

    await asyncio.gather(*(caller() for _ in range(_AT_ONCE[failure.listener])))
    return statuses


async def _one(port: int, failure: Failure) -> int | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = failure.body.replace(b"NUMBER", str(next(_numbers)).encode())
    asking = ask(reader, writer, body, authorization=f"Bearer {failure.key}")
    try:
        if failure.leaves:
            task = asyncio.create_task(asking)
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return None
        async with asyncio.timeout(30):
            return (await asking)[0]
    except (OSError, asyncio.IncompleteReadError):
        return None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def verdicts(found: Found) -> list[Line]:
    lines = []
    for failure in CLASSES:
        if failure.name not in found.grown:
            continue
        grown, statuses = found.grown[failure.name], found.statuses[failure.name]
        said = ", ".join(f"{name} {mb:+.1f}" for name, mb in grown.items())
        right = statuses == {failure.status: found.count}
        odd = "" if right else f"; answered {dict(statuses)}, not {failure.status}"
        lines.append(
            Line(
                f"{found.count} failing: {failure.name}",
                f"≤ +{_MOST_MB:.0f} MB a process",
                said + " MB" + odd,
                right and max(grown.values()) <= _MOST_MB,
            )
        )
    return lines
