"""Writes the plot and the tables of docs/scaling.md from what was measured; `make golden` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.scaling import simulation
from deploy.scaling.model import CORES, FIGURES, MIXES, USED, Costs, Fleet, end_of_redis, first_wall
from deploy.scaling.plot import drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PLOT = DOCS / "scaling.md", DOCS / "scaling.svg"
NODES = (1, 10, 100, 1000)
QUEUED = (0.5, 0.7, 0.8, 0.9)
_WORKERS = 3
"""Questions that a model server decides at once: of the guard one, of targets two."""


def files() -> dict[Path, str]:
    costs = Costs.read()
    figures: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    tables = {
        "costs": _costs(costs, figures),
        "memory": _memory(figures),
        "nodes": _nodes(costs),
        "waiting": _waiting(costs),
        "runs": _runs(figures),
    }
    for name, lines in tables.items():
        page = _put(page, name, lines)
    return {PLOT: drawn(costs), PAGE: page}


def _put(page: str, name: str, lines: Iterable[str]) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{chr(10).join(lines)}\n\n{end}{after}"


def _costs(costs: Costs, figures: dict[str, Any]) -> Iterator[str]:
    prompt = figures["prompt"]
    yield "| | CPU time |"
    yield "| --- | --- |"
    yield f"| an LLM call, JSON: Envoy | {costs.call * 1e3:.2f} ms |"
    yield f"| each chunk of a stream: Envoy | {costs.chunk * 1e6:.0f} µs |"
    yield f"| a prompt: Envoy | {prompt['envoy'] * 1e3:.1f} ms |"
    yield f"| a prompt: extproc | {prompt['extproc'] * 1e3:.1f} ms |"
    yield f"| a prompt: guard, intent and parameters in the model server | {prompt['models'] * 1e3:.1f} ms |"
    yield f"| a health check, in a model server | {costs.probe * 1e3:.2f} ms |"
    scrape = figures["scrape"]
    yield f"| a scrape of {scrape['series']:,} series, in all of a gateway | {scrape['gateway'] * 1e3:.0f} ms |"
    yield f"| a gateway that nobody asks | {costs.idle * 100:.1f} % of a core |"


def _memory(figures: dict[str, Any]) -> Iterator[str]:
    yield "| process | MB |"
    yield "| --- | --- |"
    yield from (f"| {name} | {size:.0f} |" for name, size in figures["memory_mb"].items())


def _nodes(costs: Costs) -> Iterator[str]:
    heads = " | ".join(f"{count:,} node{'s' if count > 1 else ''}" for count in NODES)
    yield f"| requests in a second | {heads} | the first wall | with global limits |"
    yield f"| --- |{' --- |' * len(NODES)} --- | --- |"
    for mix in MIXES:
        fleets = [Fleet(count, mix, costs) for count in NODES]
        cells = [_carried(fleet) for fleet in fleets]
        wall, reasons = first_wall(mix, costs)
        said = f"{wall:,} nodes: {', '.join(reasons)}" if reasons else f"none up to {wall:,}"
        redis = f"{end_of_redis(mix, costs):,} nodes: one Redis"
        yield f"| {mix.name} | {' | '.join(cells)} | {said} | {redis} |"


def _carried(fleet: Fleet) -> str:
    parts = f" ({fleet.gateways}+{fleet.servers})" if fleet.servers and fleet.nodes > 1 else ""
    return f"{_round(fleet.per_second):,}{parts}"


def _round(number: float) -> int:
    """To two digits: more are not known."""
    digits = max(0, len(str(int(number))) - 2)
    return round(number / 10**digits) * 10**digits


def _waiting(costs: Costs) -> Iterator[str]:
    yield "| cores in use | median | 99 of 100 are answered within |"
    yield "| --- | --- | --- |"
    for share in QUEUED:
        setup = simulation.Setup(4, _WORKERS, costs.prompt_models, CORES)
        rate = share * min(CORES, _WORKERS) * setup.servers / setup.cost
        found = simulation.open_loop(setup, rate, 6000)
        bold = "**" if share == USED else ""
        yield f"| {bold}{share:.0%}{bold} | {found.median * 1e3:.0f} ms | {found.p99 * 1e3:.0f} ms |"


def _runs(figures: dict[str, Any]) -> Iterator[str]:
    yield "| model servers | cores that all got | prompts a second: run, simulated | median: run, simulated | busiest server, to the average |"
    yield "| --- | --- | --- | --- | --- |"
    for run in figures["runs"]:
        found = run["simulated"]
        yield (
            f"| {run['servers']} | {run['cores']:.2f} | {run['per_second']:.1f}, {found['per_second']:.1f}"
            f" | {run['median_ms']:.0f}, {found['median_ms']:.0f} ms | {run['busiest']:.2f} |"
        )


def main() -> None:
    for file, text in files().items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
