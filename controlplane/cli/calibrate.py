"""`archgw calibrate FILE`: the threshold of targets, by conversations whose target is known."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.deciding import (
    CONFIG,
    CannotDecideError,
    decisions,
    gateway_of,
    suite_of,
)
from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure, paint
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    from controlplane.acceptance.calibration import Proposal, Share

_KEY = "prompt_target_intent_matching_threshold"
_NO_END = "\\ No newline at end of file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Propose the score from which a target matches, for a stated aim, by golden conversations"
        " that name the `target` they want or `null`; thirty of each at least. What it is worth is"
        " measured on cases that it was not fitted to."
    )
    parser.add_argument("file", type=Path, help="as for `archgw test`")
    parser.add_argument("-c", "--config", type=Path, help="default: the file's own `config`")
    parser.add_argument(
        "--aim", type=_share, default=0.95, metavar="SHARE",
        help="how many of the calls must be right (default: 0.95)",
    )  # fmt: skip
    parser.add_argument("--patch", type=Path, help="write the change of the config here")
    parser.add_argument("--json", action="store_true", help="print the proposal as JSON")
    add_home(parser)


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no share between 0 and 1")
    return value


def run(args: argparse.Namespace) -> int:
    from controlplane.acceptance.calibration import (  # noqa: PLC0415
        TooFewError,
        proposed,
        scored,
    )

    suite = suite_of(args.file)
    if suite is None:
        return COULD_NOT_RUN
    config = args.config or suite.config or CONFIG
    try:
        decided = decisions(gateway_of(config), home_of(args), suite.requests)
        proposal = proposed(list(scored(suite.cases, decided)), args.aim)
    except CannotDecideError:
        return COULD_NOT_RUN
    except TooFewError as error:
        failure(str(error))
        return COULD_NOT_RUN
    if proposal is None:
        failure(f"no threshold makes {args.aim:.0%} of the calls right; `archgw test` tells why")
        return FOUND
    if args.patch:
        args.patch.write_text(patch(config, proposal.threshold), "utf-8")
    _show(proposal, args.aim, as_json=args.json)
    return DONE


def _show(proposal: Proposal, aim: float, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(proposal)))
        return
    print(f"overrides: {{{_KEY}: {paint(str(proposal.threshold), 'green')}}}")
    print(f"{_told(proposal.right)} of the calls are right; the aim was {aim:.0%}")
    print(f"{_told(proposal.acted)} of what wants a target is called or asked about")
    low, _ = proposal.right.interval
    if low < aim:
        sys.stderr.write(f"that it is less than {aim:.0%} cannot be ruled out: add cases\n")


def _told(share: Share) -> str:
    low, high = share.interval
    return f"{share.count} of {share.of} ({share.value:.1%}, 95 % interval {low:.1%} to {high:.1%})"


def patch(config: Path, threshold: float) -> str:
    """The config's change, as `patch` and `git apply -p0` take it; nothing else is touched."""
    old = config.read_text("utf-8")
    changed = _changed(old, threshold)
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), changed.splitlines(keepends=True), str(config), str(config)
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}\n" for line in lines)


def _changed(text: str, threshold: float) -> str:
    from controlplane.reading.yaml_tree import tree  # noqa: PLC0415

    root, _ = tree(text)
    overrides = root.child("overrides") if root else None
    written = overrides.child(_KEY) if overrides else None
    if written:
        return f"{text[: written.span.start]}{threshold}{text[written.span.end :]}"
    if overrides is None or overrides.kind != "map" or not overrides.entries:
        end = "" if text.endswith("\n") else "\n"
        return f"{text}{end}overrides:\n  {_KEY}: {threshold}\n"
    first = next(iter(overrides.entries.values())).key_start
    if overrides.flow:
        return f"{text[:first]}{_KEY}: {threshold}, {text[first:]}"
    indent = first - (text.rfind("\n", 0, first) + 1)
    return f"{text[:first]}{_KEY}: {threshold}\n{' ' * indent}{text[first:]}"
