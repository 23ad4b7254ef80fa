"""reports/soak.md, from what the last runs that were kept have measured.

python -m tests.soak.report     # writes it anew from what is kept
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.soak import plot
from tests.soak.verdicts import Line, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parents[2] / "reports"
PAGE, PLOT = FOLDER / "soak.md", FOLDER / "soak.svg"

_HEAD = """\
# Endurance

Written by `make soak WRITE=1` and `make chaos WRITE=1`, which anyone can repeat. The gateway is real, with
both listeners, two extproc processes and the models that ship; the provider and the API are fakes that
answer each request with the token it carries. A rate that the machine does not bear shows as 503 and
time-outs: `make soak RATE=20` asks less. `tests/soak` holds a short form of both, which `make check` runs.
"""


def keep(part: str, figures: Mapping[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    text = json.dumps({**figures, "machine": machine}, separators=(",", ":"))
    _figures(part).write_text(text + "\n", "utf-8")
    write()


def write() -> None:
    kept = {
        part: json.loads(_figures(part).read_text("utf-8"))
        for part in ("soak", "chaos")
        if _figures(part).exists()
    }
    parts = [_HEAD]
    if "soak" in kept:
        PLOT.write_text(plot.drawn(kept["soak"]["memory"], kept["soak"]["fitted_from"]), "utf-8")
        parts.append("\n".join(_soak(kept["soak"])))
    if "chaos" in kept:
        parts.append("\n".join(_chaos(kept["chaos"])))
    PAGE.write_text("\n".join(parts), "utf-8")


def _figures(part: str) -> Path:
    return FOLDER / f"{part}.json"


def _soak(kept: Mapping[str, Any]) -> Iterator[str]:
    options = kept["options"]
    yield "## Soak\n"
    yield (
        f"`make soak SECONDS={options['seconds']:g} RATE={options['rate']:g} WRITE=1`: "
        f"{options['seconds']:g} s at {options['rate']:g} requests a second. {_machine(kept)}\n"
    )
    yield from table(Line(**line) for line in kept["lines"])
    if kept.get("note"):
        yield f"\n{kept['note']}"
    yield "\n![resident memory of each process over time](soak.svg)\n"
    yield "| Kind of request | Asked | p50 | p99 |"
    yield "| --- | ---: | ---: | ---: |"
    for name, count in sorted(kept["asked"].items(), key=lambda each: -each[1]):
        yield f"| {name} | {count} | {kept['p50_ms'][name]} ms | {kept['p99_ms'][name]} ms |"
    yield ""


def _chaos(kept: Mapping[str, Any]) -> Iterator[str]:
    yield "## Chaos\n"
    yield f"`{kept['command']}`, {kept['rate']:g} requests a second. {_machine(kept)}\n"
    yield from table(Line(**line) for line in kept["lines"])
    if kept.get("note"):
        yield f"\n{kept['note']}"
    yield ""


def _machine(kept: Mapping[str, Any]) -> str:
    machine = kept["machine"]
    return (
        f"{machine['cores']} cores, Python {machine['python']}, load average at the end "
        f"{kept['load_average']} (1, 5 and 15 minutes)."
    )


if __name__ == "__main__":
    write()
