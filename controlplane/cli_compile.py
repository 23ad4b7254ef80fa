"""`archgw compile`: what a config comes to, at any of the stages."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli_home import add_home, layout_of, show_problems

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from controlplane.compile import Compiled
    from controlplane.layout import Layout


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "compile",
        help="print what a config is compiled to",
        description="Print a complete, static Envoy bootstrap, or an earlier stage of it."
        " No key is in any of them.",
    )
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--emit",
        choices=_STAGES,
        default="envoy",
        help="model: as written; ir: with every default; envoy: the bootstrap (default)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="a file; JSON if it ends in .json"
    )
    add_home(parser)


def run(args: argparse.Namespace) -> int:
    from controlplane.compile import compile_file  # noqa: PLC0415  slow, and --help needs none
    from controlplane.problem import for_compile, has_errors  # noqa: PLC0415
    from controlplane.supervise.told import tell  # noqa: PLC0415

    compiled = compile_file(args.config, os.environ)
    problems = for_compile(compiled.problems)
    if problems:
        show_problems(tell(args.config, compiled.document, problems))
    if compiled.gateway is None or has_errors(problems):
        return 1
    as_json = args.output is not None and args.output.suffix == ".json"
    text = _STAGES[args.emit](compiled, layout_of(args), as_json)
    if args.output:
        args.output.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _model(compiled: Compiled, _layout: Layout, as_json: bool) -> str:
    return _shown(compiled.model, as_json)


def _ir(compiled: Compiled, _layout: Layout, as_json: bool) -> str:
    return _shown(compiled.gateway, as_json)


def _envoy(compiled: Compiled, layout: Layout, as_json: bool) -> str:
    from controlplane.emit import emit  # noqa: PLC0415  half a second of imports
    from controlplane.emit.bootstrap import static_bootstrap  # noqa: PLC0415
    from controlplane.emit.render import to_json, to_yaml  # noqa: PLC0415

    assert compiled.gateway is not None, "run stops before"
    message = static_bootstrap(layout, emit(compiled.gateway, layout))
    return to_json(message) if as_json else to_yaml(message)


def _shown(value: object, as_json: bool) -> str:
    from controlplane.plain import plain  # noqa: PLC0415

    if as_json:
        return json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"
    import yaml  # noqa: PLC0415

    return yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True)


_STAGES: dict[str, Callable[[Compiled, Layout, bool], str]] = {
    "model": _model,
    "ir": _ir,
    "envoy": _envoy,
}
