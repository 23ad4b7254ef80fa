"""The scaling model: what it works out, its simulation, and the page that is written from it."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from deploy.scaling import simulation
from deploy.scaling.model import FIGURES, MIXES, Costs, Fleet, Mix, first_wall
from deploy.scaling.simulation import Setup
from deploy.scaling.write import PAGE, PLOT, files

COSTS = Costs(
    call=0.001,
    chunk=0.0,
    prompt_gateway=0.005,
    prompt_models=0.01,
    probe=0.0005,
    idle=0.0,
    series=1000,
)


def test_the_page_is_of_what_was_measured() -> None:
    """`make golden` would change nothing, and the plot is XML that a browser reads."""
    for file, text in files().items():
        assert file.read_text("utf-8") == text, f"{file.name}: `make golden` writes it anew"
    assert ET.fromstring(PLOT.read_text("utf-8")).tag.endswith("svg")
    assert "scaling.svg" in PAGE.read_text("utf-8")


def test_what_was_run_is_what_was_simulated() -> None:
    """With one, two and four servers: throughput and waiting within a third, questions evenly spread."""
    runs = json.loads(FIGURES.read_text("utf-8"))["runs"]
    assert [run["servers"] for run in runs] == [1, 2, 4]
    for run in runs:
        found = run["simulated"]
        assert run["per_second"] == pytest.approx(found["per_second"], rel=0.33)
        assert run["median_ms"] == pytest.approx(found["median_ms"], rel=0.33)
        assert run["busiest"] < 1.3


def test_calls_grow_with_the_nodes() -> None:
    """Nothing is shared on their way: ten times the nodes carry ten times as much."""
    calls = Mix("calls", calls=1.0)
    one, ten = (Fleet(count, calls, COSTS) for count in (1, 10))
    assert one.per_second == pytest.approx(4 * 0.7 / 0.001)
    assert ten.per_second == pytest.approx(10 * one.per_second)
    assert (ten.gateways, ten.servers) == (10, 0)


def test_prompts_share_the_nodes_as_their_costs_are() -> None:
    """One node does it all; of thirty, one in three is a gateway where models cost twice as much."""
    prompts = Mix("prompts", prompts=1.0)
    assert Fleet(1, prompts, COSTS).per_second == pytest.approx(2.8 / 0.015)
    thirty = Fleet(30, prompts, COSTS)
    assert (thirty.gateways, thirty.servers) == (10, 20)
    assert thirty.per_second == pytest.approx(10 * 2.8 / 0.005, rel=0.02)


def test_health_checks_are_a_wall() -> None:
    """Their part of each model server grows with the gateways, and is told where it is a tenth."""
    prompts = Mix("prompts", prompts=1.0)
    wall, reasons = first_wall(prompts, COSTS)
    assert reasons == ("health checks of model servers",)
    before, there = Fleet(wall - 1, prompts, COSTS), Fleet(wall, prompts, COSTS)
    assert before.probes <= 0.1 < there.probes
    assert there.gateways == pytest.approx(400, abs=2)


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.name)
def test_more_nodes_carry_more(mix: Mix) -> None:
    """By the figures that were measured, up to a thousand."""
    costs = Costs.read()
    rates = [Fleet(count, mix, costs).per_second for count in (1, 2, 5, 10, 100, 1000)]
    assert sorted(rates) == rates
    assert rates[0] > 10


def test_one_machine_gives_no_more_than_its_cores() -> None:
    """More servers on it decide as much as one does; on machines of their own as much more."""
    shared = [
        simulation.closed(Setup(servers, 2, 0.01, 1.0, shared=True), 16, questions=1000).per_second
        for servers in (1, 2, 4)
    ]
    assert shared == pytest.approx([100, 100, 100], rel=0.05)
    own = simulation.closed(Setup(4, 2, 0.01, 1.0), 32, questions=1000).per_second
    assert own == pytest.approx(400, rel=0.1)


def test_questions_are_spread_and_wait_little() -> None:
    """At 70 % of the cores nearly all are answered in twice the time of one; at 99 % few are."""
    setup = Setup(4, 4, 0.02, 4.0)
    most = 16 / 0.02
    calm, full = (simulation.open_loop(setup, share * most, 4000) for share in (0.7, 0.99))
    assert calm.busiest < 1.05
    assert calm.p99 < 0.04
    assert full.p99 > 1.5 * calm.p99
    assert calm.per_second == pytest.approx(0.7 * most, rel=0.05)
