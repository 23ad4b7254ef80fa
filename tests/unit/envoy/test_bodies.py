"""Where a form names a model, and what is no form."""

from __future__ import annotations

import time

import pytest

from tests.unit.envoy.scripts import Script

_LUA = Script("", "bodies.lua", "form_model", "surface_of")
_KIND = b'multipart/form-data; charset=utf-8; boundary="a b"'


def form(*parts: bytes) -> bytes:
    return b"".join(b"--a b\r\n" + part + b"\r\n" for part in parts) + b"--a b--\r\n"


def field(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b"Content-Disposition: form-data; name=" + name + more + b"\r\n\r\n" + value


def model(body: bytes, kind: bytes = _KIND) -> bytes | None:
    span = _LUA.call("form_model", body, kind)
    assert not isinstance(span, tuple), span
    return body[span[b"from"] - 1 : span[b"to"] - 1] if span else None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (form(field(b'"model"', b"whisper-1")), b"whisper-1"),
        (form(field(b"model", b"x"), field(b'"file"', b"\0")), b"x"),
        (form(field(b'"file"', b"--a\r\n--a bc\r\n\r\n"), field(b'"model"', b"x")), b"x"),
        (form(field(b'"model"', b"")), b""),
        (form(field(b'"file"', b"", b'; filename="model"')), None),
        (form(field(b'"models"', b"x"), field(b'"Model"', b"x")), None),
        (
            form(b"content-type: text/plain\r\nCONTENT-DISPOSITION:form-data;name=model\r\n\r\nx"),
            b"x",
        ),
        (b"--a b--\r\n", None),
    ],
)
def test_the_field_called_model(body: bytes, expected: bytes | None) -> None:
    """The field is found by its name, wherever it stands and whatever stands around it."""
    assert model(body) == expected


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no boundary at its beginning"),
        (b'{"model": "x"}', "no boundary at its beginning"),
        (b"x" + form(field(b'"model"', b"x")), "no boundary at its beginning"),
        (form(field(b'"model"', b"x"))[:-8], "a part without an end"),
        (form(b"no head", field(b'"model"', b"x")), "a part without a head"),
        (
            form(field(b'"model"', b"x"), field(b'"model"', b"y")),
            "two fields that are called model",
        ),
    ],
)
def test_no_form(body: bytes, problem: str) -> None:
    """What a provider might read in another way is refused with what is wrong."""
    found = _LUA.call("form_model", body, _KIND)
    assert found == (None, problem.encode())
    assert _LUA.call("form_model", form(), b"multipart/form-data") == (
        None,
        b"no boundary in the content-type",
    )


def test_large_forms_cost_little() -> None:
    """Ten megabytes of a file, or of nearly boundaries, hold a worker for no time to speak of."""
    began = time.process_time()
    for filler in (b"x" * 16, b"\r\n--a bx" * 2, b"\r\n\r\n" * 4):
        body = form(field(b'"file"', filler * (10 << 20 >> 4)), field(b'"model"', b"x"))
        assert model(body) == b"x"
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("path", "takes"),
    [
        (b"/v1/chat/completions", (True, False)),
        (b"/v1/images/edits", (True, True)),
        (b"/v1/files/file-1/content", (False, False)),
        (b"/v1/responses/resp_1", (False, False)),
    ],
)
def test_surfaces(path: bytes, takes: tuple[bool, bool]) -> None:
    """What is below a path is not taken for it."""
    surface = _LUA.call("surface_of", path)
    assert (surface[b"json"], surface[b"form"]) == takes
    assert _LUA.call("surface_of", b"/v1/models") is None
