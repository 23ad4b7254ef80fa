"""Rows 24, 27 and 32: who would have the gateway call somebody else, and who is on its machine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.application import FakeApplication, Says
from tests.faults.stage import Stage, staged

SECRET = "secret-of-an-application"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """In a folder that others may enter: what keeps them out has to be the gateway's own."""
    with tempfile.TemporaryDirectory(prefix="f-") as folder:
        Path(folder).chmod(0o755)
        with staged(Path(folder)) as made:
            yield made


@pytest.fixture
def trap(stage: Stage) -> Iterator[FakeApplication]:
    """Somebody whom nobody has to ask anything."""
    stage.one.forget()
    stage.app.forget()
    with FakeApplication() as somebody:
        yield somebody
        assert not somebody.received


def test_row_24_a_body_that_names_a_host(stage: Stage, trap: FakeApplication) -> None:
    """The provider of the config is asked, whatever body and headers say."""
    url = f"http://{trap.address}/v1"
    names = ("api_base", "base_url", "custom_host", "endpoint", "host", "url")
    headers = {
        "x-arch-upstream": url,
        "x-portkey-custom-host": url,
        "x-forwarded-host": trap.address,
    }
    for client in (stage.llm, stage.prompt):
        answer = client.chat(**dict.fromkeys(names, url), headers=headers)
        assert answer.status == 200
    assert len(stage.one.received) == 2
    assert not {*headers} & {*stage.one.received[-1].headers}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_row_27_an_api_that_sends_elsewhere(
    stage: Stage, trap: FakeApplication, status: int
) -> None:
    """It is not followed, and where to is not told."""
    says = Says({"x": SECRET}, status=status, headers={"location": f"http://{trap.address}/latest"})
    stage.app.says["/weather"] = says
    answer = stage.prompt.chat("weather in Lisbon")
    assert answer.status >= 400
    assert trap.address not in answer.text
    assert SECRET not in answer.text
    assert len(stage.app.received) == 1


ODD = {
    "ten megabytes": Says(b"x" * (10 << 20), headers={"content-type": "text/plain"}),
    "an error with a secret": Says({"detail": SECRET}, status=500),
    "no UTF-8": Says(
        b"\xff\xfe" + SECRET.encode(), headers={"content-type": "text/plain"}, status=502
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_row_27_an_api_that_says_what_it_should_not(
    stage: Stage, trap: FakeApplication, what: str
) -> None:
    """An error of ours, and the secret is told neither to the client nor to a log."""
    stage.app.says["/weather"] = ODD[what]
    answer = stage.prompt.chat("weather in Lisbon")
    assert answer.status >= 500
    assert answer.json["error"]["code"]
    assert len(answer.body) < 10_000
    assert SECRET not in answer.text
    for log in stage.archgw.home.logs.glob("*.log"):
        assert SECRET.encode() not in log.read_bytes(), log.name


CONNECT = """
import socket, sys
for path in sys.argv[1:]:
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(path)
    except PermissionError:
        continue
    print(path)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
def test_row_32_another_user(stage: Stage, figure: Callable[[object], None]) -> None:
    """Reaches no socket, reads no key and no log."""
    home = stage.archgw.home
    sockets = [path for path in home.run.iterdir() if path.is_socket()]
    assert home.folder.parent.stat().st_mode & 0o005 == 0o005
    reached = _as_nobody(CONNECT, *sockets)
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    read = _as_nobody(CONNECT.replace("socket.socket(socket.AF_UNIX) as asking", "open(path)")
                      .replace("asking.connect(path)", "pass"), *files)  # fmt: skip
    figure(f"{len(sockets)} sockets and {len(files)} files, none reached")
    assert len(sockets) > 5
    assert reached == read == ""


def _as_nobody(script: str, *paths: Path) -> str:
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", script, *paths], user=65534, group=65534, extra_groups=[],
        capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}, cwd="/",
    )  # fmt: skip
    return done.stdout
