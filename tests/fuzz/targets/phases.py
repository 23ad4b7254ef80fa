"""What Envoy could say to extproc: any messages, in any order, with any headers and any body."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from extproc.events import Proceed
from extproc.exchange import World
from extproc.phases import PhaseError, decode, encode
from extproc.record.keeping import Records
from extproc.runtime import compiled
from extproc.session import Session
from extproc.telemetry import Metrics
from extproc.wire import archgw_ext_proc_pb2 as wire
from tests import playbook
from tests.fakes.model_server import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Check

_USUAL = {
    ":method": b"POST",
    ":path": b"/v1/chat/completions",
    "content-type": b"application/json",
}


@contextlib.contextmanager
def phases() -> Iterator[Check]:
    city = playbook.parameter("city", required=True)
    config = playbook.settings(
        playbook.target("weather", city, confirm="unsure"), guards=(playbook.guard(),)
    )
    runtime = compiled("0123456789abcdef", config)
    script = Script(calls={"weather": [("weather", {"city": "Rome"}, [])]}, attacks=("ignore",))
    with asyncio.Runner() as runner:

        def check(data: bytes) -> None:
            answers = {"app": playbook.api({"now": "rain"})}
            world = World(
                playbook.FakeModels(script),
                playbook.FakeEndpoints(answers),
                Metrics(),
                Records(b"key"),
            )
            session = Session(runtime, world)
            for message in _messages(data):
                runner.run(_say(session, message))

        yield check


async def _say(session: Session, message: bytes) -> None:
    """Once more after the end is an error, as is all else that has no place in the table."""
    was_done = session.done
    try:
        outcome = await session.on(decode(message))
    except (PhaseError, DecodeError):
        return
    assert not was_done
    assert session.done or isinstance(outcome, Proceed)
    _holds(wire.ProcessingResponse.FromString(encode(outcome, session.decision)))


def _holds(reply: wire.ProcessingResponse) -> None:
    """What Envoy is told splits no header and has a status that there is."""
    immediate, forwarded = reply.immediate_response, reply.request_body.response
    if reply.WhichOneof("response") == "immediate_response":
        status = immediate.status.code
        assert status in (200, *range(400, 500)), immediate
    for mutation in (immediate.headers, forwarded.header_mutation):
        for option in mutation.set_headers:
            assert option.header.key.replace("-", "").isalnum()
            assert not set(option.header.raw_value) & set(b"\r\n\0"), option.header
    body = forwarded.body_mutation.body
    if body:
        lengths = [
            option.header.raw_value
            for option in forwarded.header_mutation.set_headers
            if option.header.key == "content-length"
        ]
        assert lengths == [str(len(body)).encode()]


def _messages(data: bytes) -> Iterator[bytes]:
    """Pieces between bytes that no text has; the first byte of each says what kind it is."""
    for piece in data.split(b"\xff"):
        kind, rest = piece[:1], piece[1:]
        match kind:
            case b"h" | b"e":
                yield _headers(rest, ends=kind == b"e")
            case b"b":
                message = wire.ProcessingRequest(request_body=wire.HttpBody(body=rest))
                yield message.SerializeToString()
            case b"r":
                message = wire.ProcessingRequest(response_body=wire.HttpBody(body=rest))
                yield message.SerializeToString()
            case _:
                yield rest


def _headers(rest: bytes, *, ends: bool) -> bytes:
    """The usual ones, and a line each that come beside them or in their place."""
    sent = dict(_USUAL)
    for line in rest.split(b"\n"):
        name, _, value = line.partition(b"=")
        if name:
            sent[name.decode("latin-1")] = value
    values = [wire.HeaderValue(key=key, raw_value=value) for key, value in sent.items()]
    headers = wire.HttpHeaders(headers=wire.HeaderMap(headers=values), end_of_stream=ends)
    return wire.ProcessingRequest(request_headers=headers).SerializeToString()
