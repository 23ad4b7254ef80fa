"""The strict JSON reader: what it refuses, in which words, and what it keeps."""

from __future__ import annotations

import json
import time

import pytest

from extproc.chat import strict_json
from extproc.errors import InvalidJson

REFUSED = {
    b"": "empty",
    b"  \n": "empty",
    b"[1]": "must be a JSON object, not a list",
    b'"a"': "must be a JSON object, not text",
    b"null": "must be a JSON object, not null",
    b'{"a": 1': "not JSON",
    b'{"a": 1} x': "not JSON",
    b"{'a': 1}": "not JSON",
    b'{"a": 1,}': "not JSON",
    b'\xef\xbb\xbf{"a": 1}': "byte order mark",
    '{"a": 1}'.encode("utf-16"): "not UTF-8",
    '{"a": 1}'.encode("utf-16-le"): "not JSON",
    '{"a": 1}'.encode("utf-32"): "not UTF-8",
    b'{"a": "\xff"}': "not UTF-8: byte 7",
    b'{"a": "\xed\xa0\x80"}': "not UTF-8",
    b'{"a": 1, "a": 2}': 'duplicate key "a"',
    b'{"x": {"\\u0061": 1, "a": 2}}': 'duplicate key "a"',
    b'{"messages": 1, "Messages": 2}': 'two keys differ only in case: "messages"',
    '{"messages": 1, "me\u017f\u017fages": 2}'.encode(): 'two keys differ only in case: "messages"',
    '{"token": 1, "to\u212aen": 2}'.encode(): 'two keys differ only in case: "token"',
    b'{"a": NaN}': "NaN is not JSON",
    b'{"a": -Infinity}': "-Infinity is not JSON",
    b'{"a": 1e999}': "out of range",
    b'{"a": ' + b"9" * 5000 + b"}": "5000 digits",
    b'{"a": ' + b"9" * 350 + b"}": "out of range",
    b'{"a": 0.' + b"9" * 5000 + b"}": "too long",
    b'{"a": "\\ud800"}': "half a surrogate pair",
    b'{"a": [1, ["\\udc00"]]}': "half a surrogate pair",
    b'{"\\udc00": 1}': "half a surrogate pair",
    b'{"a": "x\\u0000y"}': "NUL",
    b'{"a\\u0000": 1}': "NUL",
    b"[" * 100_000: "nested deeper than 64",
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000: "nested deeper than 64",
    b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}": "nested deeper than 64",
    b'{"a": [' + b"1," * 60_000 + b"1]}": "more than 50000 values",
}


@pytest.mark.parametrize(("body", "message"), REFUSED.items(), ids=lambda v: repr(v)[:40])
def test_refuses_with_a_reason(body: bytes, message: str) -> None:
    """Whatever two readers may take for different things is refused, and says what it is."""
    with pytest.raises(InvalidJson) as caught:
        strict_json.loads(body)
    assert message in caught.value.message
    assert caught.value.status == 400
    assert len(caught.value.message) < 200


KEPT = [
    b'{"b":1,"a":[true,null,{"z":"\xc3\xa9","y":""}],"c":1.5}',
    b'{"text":"\\ud83d\\ude00 pair"}',
    b'{"n":123456789012345678901234567890}',
    b'{"a":' + b"[" * 62 + b"]" * 62 + b"}",
    b"{}",
]


@pytest.mark.parametrize("body", KEPT, ids=lambda v: repr(v)[:40])
def test_keeps_values_and_order(body: bytes) -> None:
    """What is written anew says the same in the same order."""
    written = strict_json.dumps(strict_json.loads(body))
    assert json.loads(written) == json.loads(body)
    assert list(json.loads(written)) == list(json.loads(body))


def test_hostile_body_costs_little_time() -> None:
    """A megabyte made to be slow is refused in a fraction of a second."""
    for piece in (b"[],", b"{},", b'{"":1},', b'"\\"', b'"\\",', b"[", b'"', b"\\"):
        body = b'{"a":[' + piece * (1_000_000 // len(piece)) + b"1]}"
        began = time.process_time()
        with pytest.raises(InvalidJson):
            strict_json.loads(body)
        assert time.process_time() - began < 0.5, piece


def test_long_text_full_of_marks_is_kept() -> None:
    """Brackets and commas in a text are no values."""
    body = json.dumps({"a": '[{,"\\' * 150_000}).encode()
    assert strict_json.loads(body) == json.loads(body)


def test_message_quotes_a_key_safely() -> None:
    """A client's key in a message is short and printable."""
    with pytest.raises(InvalidJson) as caught:
        strict_json.loads(b'{"%s": 1, "%s": 2}' % ((b"\\n\xc3\xa9" * 50,) * 2))
    assert caught.value.message.isascii()
    assert "\n" not in caught.value.message


def test_plain_text_is_checked_too() -> None:
    """A text/plain body must be UTF-8 without NUL."""
    assert strict_json.text_of(b"h\xc3\xa9llo") == "héllo"
    for body in (b"\xff", b"a\0b", b"\xef\xbb\xbfa"):
        with pytest.raises(InvalidJson):
            strict_json.text_of(body)
