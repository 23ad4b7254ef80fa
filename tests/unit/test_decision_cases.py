"""The conversations that judge decisions: well formed, and possible with their configs."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from controlplane.compile import compile_file
from controlplane.emit.runtime import emit_runtime
from controlplane.home_paths import Home
from extproc.contract import READS, loads
from extproc.pipeline.parameters import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extproc.contract import Target

FOLDER = Path(__file__).parents[1] / "e2e" / "decisions"
FURTHER = FOLDER / "trades"
LATER = FOLDER / "later"
"""Conversations about six of the rows, and other services."""
SEALED = FOLDER / "sealed"
"""Conversations about all rows, written before the rules that came of the others."""
KEPT = FOLDER / "kept"
"""Conversations about all rows, and plain ones, that nobody is to read."""
EVERYDAY = FOLDER / "everyday"
"""Conversations about all rows, in plain words."""
TESTER = FOLDER / "tester"
"""Conversations about all rows, by somebody who does not trust the gateway."""
PROBE = FOLDER / "probe"
"""As `tester`, of other services."""
ORDERS = FOLDER / "orders"
"""Wishes in every tone, with the stories around them."""
ERRANDS = FOLDER / "errands"
"""As `orders`, of other services."""
TALKS = FOLDER / "talks"
"""Talks of three to six turns."""
UNWANTED = tuple(
    FOLDER / name for name in ("declined", "unwanted", "idle", "calm", "still", "quiet", "hush")
)
"""Conversations in which nothing is to be done at the end."""
FOLDERS = (
    FOLDER,
    FURTHER,
    LATER,
    SEALED,
    KEPT,
    EVERYDAY,
    TESTER,
    PROBE,
    ORDERS,
    ERRANDS,
    TALKS,
    *UNWANTED,
)
FEWEST = {
    LATER: (10, 3), SEALED: (8, 3), KEPT: (11, 4), EVERYDAY: (8, 3), TESTER: (8, 2), PROBE: (6, 2), ORDERS: (10, 4), ERRANDS: (6, 3),
    TALKS: (15, 4), **dict.fromkeys(UNWANTED, (10, 4)),
}  # fmt: skip
"""How many conversations a row has at least, and about how many services; else 20 about 6."""
CONFIGS = [path for folder in FOLDERS for path in sorted((folder / "configs").iterdir())]
ROWS = [
    "direction", "negation", "asked_about", "own_question", "refusal", "change_of_mind", "answers",
    "after_a_call", "small_talk", "booleans", "lists", "two_wishes", "not_usable", "follow_ups",
    "spelling", "languages",
]  # fmt: skip
KINDS = {"call", "calls", "asks", "nothing"}
OUR_QUESTION = re.compile(r"(?:Could you please|Sure, could you also) tell me the ")
ADDRESSES = {
    "{prompt_port}": "10000",
    "{port}": "12000",
    "{api}": "127.0.0.1:8001",
    "{llm}": "127.0.0.1:8002",
}


@functools.cache
def targets(config: Path) -> Mapping[str, Target]:
    """What the gateway knows of a config, as the control plane tells it."""
    text = config.read_text("utf-8")
    for name, value in ADDRESSES.items():
        text = text.replace(name, value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arch_config.yaml"
        path.write_text(text, "utf-8")
        compiled = compile_file(path, {})
    # Some descriptions are terse on purpose there.
    allowed = {"AG405"} if config.parents[1] in UNWANTED else set()
    assert {problem.code for problem in compiled.problems} <= allowed
    assert compiled.gateway is not None
    runtime = emit_runtime(compiled.gateway, Home(Path("/home/archgw"), Path("/home/logs")))
    assert runtime is not None
    return {target.name: target for target in loads(runtime.text).targets}


@functools.cache
def cases(row: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    text = (folder / "cases" / f"{row}.yaml").read_text("utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


def all_rows() -> list[tuple[Path, str]]:
    return [(FOLDER, row) for row in ROWS] + [
        (folder, path.stem)
        for folder in FOLDERS[1:]
        for path in sorted((folder / "cases").iterdir())
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_lints_without_a_word(config: Path) -> None:
    """A config that is not sound would judge nothing."""
    assert targets(config)


@pytest.mark.parametrize(
    ("folder", "further"),
    [(FOLDER, []), (SEALED, []), (KEPT, ["plain"]), (EVERYDAY, []), (TESTER, []), (PROBE, [])],
    ids=["decisions", "sealed", "kept", "everyday", "tester", "probe"],
)
def test_a_file_for_each_row(folder: Path, further: list[str]) -> None:
    """None is missing, and none stands there that no test reads."""
    assert sorted(path.name for path in (folder / "cases").iterdir()) == sorted(
        f"{row}.yaml" for row in ROWS + further
    )


@pytest.mark.parametrize(("folder", "row"), all_rows())
def test_enough_conversations_all_different(folder: Path, row: str) -> None:
    """Enough a row, each under a name of its own and about many services."""
    found = cases(row, folder)
    fewest, services = FEWEST.get(folder, (20, 6))
    names = [case["id"] for case in found]
    assert names == [f"{row}-{number:02d}" for number in range(1, len(names) + 1)]
    assert len(names) >= fewest
    said = [(str(case.get("history")), str(case["turns"])) for case in found]
    assert len(set(said)) == len(said)
    assert len({case["config"] for case in found}) >= services


@pytest.mark.parametrize(("folder", "row"), all_rows())
def test_conversations_are_well_formed(folder: Path, row: str) -> None:
    """And what they expect the config's targets can give."""
    wrong = [f"{c['id']}: {fault}" for c in cases(row, folder) for fault in faults(c, folder)]
    assert wrong == []


def test_every_target_is_called() -> None:
    """None of the configs' targets stands there for nothing, but where nothing or little else is wanted."""
    called = {
        (folder / "configs" / f"{case['config']}.yaml", call["target"])
        for folder, row in all_rows()
        for case in cases(row, folder)
        for turn in case["turns"]
        for call in calls(turn["expect"])
    }
    idle = {
        config
        for config in CONFIGS
        if config.parents[1] in {PROBE, ORDERS, ERRANDS, TALKS, *UNWANTED}
    }
    known = {(config, name) for config in CONFIGS if config not in idle for name in targets(config)}
    assert {each for each in called if each[0] not in idle} == known


def faults(case: Mapping[str, Any], folder: Path = FOLDER) -> Iterator[str]:
    """What is wrong with a conversation."""
    if not {"id", "config", "turns"} <= set(case) <= {"id", "config", "history", "turns"}:
        yield f"keys: {sorted(case)}"
    config = folder / "configs" / f"{case['config']}.yaml"
    if config not in CONFIGS:
        yield f"no config {case['config']}"
        return
    yield from history_faults(case.get("history", []), asked=folder not in UNWANTED)
    known = targets(config)
    for number, turn in enumerate(case["turns"], 1):
        if set(turn) != {"user", "expect"}:
            yield f"keys of a turn: {sorted(turn)}"
        if not isinstance(turn["user"], str) or not turn["user"].strip():
            yield f"not a text: {turn['user']!r}"
        yield from expectation_faults(turn["expect"], known)
        if turn["expect"].get("or_confirm") and number < len(case["turns"]):
            yield "what comes after a question that may not come is open"


def history_faults(history: list[Mapping[str, Any]], *, asked: bool) -> Iterator[str]:
    """`asked`: what was asked in it was asked by the gateway, not by an LLM."""
    roles = ["user", "assistant"] * (len(history) // 2)
    if [message["role"] for message in history] != roles:
        yield "a history is pairs of a user's message and the answer to it"
    for message in history:
        if set(message) != {"role", "content"} or not isinstance(message["content"], str):
            yield f"keys of a message: {message}"
        question = message["role"] == "assistant" and message["content"].endswith("?")
        if asked and question and not OUR_QUESTION.match(message["content"]):
            yield f"not a question of the gateway's: {message['content']}"


def expectation_faults(expect: Mapping[str, Any], known: Mapping[str, Target]) -> Iterator[str]:
    kinds = KINDS & set(expect)
    if len(kinds) != 1 or set(expect) - KINDS - {"or_confirm", "allow_get"}:
        yield f"one of {sorted(KINDS)}, not {sorted(expect)}"
    for call in calls(expect):
        yield from call_faults(call, known)
    if "calls" in expect and len(expect["calls"]) < 2:
        yield "several calls are at least two"
    if "asks" in expect and not any(
        set(expect["asks"]) <= {parameter.name for parameter in target.parameters}
        for target in known.values()
    ):
        yield f"no target has the parameters {expect['asks']}"
    if "asks" in expect and not 1 <= len(set(expect["asks"])) == len(expect["asks"]):
        yield f"asked for once each, and for something: {expect['asks']}"
    if "nothing" in expect and expect["nothing"] is not True:
        yield "nothing is true"
    if "allow_get" in expect and not (
        "nothing" in expect and reads(known.get(expect["allow_get"]))
    ):
        yield f"only beside nothing, and a target that reads: {expect['allow_get']}"
    if "or_confirm" in expect and not (
        expect["or_confirm"] is True
        and "call" in expect
        and not reads(known.get(expect["call"]["target"]))
    ):
        yield "only a call that changes something is confirmed"


def call_faults(call: Mapping[str, Any], known: Mapping[str, Target]) -> Iterator[str]:
    """The gateway itself must find nothing to mend, to add or to ask for."""
    if set(call) != {"target", "arguments"} or call["target"] not in known:
        yield f"no such target: {call}"
        return
    filled = fill(known[call["target"]].parameters, call["arguments"])
    if filled.missing or filled.arguments != call["arguments"]:
        names = [parameter.name for parameter in filled.missing]
        found = filled.arguments
        yield f"{call['target']} is called with {found}, asking for {names}: {call['arguments']}"


def calls(expect: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [expect["call"]] if "call" in expect else expect.get("calls", [])


def reads(target: Target | None) -> bool:
    return target is not None and target.endpoint is not None and target.endpoint.method in READS
