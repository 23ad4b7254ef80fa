"""A decision (see `extproc.explain`) beside what was expected of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controlplane.acceptance.cases import Case


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    decided: Mapping[str, Any]
    """In the words of an expectation, all of them."""
    differences: tuple[str, ...]
    ms: float

    @property
    def passed(self) -> bool:
        return not self.differences


def judged(case: Case, decision: Mapping[str, Any]) -> Result:
    decided = in_words(decision)
    record = decision["record"]
    error = decision.get("error")
    differences = tuple(_differences(case.expect, decided))
    if error and not differences:
        differences = (f"it is refused: {error['code']}, {error['message']}",)
    return Result(case, decided, differences, record["ms"] if record else 0.0)


def flipped(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between two decisions on one conversation."""
    before, after = in_words(old), in_words(new)
    return tuple(
        f"{key}: {_shown(before[key])} → {_shown(after[key])}"
        for key in ("guard", "target", "args", "missing", "confirm", "further")
        if before[key] != after[key]
    )


def in_words(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What was decided, in the words of an expectation."""
    record = decision["record"]
    if record is None:
        return {
            "guard": "pass", "target": None, "args": {}, "missing": [], "ask": "",
            "confirm": False, "defaults": [], "calls": [], "further": [],
        }  # fmt: skip
    calls, asked = record["calls"], record["asked"]
    said = list(calls[0]["arguments"]) if calls else []
    return {
        "guard": "refuse" if record["guard"] and record["guard"]["refused_by"] else "pass",
        "target": calls[0]["target"] if calls else None,
        "args": _arguments(calls[0]) if calls else {},
        "missing": asked["parameters"] if asked else [],
        "ask": decision.get("answer", "") if asked else "",
        "confirm": bool(asked and asked["for"] == "confirm"),
        "defaults": [each["name"] for each in said if each["default"]],
        "calls": [{each["target"]: _arguments(each)} for each in calls],
        "further": [each["target"] for each in calls[1:]],
    }


def _arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in call["arguments"]}


def _differences(expect: Mapping[str, Any], decided: Mapping[str, Any]) -> Iterator[str]:
    for key in ("guard", "target", "confirm"):
        if key in expect and expect[key] != decided[key]:
            yield f"{key}: expected {_shown(expect[key])}, is {_shown(decided[key])}"
    if "missing" in expect and sorted(expect["missing"]) != sorted(decided["missing"]):
        wanted, found = _shown(expect["missing"]), _shown(decided["missing"])
        yield f"missing: expected {wanted}, is {found}"
    if "ask" in expect and expect["ask"].casefold() not in decided["ask"].casefold():
        yield f"ask: expected {_shown(expect['ask'])} in {_shown(decided['ask'])}"
    # Of another target's values there is nothing to say.
    if "target" not in expect or expect["target"] == decided["target"]:
        yield from _values(expect.get("args", {}), decided["args"])
    if "calls" in expect:
        yield from _calls(expect["calls"], decided["calls"])
    if expect.get("exact"):
        yield from _beyond(expect, decided)


def _calls(
    expect: Sequence[Mapping[str, Any]], decided: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    wanted, found = ([next(iter(each)) for each in calls] for calls in (expect, decided))
    if wanted != found:
        yield f"calls: expected {_shown(wanted)}, are {_shown(found)}"
        return
    for name, values, args in zip(wanted, expect, decided, strict=True):
        yield from _values(values[name], args[name])


def _values(expect: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in expect.items():
        if name not in found:
            yield f"args.{name}: expected {_shown(value)}, is not there"
        elif found[name] != value or isinstance(found[name], bool) != isinstance(value, bool):
            yield f"args.{name}: expected {_shown(value)}, is {_shown(found[name])}"


def _beyond(expect: Mapping[str, Any], decided: Mapping[str, Any]) -> Iterator[str]:
    """What an exact expectation does not name must not be there; defaults, which nobody said, may."""
    if "calls" not in expect:
        for name, value in decided["args"].items():
            if name not in expect.get("args", {}) and name not in decided["defaults"]:
                yield f"args.{name}: is {_shown(value)}, expected nothing"
        if decided["further"]:
            yield f"calls {', '.join(decided['further'])} as well"
    if "missing" not in expect and decided["missing"]:
        yield f"missing: is {_shown(decided['missing'])}, expected nothing"
    if "confirm" not in expect and decided["confirm"]:
        yield "confirm: it is asked back, which was not expected"


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
