"""Requests to decisions, by the code that serves, in a process of its own (`extproc.explain`)."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from controlplane.emit.runtime import emit_runtime
from controlplane.rehearsal.models import model_server
from controlplane.supervise.processes.environment import clean_environment
from controlplane.supervise.services import python_child
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from controlplane import ir
    from controlplane.home_paths import Home


@contextmanager
def rehearsed(
    gateway: ir.Gateway, home: Home, requests: Iterable[dict[str, Any]],
    tell: Callable[[str], None],
) -> Iterator[Iterator[dict[str, Any]]]:  # fmt: skip
    """One decision for each request, in their order, as they come. See `extproc.explain`."""
    runtime = emit_runtime(gateway, home)
    assert runtime is not None, "whoever rehearses has prompts"
    with model_server(gateway, home, tell) as served, tempfile.NamedTemporaryFile("w") as file:
        config = replace(contract.loads(runtime.text), model_server=served.address)
        file.write(contract.dumps(config))
        file.flush()
        with _process(Path(file.name), served.key_file, home) as process:
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018
            _send(process.stdin, requests)
            yield (json.loads(line) for line in process.stdout)


@contextmanager
def _process(runtime: Path, key_file: Path, home: Home) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ["--runtime", str(runtime), "--model-key", str(key_file)]
    spec = python_child("explain", "extproc.explain", arguments, home)
    with subprocess.Popen(
        spec.argv, env=clean_environment(os.environ) | dict(spec.environment),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()


def _send(pipe: IO[bytes], requests: Iterable[dict[str, Any]]) -> None:
    """All of them, before an answer is read: the process reads to the end before it answers."""
    with pipe:
        for request in requests:
            pipe.write(json.dumps(request).encode() + b"\n")
