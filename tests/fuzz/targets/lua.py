"""What Lua reads in Envoy: clients' bodies and paths, providers' answers."""

from __future__ import annotations

import contextlib
import http.client
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extproc import contract
from tests.e2e import rewrite_stage
from tests.fakes.provider import Behaviour
from tests.fakes.reference_rewrite import CHAT, RefusedBody
from tests.fakes.reference_rewrite import rewrite as by_reference
from tests.unit.envoy.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Check

_PATHS = ("/openai/deployments/x/chat/completions", "/openai/deployments/x/audio", "/openai")
_FORM = b"multipart/form-data; boundary=x"


@contextlib.contextmanager
def rewrite() -> Iterator[Check]:
    """`rewrite.lua` in LuaJIT, beside the reference in Python."""
    constants = rewrite_stage.REWRITE_ONE.replace('"/deployments"', '"/openai"')
    script = Script(
        constants, "rewrite.lua", "rewritten", "rewritten_form", "provider_target", "scan"
    )

    def check(data: bytes) -> None:
        found = script.call("rewritten", data, CHAT.encode(), {b"route": b"one"})
        assert (found if isinstance(found, bytes) else None) == _expected(data)
        script.call("scan", data)
        form = script.call("rewritten_form", data, _FORM, b"/v1/audio/transcriptions", {})
        assert isinstance(form[0] if isinstance(form, tuple) else form, bytes | None)
        path = data.partition(b"\n")[0]
        _, target = script.call("provider_target", path)
        assert target is None or bytes(target).startswith((b"/openai", b"/deployments"))

    yield check


def _expected(data: bytes) -> bytes | None:
    try:
        return by_reference(data, rewrite_stage.ONE, CHAT)
    except RefusedBody:
        return None


@contextlib.contextmanager
def through_envoy() -> Iterator[Check]:
    """The same in a real Envoy, which must refuse and forward just what the reference does."""
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-") as folder,
        rewrite_stage.stage(Path(folder)) as setup,
    ):
        setup.one.behaviour = Behaviour(status=202)
        connection = http.client.HTTPConnection("127.0.0.1", setup.port, timeout=20)
        headers = {contract.HINT_HEADER: "one", **rewrite_stage.JSON}

        def check(data: bytes) -> None:
            setup.one.received.clear()
            connection.request("POST", CHAT, data, headers)
            answer = connection.getresponse()
            answer.read()
            expected = _expected(data)
            assert [each.body for each in setup.one.received] == [expected] * (expected is not None)
            assert answer.status == (400 if expected is None else 202)

        with contextlib.closing(connection):
            yield check
            assert "script log" not in setup.log.read_text()


@contextlib.contextmanager
def usage() -> Iterator[Check]:
    """What providers send back: counted, hidden and added to, wherever it is cut."""
    counting = Script("", "usage.lua", "read", "new_stream", "without_usage")
    adding = Script("local TEXT_ERRORS = false", "answer.lua", "new_stream", "with_members")

    def check(data: bytes) -> None:
        _read(counting, _cut(data, 3))
        whole = _passed(counting, "without_usage", [data])
        assert _is_left_of(whole, data)
        for size in (1, 5):
            assert _passed(counting, "without_usage", _cut(data, size)) == whole
        for pieces in ([data], _cut(data, 1), _cut(data, 5)):
            added = _passed(adding, "with_members", pieces, b'"m":1,')
            assert added.replace(b'"m":1,', b"", 1) == data or added == data

    yield check


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _read(script: Script, pieces: list[bytes]) -> None:
    kept = b""
    for piece in pieces:
        result: Any = script.call("read", kept + piece)
        if not isinstance(result, tuple):
            return
        kept = bytes(result[1])


def _passed(script: Script, function: str, pieces: list[bytes], *more: bytes) -> bytes:
    stream, passed = script.call("new_stream"), b""
    for number, piece in enumerate(pieces):
        result: Any = script.call(function, stream, piece, *more)
        went, done = result if isinstance(result, tuple) else (result, False)
        passed += bytes(went)
        if done:
            return passed + b"".join(pieces[number + 1 :])
    return passed + bytes(stream[b"held"] or b"")


def _is_left_of(passed: bytes, data: bytes) -> bool:
    """Whether bytes were taken out, and none put in or moved."""
    left = iter(data)
    return all(byte in left for byte in passed)
