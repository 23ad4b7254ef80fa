"""`archgw usage`: what calls to LLMs used and cost, from the logs of a home."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

from controlplane.cli.home import add_home, home_of
from controlplane.cli.terminal import failure, paint
from controlplane.defaults import USAGE_FILES_KEPT
from controlplane.exit_codes import COULD_NOT_RUN, DONE
from controlplane.usage_log import KEYS, add_up

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from controlplane.usage_log import Sum, Usage

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HEADS = ("requests", "failed", "tokens in", "cached", "tokens out", "cost")
_SHOWN = 0.0001
"""The least cost that a table shows."""
_DIGITS = 10
"""Of a cost in JSON; below that is what adding fractions leaves behind."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "What calls to LLMs used and cost, from usage.log, rotated files included. Costs are by the"
        " `price` of each provider, as it was when the call was made."
    )
    add_home(parser)
    parser.add_argument(
        "--since",
        type=_since,
        default="24h",
        metavar="TIME",
        help="90m, 24h, 7d; or a date, with a time or without (default: 24h)",
    )
    parser.add_argument("--by", choices=tuple(KEYS), default="model", help="(default: model)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _since(text: str) -> dt.datetime:
    import argparse  # noqa: PLC0415  for its error alone

    try:
        if match := re.fullmatch(r"(\d{1,6})([smhdw])", text):
            return dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
        return dt.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text} is no time such as 24h or 2026-12-01") from None


def run(args: argparse.Namespace) -> int:
    log = home_of(args).usage_log
    files = sorted(log.parent.glob(f"{log.name}*"), key=lambda file: file.stat().st_mtime)
    if not files:
        failure(f"no {log.name} in {log.parent} yet; `archgw up` begins one, whatever form"
                " overrides.access_log_format gives to the access logs")  # fmt: skip
        return COULD_NOT_RUN
    recent = [file for file in files if file.stat().st_mtime >= args.since.timestamp()]
    usage = add_up(recent, args.by, args.since)
    begins = usage.first if len(files) > USAGE_FILES_KEPT else None
    if args.json:
        print(json.dumps(_as_json(usage, args)))
    else:
        print("\n".join(_table(usage, args.by)))
        if begins and begins > args.since:
            print(
                paint(f"the log goes back to {begins.astimezone():%Y-%m-%d %H:%M} alone", "yellow")
            )
    return DONE


def _as_json(usage: Usage, args: argparse.Namespace) -> dict[str, Any]:
    rows = [{"name": name, **_numbers(each)} for name, each in _sorted(usage)]
    return {
        "since": args.since.isoformat(timespec="seconds"),
        "first": usage.first.isoformat(timespec="seconds") if usage.first else None,
        "by": args.by,
        "rows": rows,
        "total": _numbers(usage.total),
        "unread_lines": usage.unread,
    }


def _numbers(found: Sum) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415  --help needs none of it

    return {**asdict(found), "cost": None if _is_free(found) else round(found.cost, _DIGITS)}


def _is_free(found: Sum) -> bool:
    """Nothing in it had a price."""
    return found.cost == 0 and (found.unpriced > 0 or not found.prompt_tokens)


def _sorted(usage: Usage) -> list[tuple[str | None, Sum]]:
    """The dearest first, then what used the most."""

    def weight(row: tuple[str | None, Sum]) -> tuple[float, int, int]:
        return -row[1].cost, -row[1].prompt_tokens - row[1].completion_tokens, -row[1].requests

    return sorted(usage.rows.items(), key=weight)


def _table(usage: Usage, by: str) -> Iterator[str]:
    rows = [(name or "-", _cells(each)) for name, each in _sorted(usage)]
    lines = [(by, _HEADS), *rows, ("total", _cells(usage.total))]
    first = max(len(name) for name, _ in lines)
    wide = [max(len(cells[column]) for _, cells in lines) for column in range(len(_HEADS))]
    for number, (name, cells) in enumerate(lines):
        told = [cell.rjust(width) for cell, width in zip(cells, wide, strict=True)]
        if number not in (0, len(lines) - 1) and cells[1] != "0":
            told[1] = paint(told[1], "red")
        line = f"{name.ljust(first)}  {'  '.join(told)}"
        yield line if number not in (0, len(lines) - 1) else paint(line, "bold")
    yield from _remarks(usage, by)


def _cells(found: Sum) -> tuple[str, ...]:
    counts = (found.requests, found.failed, found.prompt_tokens, found.cached_tokens)
    return (*(f"{each:,}" for each in counts), f"{found.completion_tokens:,}", _money(found))


def _money(found: Sum) -> str:
    if _is_free(found):
        return "-"
    return f"{found.cost:,.4f}" if found.cost == 0 or found.cost >= _SHOWN else f"<{_SHOWN}"


def _remarks(usage: Usage, by: str) -> Iterator[str]:
    total = usage.total
    if None in usage.rows:
        yield paint(f"-: {_WHY_NAMELESS[by]}", "dim")
    if total.unpriced:
        yield paint(
            f"{total.unpriced:,} answers of providers without a `price` cost nothing here", "dim"
        )
    if total.uncounted:
        yield paint(f"{total.uncounted:,} answers did not tell their tokens", "dim")
    if usage.unread:
        yield paint(f"{usage.unread:,} lines of the log could not be read", "yellow")


_WHY_NAMELESS = {
    "client": "callers whom no key, token or certificate names (listeners.….auth)",
    "model": "providers without a `model`, which clients choose",
    "provider": "no provider could be chosen",
}
