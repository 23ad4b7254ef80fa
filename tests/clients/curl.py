"""curl, as OpenAI's API reference has it; a script around it to tell what came as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from play import play

URL = os.environ["BASE_URL"]


class HttpError(Exception):
    """What curl's user reads in the body of an error."""

    def __init__(self, status_code: int, body: str) -> None:
        error = json.loads(body)["error"]
        super().__init__(error["message"])
        self.status_code, self.code = status_code, error["code"]


def chat(model: str, prompt: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    return json.loads(_curl("chat/completions", body))["choices"][0]["message"]["content"]


def stream(model: str, prompt: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}
    *events, end, nothing = _curl("chat/completions", body).split("\n\n")
    assert (end, nothing) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)


def embed(model: str, text: str) -> list[float]:
    return json.loads(_curl("embeddings", {"model": model, "input": text}))["data"][0]["embedding"]


def _curl(path: str, body: dict[str, Any]) -> str:
    command = ["curl", "--silent", "--show-error", "--no-buffer", f"{URL}/{path}"]
    command += ["-H", "Content-Type: application/json", "-H", "Authorization: Bearer unused"]
    command += ["-d", json.dumps(body), "--write-out", "%{stderr}%{http_code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    if (status := int(done.stderr)) != 200:
        raise HttpError(status, done.stdout)
    return done.stdout


play(chat=chat, stream=stream, embed=embed)
