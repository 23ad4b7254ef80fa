"""The race as a page: what was measured, how to measure it again, and what favours whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.race.figures import JSON_16, PLAIN, SSE_16, Figures, goals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.race.running import Course

_SAYS = {
    "plain": "Envoy with one route: no key, no limit, no count, no log",
    "archgw": "the LLM listener as it is by default, under its supervisor",
    "archgw, all on": "clients and their budgets, limits, prices, JSON logs, every call traced",
    "LiteLLM": "its proxy, a worker for each core, a master key, no database",
    "Portkey": "its open gateway, one process of Node",
}
_FAVOURS = """\
- The provider answers from memory, at once. With a real one, which takes seconds, nobody waits for a gateway:
  the rate is what a machine carries, and the time added is what a caller sees of it.
- wrk, the provider and all racers share one machine. That favours the slow ones: beside a fast one wrk and the
  provider take much of the same cores, beside a slow one next to nothing.
- `plain` only forwards. archgw reads each body, chooses by its model, exchanges the key, counts tokens and logs; it
  takes the usage that it asked for out of streams. LiteLLM checks a key, routes by model and prices calls.
  Portkey is asked for no key and chooses by a header, which favours it.
- Node runs on one core, the others on all of them. A second process of Portkey behind a balancer would do nearly
  twice as much.
- Portkey 1.15.2 answers a stream with 500 on the newest `@hono/node-server` that npm gives it, so it has 1.3.3 here.
  Its code waits 25 ms before the first event of a stream; that is why no goal names its streams.
- A stream comes from the provider in one piece, which favours those that work on each event least.
"""
BEGIN, END = "<!-- race -->", "<!-- end of race -->"


def page(figures: Figures) -> str:
    return "\n".join((*_head(figures), *_goals(figures), *_courses(figures), *_rest(figures)))


def short(figures: Figures) -> str:
    """README's table."""
    rows = [
        [
            racer,
            *(f"{figures.median(racer, course, 'rps'):,.0f}" for course in (JSON_16, SSE_16)),
            f"{figures.cpu(racer, JSON_16):,.0f} µs",
            f"{figures.found['memory_mb'][racer]['raced']:,.0f} MB",
            f"{figures.found['start_seconds'][racer]:.1f} s",
        ]
        for racer in figures.racers
    ]
    head = ("", "JSON a second", "streams a second", "CPU of a call", "memory", "start")
    return "\n".join(_table(head, rows))


def into_readme(readme: str, figures: Figures) -> str:
    return re.sub(
        f"(?s){BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{short(figures)}\n{END}", readme, count=1
    )


def _head(figures: Figures) -> Iterator[str]:
    found, machine = figures.found, figures.found["machine"]
    low, high = figures.load()
    yield "# The race\n"
    yield "```\nmake race    # or: python -m tests.race --rounds 3 --seconds 3 --write\n```\n"
    yield (
        f"{found['rounds']} rounds of {found['seconds']} s on {machine['cores']} cores ({machine['processor']}, "
        f"Linux {machine['kernel']}), load average {low} to {high}. All run at once and are asked in turn, so the "
        "ratios within a round say more than the figures by themselves: of these the median is told, of CPU "
        "time the least.\n"
    )
    yield from (f"- **{racer}**: {_SAYS[racer]}" for racer in figures.racers)
    yield from (f"- **{name}** took no part: {why}" for name, why in found["left_out"].items())
    yield "\n![requests in a second at 16 connections](race.svg)\n"


def _goals(figures: Figures) -> Iterator[str]:
    yield "## Goals\n"
    held = {True: "yes", False: "**no**", None: "not measured"}
    if figures.busy:
        yield "The machine was busy with other work, so this run says of no goal whether it holds.\n"
        held |= dict.fromkeys((True, False), "busy machine")
    yield from _table(
        ("", "goal", "found", "holds"),
        [
            [
                goal.words,
                f"{'≥' if goal.least else '≤'} {goal.bound:g}",
                "" if goal.found is None else f"{goal.found:.2f}",
                held[goal.held],
            ]
            for goal in goals(figures)
        ],
    )
    yield ""


def _courses(figures: Figures) -> Iterator[str]:
    yield "## Heats\n"
    yield (
        "`of plain` is the rate beside a plain Envoy's of the same round, `added` what the median call takes more.\n"
    )
    for course in figures.courses:
        size = f"{course.size // 1000} kB" if course.size >= 1000 else f"{course.size} bytes"
        yield f"### {course.kind.upper()}, {size}, {course.connections} connections\n"
        head = ("", "a second", "of plain", "p50", "p99", "added", "CPU of a call", "errors")
        yield from _table(head, [_row(figures, racer, course) for racer in figures.racers])
        yield ""


def _row(figures: Figures, racer: str, course: Course) -> Sequence[str]:
    of_plain = figures.ratio(racer, PLAIN, course)
    added = figures.added(racer, course)
    return [
        racer,
        f"{figures.median(racer, course, 'rps'):,.0f}",
        "" if of_plain is None else f"{of_plain:.3f}",
        f"{figures.median(racer, course, 'p50_ms'):.2f} ms",
        f"{figures.median(racer, course, 'p99_ms'):.2f} ms",
        "" if added is None else f"{added:.2f} ms",
        f"{figures.cpu(racer, course):,.0f} µs",
        f"{figures.errors(racer, course)}",
    ]


def _rest(figures: Figures) -> Iterator[str]:
    yield "## Memory and start\n"
    memory, start = figures.found["memory_mb"], figures.found["start_seconds"]
    rows = [
        [
            racer,
            f"{memory[racer]['started']:,.0f} MB",
            f"{memory[racer]['raced']:,.0f} MB",
            f"{start[racer]:.1f} s",
        ]
        for racer in figures.racers
    ]
    yield from _table(("", "started", "raced", "until the first answer"), rows)
    yield f"\n## What favours whom\n\n{_FAVOURS}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
