"""A small load client that counts what it asked and what came back whole.

Every request gets exactly one entry in the ledger. A connection that the gateway announces to
close is opened anew, as any HTTP client does; a request that breaks is a failure, never retried.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def failures(self) -> dict[str, int]:
        return {what: count for what, count in self.outcomes.items() if what != "ok"}


async def steady(port: int, ledger: Ledger, stop: asyncio.Event) -> None:
    """One connection, one request after the other, until told to stop."""
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    connection = None
    while not stop.is_set():
        try:
            connection = connection or await asyncio.open_connection("127.0.0.1", port)
            status, rest, stays = await ask(*connection, body)
            # A pause as a caller makes one: the test asks for loss, not for speed.
            await asyncio.sleep(0.01)
            ledger.outcomes["ok" if status == 200 and b"Hello" in rest else f"{status}"] += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            ledger.outcomes[type(error).__name__] += 1
            stays = False
        if not stays and connection:
            connection[1].close()
            connection = None
    if connection:
        connection[1].close()


async def stream(port: int, ledger: Ledger, chunks: int) -> None:
    """One long SSE answer, which must come whole."""
    asked = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        status, body, _ = await ask(reader, writer, json.dumps(asked).encode())
        count = body.count(b'"content"')
        whole = status == 200 and count == chunks and body.endswith(b"data: [DONE]\n\n")
        ledger.outcomes["ok" if whole else f"{status}, {count} of {chunks} chunks"] += 1
    except (OSError, asyncio.IncompleteReadError) as error:
        ledger.outcomes[type(error).__name__] += 1
    finally:
        writer.close()


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes, **headers: str
) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection stays open; raises for an answer that is cut."""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    )
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    writer.write(head.encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    status = int(answer.split(" ", 2)[1])
    if "transfer-encoding: chunked" in answer:
        content = await _chunks(reader)
    else:
        length = answer.partition("content-length: ")[2].partition("\r\n")[0]
        content = await reader.readexactly(int(length or 0))
    return status, content, "connection: close" not in answer


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Ends only with the last chunk of size 0: a cut answer raises."""
    content = bytearray()
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        content += (await reader.readexactly(size + 2))[:-2]
        if size == 0:
            return bytes(content)
