"""`archgw compile`: what a config comes to, at any of the stages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.home import (
    add_allow_open,
    add_home,
    home_of,
    show_problems,
    variables_of,
)
from controlplane.cli.terminal import Patience, failure
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from controlplane.compile import Compiled
    from controlplane.home_paths import Home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print a complete, static Envoy bootstrap, or an earlier stage of it."
        " No key is in any of them."
    )
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--emit",
        choices=_STAGES,
        default="envoy",
        help="model: as written; ir: with every default; envoy: the bootstrap (default);"
        " runtime: what prompts are decided by; ratelimit: limits that gateways share, for"
        " envoyproxy/ratelimit",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="a file; JSON if it ends in .json"
    )
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="also make what the bootstrap names in the home, key files (0600) included, so that"
        " `envoy -c OUT` can start",
    )
    add_allow_open(parser)
    add_home(parser)


def run(args: argparse.Namespace) -> int:
    with Patience(f"compiling {args.config}"):
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from controlplane.compile import compile_file  # noqa: PLC0415  slow, and --help needs none
    from controlplane.problem import exit_code, for_compile, for_start  # noqa: PLC0415

    compiled = compile_file(args.config, variables_of(args))
    # Without its keys a bootstrap can be read, but not run.
    problems = (for_start if args.prepare else for_compile)(compiled.problems)
    if problems:
        show_problems(compiled.located(problems))
    if code := exit_code(problems):
        return code
    as_json = args.output is not None and args.output.suffix == ".json"
    text = _STAGES[args.emit](compiled, home_of(args), as_json)
    if text is None:
        failure(_NOTHING[args.emit])
        return FOUND
    if args.prepare and not _prepare(compiled, home_of(args)):
        return COULD_NOT_RUN
    if args.output:
        args.output.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return DONE


def _prepare(compiled: Compiled, home: Home) -> bool:
    from controlplane.supervise.lock import is_held  # noqa: PLC0415
    from controlplane.supervise.prepare import prepare  # noqa: PLC0415
    from controlplane.supervise.private import UnsafeError  # noqa: PLC0415

    if is_held(home.lock_file):
        failure(f"a gateway runs in {home.folder}; choose another --home")
        return False
    assert compiled.gateway is not None, "run stops before"
    try:
        prepare(compiled.gateway, home)
    except UnsafeError as error:
        failure(str(error))
        return False
    return True


def _model(compiled: Compiled, _home: Home, as_json: bool) -> str:
    return _shown(compiled.model, as_json)


def _ir(compiled: Compiled, _home: Home, as_json: bool) -> str:
    return _shown(compiled.gateway, as_json)


def _envoy(compiled: Compiled, home: Home, as_json: bool) -> str:
    from controlplane.emit import emit, proto  # noqa: PLC0415  --help needs none
    from controlplane.emit.bootstrap import static_bootstrap  # noqa: PLC0415
    from controlplane.emit.render import to_json, to_yaml  # noqa: PLC0415

    assert compiled.gateway is not None, "run stops before"
    bootstrap = static_bootstrap(home, emit(compiled.gateway, home))
    proto.message(proto.BOOTSTRAP, bootstrap)  # refuses what Envoy does not know
    return to_json(bootstrap) if as_json else to_yaml(bootstrap)


def _runtime(compiled: Compiled, home: Home, _as_json: bool) -> str | None:
    from controlplane.emit.runtime import emit_runtime  # noqa: PLC0415

    assert compiled.gateway is not None, "run stops before"
    runtime = emit_runtime(compiled.gateway, home)
    return runtime.text + "\n" if runtime else None


def _ratelimit(compiled: Compiled, _home: Home, as_json: bool) -> str | None:
    from controlplane.emit.shared_limits import service_config  # noqa: PLC0415

    assert compiled.gateway is not None, "run stops before"
    config = service_config(compiled.gateway)
    return None if config is None else _shown(config, as_json)


def _shown(value: object, as_json: bool) -> str:
    from controlplane.dump import as_data  # noqa: PLC0415

    if as_json:
        return json.dumps(as_data(value), indent=2, ensure_ascii=False) + "\n"
    import yaml  # noqa: PLC0415

    return yaml.safe_dump(as_data(value), sort_keys=False, allow_unicode=True)


_STAGES: dict[str, Callable[[Compiled, Home, bool], str | None]] = {
    "model": _model,
    "ir": _ir,
    "envoy": _envoy,
    "runtime": _runtime,
    "ratelimit": _ratelimit,
}
_NOTHING = {
    "runtime": "there is no runtime config without prompts: no targets, guards or listener here",
    "ratelimit": "no limits are shared here: `rate_limits: {mode: global, …}` says so",
}
