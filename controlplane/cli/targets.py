"""`archgw targets CONFIG`: which prompt targets the models take for one another."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.deciding import CannotDecideError, decisions, gateway_of
from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure, paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from controlplane.acceptance.confusable import Confusion
    from extproc.contract import Target

_MOST_WORDS = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Find prompt targets that the models confuse: each one's description, and what you say it"
        " is asked with, must rank it clearly above all others. Ends with 1 where one does not."
    )
    parser.add_argument("action", choices=("check",))
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--messages", type=Path, metavar="FILE",
        help="YAML: the name of a target, and a list of what users say who want it",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the pairs as JSON")
    add_home(parser)


def run(args: argparse.Namespace) -> int:
    from controlplane.acceptance.confusable import confusions, probes  # noqa: PLC0415

    try:
        gateway = gateway_of(args.config)
        assert gateway.prompts is not None, "gateway_of takes no other"
        targets = {each.name: each for each in gateway.prompts.targets}
        messages = _messages(args.messages, targets)
        probed = probes(targets.values(), messages)
        asked = [{"body": {"messages": [_said(each.text)]}} for each in probed]
        decided = decisions(gateway, home_of(args), asked) if asked else []
    except CannotDecideError as error:
        return error.code
    found = list(confusions(probed, decided))
    if args.json:
        print(json.dumps({"confusions": [asdict(each) for each in found]}, ensure_ascii=False))
    else:
        _show(found, targets, len(probed))
    return FOUND if found else DONE


def _said(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _messages(file: Path | None, targets: Mapping[str, Target]) -> dict[str, list[str]]:
    if file is None:
        return {}
    import yaml  # noqa: PLC0415

    try:
        read: Any = yaml.safe_load(file.read_text("utf-8"))
    except yaml.YAMLError as error:
        failure(f"{file}: {error}")
        raise CannotDecideError(COULD_NOT_RUN) from None
    if not isinstance(read, dict) or not all(_is_said(each) for each in read.values()):
        failure(f"{file}: expected the names of targets, each with a list of messages")
        raise CannotDecideError(COULD_NOT_RUN)
    if unknown := [name for name in read if name not in targets]:
        failure(f"{file}: the config has no target {', '.join(map(str, unknown))}")
        raise CannotDecideError(COULD_NOT_RUN)
    return read


def _is_said(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _show(found: Sequence[Confusion], targets: Mapping[str, Target], probed: int) -> None:
    from controlplane.acceptance.confusable import own_words, shared_words  # noqa: PLC0415

    for each in found:
        verb = "is taken for" if each.lost else "is close to"
        colour = "red" if each.lost else "yellow"
        print(f"{each.probe.target} {paint(verb, colour)} {each.other}")
        text = "its own description" if each.probe.own else f"“{each.probe.text}”"
        print(f"    {text}: {each.score:.2f} against {each.other_score:.2f}")
        one, other = targets[each.probe.target], targets[each.other]
        if shared := shared_words(one, other):
            print(f"    both say: {', '.join(shared[:_MOST_WORDS])}")
        if own := own_words(one, other):
            print(f"    say more of what sets it apart: {', '.join(own[:_MOST_WORDS])}")
    if not found:
        print(f"{probed} texts, and each ranks its own target clearly first")
