"""The control socket: what is asked, what is answered, and what nonsense does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from controlplane.supervise.control_client import UnreachableError, ask
from controlplane.supervise.control_server import ControlServer
from controlplane.supervise.messages import Status
from tests.unit.controlplane.supervise.others import listens_as_another_user


async def _handler(request: Mapping[str, Any], say: Callable[[str], None]) -> Mapping[str, Any]:
    if request.get("command") == "slow":
        say("one")
        await asyncio.sleep(0.2)
        say("two")
    return {"ok": True, "asked": dict(request)}


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    server = ControlServer(tmp_path / "control.sock", _handler)
    await server.start()
    yield tmp_path / "control.sock"
    await server.stop()
    assert not (tmp_path / "control.sock").exists()


async def test_progress_comes_before_the_result(path: Path) -> None:
    """Each line is heard as it comes; the last one is the answer."""
    said: list[str] = []
    answer = await asyncio.to_thread(ask, path, {"command": "slow"}, dict, said.append)
    assert said == ["one", "two"]
    assert answer == {"ok": True, "asked": {"command": "slow"}}


async def test_only_we_may_ask(path: Path) -> None:
    """The socket is 0600."""
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_users_socket_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`archgw reload` sends the caller's environment: not to whoever has taken the place."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "control.sock"))
        listens_as_another_user(server, monkeypatch)
        with pytest.raises(UnreachableError, match="another user"):
            ask(tmp_path / "control.sock", {"command": "reload", "env": {"KEY": "sk"}}, dict)
        connection, _ = server.accept()
        assert connection.recv(100) == b""


async def test_large_request_arrives_whole(path: Path) -> None:
    """A caller's whole environment travels in one line."""
    env = {"LONG": "x" * 300_000}
    answer = await asyncio.to_thread(ask, path, {"command": "reload", "env": env}, dict)
    assert answer["asked"]["env"] == env


@pytest.mark.parametrize("nonsense", [b"", b"\n", b"not json\n", b"[1,2]\n", b"\xff\xfe\n", b"{"])
async def test_nonsense_harms_nobody(path: Path, nonsense: bytes) -> None:
    """Whoever talks rubbish, or hangs up, is dropped; the next one is answered."""
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(path))
        rude.sendall(nonsense)
    assert (await asyncio.to_thread(ask, path, {"command": "status"}, dict))["ok"]


async def test_nobody_there_is_told(tmp_path: Path) -> None:
    """No socket, and a socket nobody serves, are the same to the caller."""
    with pytest.raises(UnreachableError):
        ask(tmp_path / "none.sock", {}, dict)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
    with pytest.raises(UnreachableError):
        ask(tmp_path / "dead.sock", {}, dict)


async def test_answer_of_another_version_is_none(path: Path) -> None:
    """A supervisor that says it otherwise than we read it is as good as one that is silent."""
    with pytest.raises(UnreachableError):
        await asyncio.to_thread(ask, path, {"command": "status"}, Status.from_json)


async def test_silence_has_an_end(tmp_path: Path) -> None:
    """A supervisor that hangs does not hang the command line."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s.sock"))
        silent.listen()
        with pytest.raises(UnreachableError):
            await asyncio.to_thread(ask, tmp_path / "s.sock", {}, dict, timeout=0.2)


async def test_answer_under_way_is_given_before_the_end(tmp_path: Path) -> None:
    """Whoever asked for the end is told of it, though the server is closing."""
    gone = asyncio.Event()

    async def until_gone(*_: object) -> Mapping[str, Any]:
        await gone.wait()
        return {"ok": True}

    server = ControlServer(tmp_path / "c.sock", until_gone)
    await server.start()
    asking = asyncio.create_task(asyncio.to_thread(ask, tmp_path / "c.sock", {}, dict))
    await asyncio.sleep(0.1)
    gone.set()
    await server.stop()
    assert await asking == {"ok": True}
