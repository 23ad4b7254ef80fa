"""The race runs, with what needs nothing but this repository, and its report says what it found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.race import plot, report
from tests.race.__main__ import write
from tests.race.figures import ALL, OURS, PLAIN, Figures, goals
from tests.race.install import why_missing
from tests.race.racers import RACERS, Racer
from tests.race.running import COURSES, Plan, race

RACED = [PLAIN, OURS]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> Figures:
    courses = [each for each in COURSES if (each.size, each.connections) == (400, 16)]
    plan = Plan(courses, rounds=1, seconds=1)
    return Figures(race(RACED, plan, lambda _: None))


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk asks: apt-get install wrk")
def test_archgw_and_a_plain_envoy_race(found: Figures, tmp_path: Path) -> None:
    """Both answer all that they are asked, in one piece and as a stream; page and plot tell of each."""
    assert found.racers == RACED
    for course in found.courses:
        for racer in RACED:
            assert found.errors(racer, course) == 0
            assert found.median(racer, course, "rps") > 0
            assert found.cpu(racer, course) > 0
        # A plain Envoy does less: a racer that costs less than that has been measured wrongly.
        assert found.cpu(OURS, course) > found.cpu(PLAIN, course) / 2
    write(tmp_path, found)
    assert json.loads((tmp_path / "race.json").read_text()) == found.found
    page = (tmp_path / "race.md").read_text()
    assert [page.count(f"\n| {racer} |") for racer in RACED] == [len(found.courses) + 1] * 2
    assert page.count("not measured") == len(goals(found)), "who did not race holds no goal"
    ET.fromstring((tmp_path / "race.svg").read_text())


def test_who_is_missing_is_told(tmp_path: Path) -> None:
    """A gateway that could not be installed is left out with the reason, which the report repeats."""
    assert "make race" in why_missing(tmp_path / "none")
    (tmp_path / "missing").write_text("PyPI cannot be reached")
    assert why_missing(tmp_path) == "PyPI cannot be reached"
    told = figures(rps={PLAIN: [10.0], OURS: [5.0]}, left_out={"Portkey": "no Node"})
    assert "- **Portkey** took no part: no Node" in report.page(told)


def test_ratios_are_of_one_round() -> None:
    """A round in which the machine was busy with something else says as much as any other."""
    told = figures(rps={PLAIN: [1000.0, 100.0, 1000.0], OURS: [500.0, 50.0, 500.0]})
    assert told.ratio(OURS, PLAIN, COURSES[1]) == 0.5
    assert told.ratio(ALL, PLAIN, COURSES[1]) is None
    held = {goal.words: goal.held for goal in goals(figures(rps={PLAIN: [10.0], ALL: [4.0]}))}
    assert held["all on, JSON, 16 connections: of a plain Envoy's rate"] is False


def test_a_busy_machine_proves_nothing() -> None:
    """A run beside other work says so, and neither holds nor fails a goal."""
    told = figures(rps={PLAIN: [10.0], ALL: [4.0]}, load=30.0)
    page = report.page(told)
    assert "busy machine" in page
    assert "**no**" not in page
    assert "**no**" in report.page(figures(rps={PLAIN: [10.0], ALL: [4.0]}))


def test_an_answer_that_is_none_does_not_race() -> None:
    """Who answers something else than the provider said has not done the work."""

    class Wrong(Racer):
        def ask(self, kind: str) -> str:
            return '{"choices": [{"message": {"content": "no"}}]}'

    with pytest.raises(AssertionError):
        Wrong("wrong", 0, 0).check()


def test_readme_has_the_table() -> None:
    """`--write` puts the short table where README has its place, and leaves all else."""
    readme = (ROOT / "README.md").read_text("utf-8")
    told = figures(rps={PLAIN: [10.0], OURS: [5.0]})
    written = report.into_readme(readme, told)
    assert report.short(told) in written
    before, after = readme.partition(report.BEGIN)[0], readme.partition(report.END)[2]
    assert written.startswith(before)
    assert written.endswith(after)
    assert after


def test_every_racer_has_a_word() -> None:
    """The report says of each how it was started."""
    told = figures(rps={racer: [10.0] for racer in RACERS})
    assert all(f"- **{racer}**: " in report.page(told) for racer in RACERS)
    assert plot.drawn(told).count("<rect") == 1 + 2 * len(RACERS) * 2 - len(RACERS)


def figures(
    rps: dict[str, list[float]], left_out: dict[str, str] | None = None, load: float = 0.1
) -> Figures:
    heats = [
        {
            "course": course, "round": number, "racer": racer, "rps": each,
            "p50_ms": 1.0, "p99_ms": 2.0, "cpu_us": 10.0, "errors": 0, "load_average": load,
        }
        for course in ("json 400 16", "sse 400 16")
        for racer, rates in rps.items()
        for number, each in enumerate(rates)
    ]  # fmt: skip
    return Figures(
        {
            "machine": {"cores": 2, "processor": "some", "kernel": "6", "python": "3.11"},
            "rounds": 1,
            "seconds": 1,
            "left_out": left_out or {},
            "start_seconds": dict.fromkeys(rps, 1.0),
            "memory_mb": {racer: {"started": 1.0, "raced": 2.0} for racer in rps},
            "heats": heats,
        }
    )
