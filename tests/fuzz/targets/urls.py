"""`{param}`: whatever a conversation says, a call stays at its host and in its segment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import orjson

from extproc.errors import InvalidArguments
from extproc.pipeline import url
from tests.playbook import parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Check

_TEMPLATES = (
    "/v1/cities/{a}/days/{b}?fixed=1&unit={c}",
    "/{a}",
    "/x/{a}.json",
    "/x/{a}-{b}/{c}",
    "/x?{a}={b}",
)
_NAMES = "abc"


@contextlib.contextmanager
def urls() -> Iterator[Check]:
    yield _check


def _check(data: bytes) -> None:
    """The first byte chooses the template; the rest are values, parted by a byte that no text has."""
    template = _TEMPLATES[data[0] % len(_TEMPLATES)] if data else _TEMPLATES[0]
    values = [_value(piece) for piece in data[1:].split(b"\xff")]
    arguments = dict(zip(_NAMES, values, strict=False))
    with contextlib.suppress(InvalidArguments):
        _holds(template, url.path(template, arguments, "t"))
    parameters = tuple(parameter(name) for name in _NAMES)
    asked = url.with_query("/p", parameters, arguments, frozenset())
    parts = urlsplit("http://internal" + asked)
    assert (parts.netloc, parts.path, parts.fragment) == ("internal", "/p", "")
    assert asked.isascii()
    assert asked.isprintable()
    assert " " not in asked


def _value(piece: bytes) -> Any:
    """JSON where it is some, else the text."""
    try:
        return orjson.loads(piece)
    except orjson.JSONDecodeError:
        return piece.decode("utf-8", "replace")


def _holds(template: str, path: str) -> None:
    parts, wanted = urlsplit("http://internal" + path), urlsplit("http://internal" + template)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("http", "internal", "")
    assert path.isascii()
    assert path.isprintable()
    assert not set(' "<>\\{}') & set(path)
    for sign in "?&=":
        assert path.count(sign) == template.count(sign)
    # Nor for a server that decodes before it takes the path apart, or does so twice.
    for decoded in (unquote(parts.path), unquote(unquote(parts.path))):
        assert decoded.count("/") == wanted.path.count("/")
        assert not {".", "..", ""} & set(decoded.split("/")[1:])
