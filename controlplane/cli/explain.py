"""`archgw explain`: how a prompt would be decided, and why, without any effect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.deciding import (
    CONFIG,
    CannotDecideError,
    decisions,
    gateway_of,
    require_client,
)
from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse

    from controlplane.home_paths import Home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Decide a prompt as the gateway would, and draw why: what the guard says, how the targets"
        " rank, where each value stands, what would be called. Nothing is called, and no LLM asked."
    )
    parser.add_argument("prompt", nargs="?", help="what the user says; - reads standard input")
    parser.add_argument("-c", "--config", type=Path, default=CONFIG, help=f"default: {CONFIG}")
    parser.add_argument(
        "--messages", type=Path, metavar="FILE",
        help="a conversation in JSON: a list of messages, or a chat-completions request;"
        " PROMPT, if there is one, is its next user message",
    )  # fmt: skip
    parser.add_argument(
        "--record", metavar="ID", help="a past request of the running gateway, by its x-request-id"
    )
    parser.add_argument(
        "--client", metavar="NAME", help="who asks, as `auth` calls it; left out: nobody"
    )
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    add_home(parser)


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    if args.record:
        return _past(args, home)
    body = _body(args)
    if body is None:
        return COULD_NOT_RUN
    try:
        gateway = gateway_of(args.config)
        require_client(gateway, args.client)
        [decision] = decisions(gateway, home, [{"body": body, "client": args.client}])
    except CannotDecideError as error:
        return error.code
    _show(decision, body["messages"], as_json=args.json)
    return DONE


def _past(args: argparse.Namespace, home: Home) -> int:
    """The record is in the memory of one of the processes, as long as it is among the newest."""
    from controlplane import past  # noqa: PLC0415

    try:
        record = past.decision(home, args.record)
    except past.UnheardError:
        failure(f"no gateway with prompts runs in {home.folder}")
        return COULD_NOT_RUN
    if record is None:
        failure(f"no request {args.record} is among the newest that the gateway remembers")
        return FOUND
    _show({"record": record}, [], as_json=args.json)
    return DONE


def _show(decision: dict[str, Any], messages: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(decision, ensure_ascii=False))
        return
    from controlplane.cli.drawing import drawn  # noqa: PLC0415

    sys.stdout.write(drawn(decision, messages))


def _body(args: argparse.Namespace) -> dict[str, Any] | None:
    """The request to explain; what is wrong with it is told."""
    said = sys.stdin.read().strip() if args.prompt == "-" else args.prompt
    body: dict[str, Any] = {"messages": []}
    if args.messages:
        try:
            read = json.loads(args.messages.read_text("utf-8"))
        except ValueError as error:
            failure(f"{args.messages}: no JSON ({error})")
            return None
        body = read if isinstance(read, dict) else {"messages": read}
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        failure(f"{args.messages}: expected a list of messages, or an object that has one")
        return None
    if said:
        messages.append({"role": "user", "content": said})
    if not messages:
        failure('nothing to explain; give a prompt: archgw explain "what is the weather?"')
        return None
    return body
