"""The history of the benchmarks: ratios alone, by commit."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import history

FOUND = {
    "llm": {"ours_rps_16": 9000.0, "ours_ratio_rps_16": 0.57, "load_average": 1.0},
    "observed": {"llm": {"all_to_none": 0.9, "none_envoy_us": 80.0}},
}


def test_ratios_alone_are_kept() -> None:
    """Requests a second are of a machine, a ratio is of the code."""
    assert history.ratios(FOUND) == {"llm.ours_ratio_rps_16": 0.57, "observed.llm.all_to_none": 0.9}


def test_a_commits_next_run_takes_the_place_of_its_last(tmp_path: Path) -> None:
    """A part that is measured again is new, the others stay; the plot has a row for each ratio."""
    for ratios in ({"a_ratio": 0.5, "b_ratio": 0.4}, {"a_ratio": 0.6}):
        history.keep({"commit": "one", "load_average": 0.1, "ratios": ratios}, tmp_path)
    history.keep({"commit": "two", "load_average": 0.1, "ratios": {"a_ratio": 0.9}}, tmp_path)
    one, two = history.read(tmp_path)
    assert one["ratios"] == {"a_ratio": 0.6, "b_ratio": 0.4}
    assert two["commit"] == "two"
    svg = (tmp_path / "bench.svg").read_text()
    ET.fromstring(svg)
    assert svg.count("<polyline") == 2


def test_compared_with_a_commit() -> None:
    """Better and worse are told as a part of what was; of what is unknown, what there is."""
    runs = [{"commit": "one", "ratios": {"a_ratio": 0.5}}]
    lines = list(history.compared(runs, "one", {"a_ratio": 0.6, "b_ratio": 0.1}))
    assert [line.split()[:3] for line in lines] == [
        ["a_ratio", "0.600", "1.20"],
        ["b_ratio", "0.100", "new"],
    ]
    with pytest.raises(history.Unknown, match=r"nothing is kept of two: .* there are: one"):
        list(history.compared(runs, "two", {}))
    with pytest.raises(history.Unknown):
        history.commit_of("no-such-commit")
