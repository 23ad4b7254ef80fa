"""What it costs to take the usage out of streams: the same gateway, asked for usage and not asked.

The provider writes every chunk by itself, as an LLM does. What counts is Envoy's own time on the
CPU, which a busy machine does not change much.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import threading
from typing import TYPE_CHECKING

import psutil

from tests.bench.llm import CONFIG
from tests.e2e.harness import Running, free_port, gateway

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 6
STREAMS = 60
CHUNKS = 500

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-one",
    "choices": [{"index": 0, "delta": {"content": "Once upon"}, "finish_reason": None}],
    "usage": None,
}
_USAGE = {**_CHUNK, "choices": [], "usage": {"total_tokens": 10}}


def run(folder: Path) -> dict[str, float]:
    provider = free_port()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", provider))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    with gateway(folder, CONFIG.format(provider=provider), {"KEY": "sk"}) as running:
        _streams(running, asked=False)
        spent: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for asked, rounds in spent.items():
                rounds.append(_streams(running, asked=asked))
    loop.call_soon_threadsafe(loop.stop)
    with_usage, without = (statistics.median(spent[asked]) for asked in (True, False))
    return {
        "passed_us_a_chunk": round(with_usage, 2),
        "taken_out_us_a_chunk": round(without, 2),
        "ratio": round(without / with_usage, 3),
    }


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Streams, on a connection that stays open."""
    while head := await _head(reader):
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        await reader.readexactly(length)
        writer.write(_HEAD)
        for chunk in [_CHUNK] * CHUNKS + [_USAGE]:
            _write(writer, json.dumps(chunk).encode())
            await asyncio.sleep(0)
        _write(writer, b"[DONE]")
        writer.write(b"0\r\n\r\n")
    writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    event = b"data: " + data + b"\n\n"
    writer.write(b"%x\r\n%s\r\n" % (len(event), event))


def _streams(running: Running, *, asked: bool) -> float:
    """Microseconds of Envoy's for each chunk."""
    body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
    if asked:
        body["stream_options"] = {"include_usage": True}
    envoy = psutil.Process(running.process.pid)
    before = _cpu(envoy)
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    for _ in range(STREAMS):
        headers = {"content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        text = connection.getresponse().read()
        assert text.count(b"data: ") == CHUNKS + 1 + asked
    connection.close()
    return (_cpu(envoy) - before) * 1e6 / (STREAMS * CHUNKS)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
