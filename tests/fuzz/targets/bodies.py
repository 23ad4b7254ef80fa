"""A prompt's body: one JSON object that means the same to every reader, or a refusal."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from extproc.chat import strict_json, types
from extproc.errors import GatewayError
from extproc.pipeline import guard_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.targets import Check

_SECONDS = 2.0
"""For the 4 KiB of an input they are an eternity."""


@contextlib.contextmanager
def bodies() -> Iterator[Check]:
    yield _check


def _check(data: bytes) -> None:
    began = time.process_time()
    for content_type in ("application/json", "text/plain; charset=utf-8"):
        _read_or_refused(lambda kind=content_type: _request(data, kind))
    _read_or_refused(lambda: _object(data))
    assert time.process_time() - began < _SECONDS


def _request(data: bytes, content_type: str) -> None:
    request = types.read(data, content_type)
    texts = guard_texts.extra_texts(request, frozenset())
    assert all(isinstance(text, str) for text in texts)
    assert len(request.messages) == len(request.body["messages"])


def _object(data: bytes) -> None:
    found = strict_json.loads(data)
    assert found == json.loads(data.decode())
    written = strict_json.dumps(found)
    assert strict_json.loads(written) == found
    assert strict_json.dumps(strict_json.loads(written)) == written


def _read_or_refused(read: Callable[[], None]) -> None:
    try:
        read()
        return
    except GatewayError as error:
        refusal = error
    assert 400 <= refusal.status < 500
    assert len(refusal.message) < 400
    for text in (refusal.message, refusal.param or ""):
        assert text.isprintable()
