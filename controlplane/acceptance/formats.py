"""A summary as people and machines read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from controlplane.acceptance.summary import NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from controlplane.acceptance.judging import Result
    from controlplane.acceptance.summary import Summary

_LONGEST: Final = 70
_CONTROL: Final = dict.fromkeys(range(32), " ")


def as_text(summary: Summary) -> str:
    lines: list[str] = []
    for each in summary.results:
        if not each.passed:
            lines += [f"FAILED {_place(each)} {each.case.id}: {_quoted(each)}"]
            lines += [f"    {difference}" for difference in each.differences]
    lines += _confusion(summary)
    if summary.targets:
        wide = max(len(each.name) for each in summary.targets)
        lines += ["", f"{'target'.ljust(wide)}  precision  recall  expected"]
        for figures in summary.targets:
            precision, recall = _share(figures.precision), _share(figures.recall)
            name = figures.name.ljust(wide)
            lines.append(f"{name}  {precision:>9}  {recall:>6}  {figures.expected:>8}")
    if summary.slowest:
        slow = ", ".join(f"{each.case.id} {each.ms:.0f} ms" for each in summary.slowest)
        lines += ["", f"slowest: {slow}"]
    for rate in summary.rates:
        what = f"with tag {rate.tag}" if rate.tag else "passed"
        verdict = "" if rate.accepted else f", which is too few: {rate.wanted:.0%} are wanted"
        lines.append(f"{rate.passed} of {rate.of} {what}{verdict}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _confusion(summary: Summary) -> Iterator[str]:
    """Who is taken for whom; nothing where nobody is."""
    wrong = [(pair, count) for pair, count in summary.confusion.items() if pair[0] != pair[1]]
    if not wrong:
        return
    yield ""
    yield "taken for another:"
    for (expected, chosen), count in sorted(wrong, key=lambda each: (-each[1], each[0])):
        yield f"{count:>5}  {expected} → {chosen}"


def as_json(summary: Summary) -> str:
    body = {
        "accepted": summary.accepted,
        "rates": [
            {"tag": each.tag, "passed": each.passed, "of": each.of, "wanted": each.wanted}
            for each in summary.rates
        ],
        "targets": [
            {
                "name": None if each.name == NONE else each.name,
                "precision": each.precision,
                "recall": each.recall,
                "expected": each.expected,
            }
            for each in summary.targets
        ],
        "confusion": [
            {"expected": expected, "chosen": chosen, "count": count}
            for (expected, chosen), count in sorted(summary.confusion.items())
        ],
        "results": [_result(each) for each in summary.results],
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def _result(result: Result) -> dict[str, Any]:
    return {
        "id": result.case.id,
        "file": str(result.case.file),
        "line": result.case.line,
        "tags": list(result.case.tags),
        "passed": result.passed,
        "differences": list(result.differences),
        "decided": dict(result.decided),
        "ms": result.ms,
    }


def as_junit(summary: Summary) -> str:
    failed = sum(not each.passed for each in summary.results)
    suite = ET.Element(
        "testsuite", name="archgw", tests=str(len(summary.results)), failures=str(failed)
    )
    for each in summary.results:
        case = ET.SubElement(
            suite, "testcase", name=each.case.id, classname=str(each.case.file),
            time=f"{each.ms / 1000:.3f}",
        )  # fmt: skip
        if not each.passed:
            failure = ET.SubElement(case, "failure", message=_plain(each.differences[0]))
            failure.text = _plain("; ".join(each.differences))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_github(summary: Summary) -> str:
    """Annotations of a workflow: https://docs.github.com/actions, workflow commands."""
    lines = [
        f"::error file={_property(str(each.case.file))},line={each.case.line},"
        f"title={_property(each.case.id)}::{_data('; '.join(each.differences))}"
        for each in summary.results
        if not each.passed
    ]
    rates = [f"{rate.passed} of {rate.of} {rate.tag or 'passed'}" for rate in summary.rates]
    return "\n".join([*lines, *rates]) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    return text.translate(_CONTROL)


def _place(result: Result) -> str:
    return f"{result.case.file}:{result.case.line}"


def _quoted(result: Result) -> str:
    said = result.case.last.translate(_CONTROL)
    return f"“{said if len(said) <= _LONGEST else said[: _LONGEST - 1] + '…'}”"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


FORMATS: Final[Mapping[str, Callable[[Summary], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "github": as_github,
}
