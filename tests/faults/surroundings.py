"""A test in a network, mounts and names of its own, which are gone when it ends, however it ends.

A port 53, a full disk or packets that vanish are nobody else's to meet. So such a test is run once
more, by a pytest inside `unshare`: what it does to loopback, `/etc/resolv.conf` or mounts holds for
it and what it starts alone, and there is nothing to clean up.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import pytest

from tests.faults.heard import PIPE

P = ParamSpec("P")
ROOT = Path(__file__).parents[2]
_INSIDE = "ARCHGW_TEST_INSIDE"
_UNSHARE = [
    "unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]),
    "--net", "--mount", "--pid", "--fork", "--kill-child",
]  # fmt: skip


def alone_in_the_world(test: Callable[P, None]) -> Callable[P, None]:
    """Runs the test inside; its fixtures are made there, too, and its figures come from there."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        if os.environ.get(_INSIDE):
            test(*args, **kwargs)
        else:
            _again_inside(kwargs["request"], kwargs["figure"])

    return run


def _again_inside(request: pytest.FixtureRequest, figure: Callable[[object], None]) -> None:
    if reason := _missing():
        pytest.skip(reason)
    reading, writing = os.pipe()
    # Under xdist a node's id has its group behind it; its name has not.
    node = f"{request.path.relative_to(ROOT)}::{request.node.name}"
    again = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.faults.heard"]
    script = 'mount -t proc proc /proc; ip link set lo up; exec "$@"'
    with os.fdopen(reading) as lines:
        inside = subprocess.Popen(
            [*_UNSHARE, "sh", "-ec", script, "sh", *again, node], cwd=ROOT, text=True,
            pass_fds=[writing],
            env={**os.environ, _INSIDE: "1", PIPE: str(writing)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.close(writing)
        said, _ = inside.communicate()
        heard = [json.loads(line) for line in lines]
    for each in heard:
        for text in each["figures"]:
            figure(text)
        if each["outcome"] == "skipped":
            pytest.skip(each["words"])
    assert [each["outcome"] for each in heard] == ["passed"], said


@functools.cache
def _missing() -> str | None:
    """Why there can be no namespaces here."""
    try:
        done = subprocess.run(
            [*_UNSHARE, "sh", "-ec", "mount -t proc proc /proc; ip link set lo up"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError as error:
        return f"no namespaces here: {error}"
    return None if done.returncode == 0 else f"no namespaces here: {done.stderr.strip()}"
