"""A chat with a prompt gateway, as an application holds it over plain HTTP.

The application keeps the history and sends all of it each time. What the gateway called on the
way to an answer comes back beside it, as `metadata.x-arch-state` of the answer or of the first
chunk of a stream. Those messages belong into the history too, in front of the answer they led to.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    """What the assistant says; for an error, why there is no answer."""
    model: str = ""
    tool_messages: Sequence[Message] = ()

    @property
    def refused(self) -> bool:
        """The prompt guard answered."""
        return "x-prompt-guard-error-code" in self.headers

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """The APIs that were called, with their arguments."""
        return [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for message in self.tool_messages
            for call in message.get("tool_calls", ())
        ]


@dataclass
class Chat:
    host: str
    port: int
    timeout: float = 60.0
    history: list[Message] = field(default_factory=list)

    def ask(self, question: str, *, stream: bool = False) -> Answer:
        """One turn. It stays in the history only if it was answered.

        A refused one might stay, too: the gateway knows the guard's message and reads past both.
        """
        turn = {"role": "user", "content": question}
        answer = self._post({"messages": [*self.history, turn], "stream": stream})
        if answer.status == http.client.OK and not answer.refused:
            said = {"role": "assistant", "content": answer.text}
            self.history += [turn, *answer.tool_messages, said]
        return answer

    def _post(self, body: Mapping[str, Any]) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        headers = {"content-type": "application/json"}
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        return read(response.status, dict(response.getheaders()), raw)


def read(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    names = {name.lower(): value for name, value in headers.items()}
    if status != http.client.OK:
        return Answer(status, names, _reason(raw))
    if names.get("content-type", "").startswith("text/event-stream"):
        return _streamed(names, raw.decode())
    body = json.loads(raw)
    text = body["choices"][0]["message"]["content"]
    return Answer(status, names, text, body["model"], _tool_messages(body))


def _streamed(headers: Mapping[str, str], text: str) -> Answer:
    first, *rest = _chunks(text)
    said = [chunk["choices"][0]["delta"].get("content") or "" for chunk in (first, *rest)]
    model, tool_messages = first["model"], _tool_messages(first)
    return Answer(http.client.OK, headers, "".join(said), model, tool_messages)


def _tool_messages(body: Mapping[str, Any]) -> Sequence[Message]:
    state = body.get("metadata", {}).get("x-arch-state")
    # JSON in JSON in JSON: so it has been since v0.1.
    return json.loads(json.loads(state)["messages"]) if state else ()


def _chunks(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def _reason(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return text
