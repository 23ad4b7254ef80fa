"""All results together, and how they are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from controlplane.acceptance.cases import Suite
from controlplane.acceptance.formats import as_github, as_json, as_junit, as_text
from controlplane.acceptance.summary import Summary, TargetFigures, summed
from tests.unit.controlplane.acceptance.decided import decision, result

RESULTS = [
    result(decision("a", ms=1), "one", target="a"),
    result(decision("a", ms=2), "two", "safety", target="a"),
    result(decision("b", ms=3), "three", "safety", target="a"),
    result(decision(ms=40), "four", target="b"),
    result(decision(refused=True, ms=4), "five", guard="refuse"),
]
SUITE = Suite(Path("tests.yaml"), None, None, 0.6, {"safety": 1.0}, tuple(r.case for r in RESULTS))


def _summary(pass_rate: float = 0.6, **tags: float) -> Summary:
    return summed([replace(SUITE, pass_rate=pass_rate, tag_rates=tags)], RESULTS)


def test_acceptance_is_by_shares() -> None:
    """Three of five are six tenths; and each tag has its own share."""
    assert _summary(0.6).accepted
    assert not _summary(0.61).accepted
    assert _summary(0.6, safety=0.5).accepted
    assert not _summary(0.6, safety=0.51).accepted


def test_targets_have_precision_and_recall() -> None:
    """Of those chosen, how many were right; of those expected, how many were chosen."""
    assert _summary().targets == [
        TargetFigures("(none)", right=0, chosen=1, expected=0),
        TargetFigures("a", right=2, chosen=2, expected=3),
        TargetFigures("b", right=0, chosen=1, expected=1),
    ]


def test_the_slowest_are_named() -> None:
    """From the slowest on."""
    assert [each.case.id for each in _summary().slowest] == ["four", "five", "three"]


def test_text_tells_failures_confusions_and_figures() -> None:
    """Everything a reader needs, and nothing of what passed."""
    text = as_text(_summary(0.7))
    for line in (
        "FAILED tests.yaml:3 three: “hi”",
        '    target: expected "a", is "b"',
        "    1  a → b",
        "a            100%     67%         3",
        "slowest: four 40 ms, five 4 ms, three 3 ms",
        "3 of 5 passed, which is too few: 70% are wanted",
    ):
        assert line in text.splitlines(), text
    assert "one:" not in text


def test_json_holds_all_of_it() -> None:
    """For a program."""
    body = json.loads(as_json(_summary(safety=1.0)))
    assert not body["accepted"]
    assert body["rates"][1] == {"tag": "safety", "passed": 1, "of": 2, "wanted": 1.0}
    assert {"expected": "a", "chosen": "b", "count": 1} in body["confusion"]
    assert [each["passed"] for each in body["results"]] == [True, True, False, False, True]


def test_junit_is_read_as_xml() -> None:
    """A failure has its differences, whatever letters are in them."""
    odd = result(decision("a", city="\x00<&>"), "odd", args={"city": "x"})
    suite = ET.fromstring(as_junit(summed([SUITE], [*RESULTS, odd])))
    assert (suite.get("tests"), suite.get("failures")) == ("6", "3")
    assert "args.city" in str(suite.findall("testcase")[-1][0].text)


def test_github_annotates_the_line() -> None:
    """One annotation a failure, on one line, with nothing that ends its properties early."""
    odd = result(decision("a"), "a:b,c", target="x\ny")
    [line, *_] = as_github(summed([SUITE], [odd])).splitlines()
    assert line.startswith("::error file=tests.yaml,line=3,title=a%3Ab%2Cc::target:")


@pytest.mark.parametrize("of", [1, 7, 20, 1000])
def test_a_share_is_of_whole_cases(of: int) -> None:
    """No case is lost to the way a float is written."""
    passed = [result(decision("a"), str(n), target="a") for n in range(of)]
    for wanted in (0.95, 0.1, 1 / 3, 1.0):
        assert summed([replace(SUITE, pass_rate=wanted, tag_rates={})], passed).accepted
