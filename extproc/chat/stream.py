"""Chunks of a streamed completion, put together to the message they say.

An application's endpoint may answer a prompt with a stream. The gateway needs its text as a
whole, as context or to answer a client who asked for no stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from extproc.chat import sse


@dataclass(slots=True)
class Assembly:
    """What the chunks so far come to."""

    texts: list[str] = field(default_factory=list, repr=False)
    model: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def add(self, data: bytes) -> None:
        """One event's data. Raises ValueError on what is no chunk."""
        if data == sse.DONE:
            return
        chunk = orjson.loads(data)
        if not isinstance(chunk, dict):
            raise ValueError("a chunk must be an object")  # noqa: TRY004 - one error for callers
        if isinstance(chunk.get("model"), str):
            self.model = self.model or chunk["model"]
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._choice(choices[0])

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        # A tool's answer in the stream, as a gateway behind this one sends, is no speech.
        if not isinstance(delta, dict) or delta.get("role") == "tool":
            return
        if isinstance(delta.get("content"), str):
            self.texts.append(delta["content"])


def assemble(body: bytes) -> Assembly:
    """A whole stream. Raises ValueError on what is no stream of chunks."""
    decoder, assembly = sse.Decoder(), Assembly()
    # A last event whose blank line is missing still counts: the sender has ended.
    for data in decoder.feed(body) + decoder.feed(b"\n\n"):
        assembly.add(data)
    return assembly
