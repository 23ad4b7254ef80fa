"""Decisions as `extproc.explain` gives them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controlplane.acceptance.cases import Case
from controlplane.acceptance.judging import Result, judged


def decision(
    target: str | None = None, *further: str, refused: bool = False, asks: str = "",
    ms: float = 9.0, defaults: tuple[str, ...] = (), **values: Any,
) -> dict[str, Any]:  # fmt: skip
    """`asks`: a parameter's name, or `confirm`."""
    arguments = [
        {"name": name, "value": value, "default": name in defaults, "evidence": None}
        for name, value in values.items()
    ]
    calls = [{"target": target, "arguments": arguments}] if target else []
    record = {
        "guard": {"refused_by": "jailbreak" if refused else None},
        "calls": [*calls, *({"target": each, "arguments": []} for each in further)],
        "asked": None,
        "ms": ms,
    }
    if asks == "confirm":
        record["asked"] = {"for": "confirm", "parameters": []}
    elif asks:
        record["asked"] = {"for": "values", "parameters": [asks]}
    return {"record": record, "answer": f"Could you tell me {asks}?" if asks else "Hm."}


def case(name: str = "one", *tags: str, **expect: Any) -> Case:
    messages = ({"role": "user", "content": "hi"},)
    return Case(name, Path("tests.yaml"), 3, tags, messages, expect)


def result(decided: dict[str, Any], name: str = "one", *tags: str, **expect: Any) -> Result:
    return judged(case(name, *tags, **expect), decided)
