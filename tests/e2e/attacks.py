"""Hostile requests as bytes, and what each must come to.

HTTP/1: the status of the one answer, after which the connection is closed. HTTP/2: a status, the RESET
of the stream, or CUT: the whole connection. What Envoy takes all the same is in `TAKEN`, with what
must have become of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import hpack

RESET, CUT = -1, -2
CHAT = b"/v1/chat/completions"
BODY = b'{"messages":[{"role":"user","content":"hi"}]}'
SMUGGLED = b"POST " + CHAT + b" HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
SMUGGLED += b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)


@dataclass(frozen=True)
class Attack:
    name: str
    sent: bytes
    outcome: int


def _line(line: bytes) -> bytes:
    """A request with this first line, and all else as it should be."""
    head = (line, b"host: a", b"content-type: application/json", b"content-length: %d" % len(BODY))
    return b"\r\n".join(head) + b"\r\n\r\n" + BODY


def _path(path: bytes) -> bytes:
    return _line(b"POST " + path + b" HTTP/1.1")


def _with(*headers: bytes) -> bytes:
    """With these headers beside the usual ones."""
    head = (b"POST " + CHAT + b" HTTP/1.1", b"host: a", *headers)
    more = (b"content-type: application/json", b"content-length: %d" % len(BODY))
    return b"\r\n".join((*head, *more)) + b"\r\n\r\n" + BODY


def _framed(*headers: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    """Without a length but what is said here, and a request behind it for who reads on."""
    head = (b"POST " + CHAT + b" HTTP/1.1", b"host: a", b"content-type: application/json")
    return b"\r\n".join((*head, *headers)) + b"\r\n\r\n" + body + SMUGGLED


def _chunks(*pieces: bytes) -> bytes:
    return _framed(b"transfer-encoding: chunked", body=b"".join(pieces))


_LENGTH = b"content-length: %d" % len(BODY)
HTTP1 = [
    # First lines.
    Attack("no version", _line(b"POST " + CHAT), 426),
    Attack("version 0.9", _line(b"POST " + CHAT + b" HTTP/0.9"), 426),
    Attack("version 1.0", _line(b"POST " + CHAT + b" HTTP/1.0"), 426),
    Attack("version 1.9", _line(b"POST " + CHAT + b" HTTP/1.9"), 426),
    Attack("version 2.0", _line(b"POST " + CHAT + b" HTTP/2.0"), 426),
    Attack("version of another protocol", _line(b"POST " + CHAT + b" RTSP/1.0"), 400),
    Attack("method of another kind", _line(b"PO;ST " + CHAT + b" HTTP/1.1"), 400),
    Attack("method in lower case", _line(b"post " + CHAT + b" HTTP/1.1"), 400),
    Attack("method TRACE", _line(b"TRACE " + CHAT + b" HTTP/1.1"), 404),
    Attack("method CONNECT", b"CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n", 403),
    Attack("path with a blank", _path(CHAT + b" /x"), 400),
    Attack("path with a NUL", _path(CHAT + b"\0"), 400),
    Attack("path with a byte above ASCII", _path(CHAT + b"\xff"), 400),
    Attack("path with an escaped slash", _path(b"/v1/chat%2fcompletions"), 400),
    Attack("path with an escaped NUL", _path(CHAT + b"%00"), 400),
    Attack("path with an escaped backslash", _path(b"/v1/chat%5ccompletions"), 400),
    Attack("path with a fragment", _path(CHAT + b"#x"), 400),
    Attack("path that leaves", _path(b"/../../v1/../../etc/passwd"), 404),
    Attack("path without a slash", _path(b"v1/chat/completions"), 400),
    Attack("path of a megabyte's beginning", _path(b"/" + b"a" * 40_000), 431),
    Attack(
        "path of the server", b"OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 404
    ),
    # Headers.
    Attack("no host", b"POST " + CHAT + b" HTTP/1.1\r\n" + _LENGTH + b"\r\n\r\n" + BODY, 400),
    Attack("host with a blank", _with().replace(b"host: a", b"host: a b"), 400),
    Attack("header without a colon", _with(b"x-a"), 400),
    Attack("header without a name", _with(b": a"), 400),
    Attack("header with a blank before its colon", _with(b"x-a : a"), 400),
    Attack("header behind a blank", _line(b"POST " + CHAT + b" HTTP/1.1\r\n x-a: a"), 400),
    Attack("header with a NUL", _with(b"x-a: a\0b"), 400),
    Attack("header with a NUL in its name", _with(b"x-\0a: a"), 400),
    Attack("header with letters above ASCII in its name", _with(b"x-\xc3\xa9: a"), 400),
    Attack("header with an underscore", _with(b"x_arch_client: a"), 400),
    Attack("header of 40 kB", _with(b"x-a: " + b"a" * 40_000), 431),
    Attack("a hundred headers", _with(*(b"x-%d: a" % n for n in range(100))), 431),
    Attack("upgrade", _with(b"connection: upgrade", b"upgrade: websocket"), 403),
    Attack("compressed body", _with(b"content-encoding: gzip"), 415),
    # Where a body ends.
    Attack("length and chunks", _framed(b"content-length: 5", b"transfer-encoding: chunked"), 400),
    Attack("two lengths", _framed(b"content-length: 5", b"content-length: 0"), 400),
    Attack("two lengths in one", _framed(b"content-length: 5, 0"), 400),
    Attack("negative length", _framed(b"content-length: -5"), 400),
    Attack("length with a sign", _framed(b"content-length: +5"), 400),
    Attack("length in hex", _framed(b"content-length: 0x5"), 400),
    Attack("length with a blank", _framed(b"content-length: 5 0"), 400),
    Attack("length past 64 bits", _framed(b"content-length: 18446744073709551621"), 400),
    Attack("unknown coding", _framed(b"transfer-encoding: xchunked"), 501),
    Attack("coding identity", _framed(b"transfer-encoding: identity"), 501),
    Attack("chunked and identity", _framed(b"transfer-encoding: chunked, identity"), 501),
    Attack("chunked twice", _framed(b"transfer-encoding: chunked, chunked"), 501),
    Attack(
        "coding in two lines",
        _framed(b"transfer-encoding: chunked", b"transfer-encoding: identity"),
        501,
    ),
    Attack("coding with a vertical tab", _framed(b"transfer-encoding: \x0bchunked"), 400),
    Attack("coding behind a blank", _framed(b"transfer-encoding : chunked"), 400),
    Attack("chunk without a size", _chunks(b"x\r\nhello\r\n0\r\n\r\n"), 400),
    Attack("chunk of a negative size", _chunks(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    Attack("chunk past 64 bits", _chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    Attack("chunk with more than its size", _chunks(b"2\r\nhello\r\n0\r\n\r\n"), 400),
    Attack("chunk size with 0x", _chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    # No HTTP at all.
    Attack("TLS", bytes.fromhex("16030100c2010000be0303") + bytes(190), 400),
    Attack("proxy protocol", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + _with(), 400),
    Attack("mail", b"EHLO a\r\nMAIL FROM:<a@b>\r\n\r\n", 400),
    Attack("noise", bytes(range(256)) * 16, 400),
]

_CLOSE = b"connection: close"
TAKEN = [
    ("two blanks", _with(_CLOSE).replace(b" ", b"  ", 2)),
    ("tabs in the first line", _with(_CLOSE).replace(b" ", b"\t", 2)),
    ("two hosts", _with(_CLOSE, b"host: evil.test")),
    ("host of another", _with(_CLOSE).replace(b"host: a", b"host: evil.test")),
    ("whole URL", _with(_CLOSE).replace(CHAT, b"http://evil.test" + CHAT)),
    ("bare CR", _with(_CLOSE, b"user-agent: a\rx-evil: evil.test\rauthorization: evil")),
    ("bare LF", _with(_CLOSE, b"user-agent: a\nx-evil: evil.test\nauthorization: evil")),
    ("folded", _with(_CLOSE, b"user-agent: a\r\n x-evil: evil.test\r\n authorization: evil")),
    (
        "h2c",
        _with(
            b"connection: close, upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AA"
        ),
    ),
    ("trusted names", _with(_CLOSE, b"x-arch-client: evil", b"x-envoy-original-path: /evil")),
    (
        "forwarded",
        _with(_CLOSE, b"forwarded: for=evil", b"x-forwarded-for: 10.0.0.1", b"x-real-ip: evil"),
    ),
    (
        "credentials",
        _with(_CLOSE, b"authorization: Bearer evil", b"cookie: evil", b"x-api-key: evil"),
    ),
    ("hop by hop", _with(b"connection: close, authorization, content-length")),
    ("path in disguise", _with(_CLOSE).replace(CHAT, b"/v1//x/../%63hat/./completions?evil=1")),
]
"""Each is one request to whom the config says, with the path, host and key that it says."""


# HTTP/2 -------------------------------------------------------------------------------------------

_HEADERS = [
    (b":method", b"POST"),
    (b":path", CHAT),
    (b":scheme", b"http"),
    (b":authority", b"a"),
    (b"content-type", b"application/json"),
]
_DATA, _HEAD, _PRIORITY, _SETTINGS, _PUSH, _PING, _WINDOW, _MORE = 0, 1, 2, 4, 5, 6, 8, 9
_END_STREAM, _END_HEADERS = 1, 4


def _frame(kind: int, stream: int, body: bytes, flags: int = 0) -> bytes:
    head = len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + body


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b"")


def _packed(headers: list[tuple[bytes, bytes]]) -> bytes:
    return hpack.Encoder().encode(headers)


def _head(block: bytes, stream: int = 1, flags: int = _END_HEADERS) -> bytes:
    return _frame(_HEAD, stream, block, flags)


def _request(headers: list[tuple[bytes, bytes]]) -> bytes:
    return _head(_packed(headers)) + _frame(_DATA, 1, BODY, _END_STREAM)


def _but(name: bytes, *values: bytes) -> bytes:
    """With these values of a header in the place of its own."""
    at = next(n for n, (each, _) in enumerate(_HEADERS) if each == name)
    return _request([*_HEADERS[:at], *((name, each) for each in values), *_HEADERS[at + 1 :]])


def _and(name: bytes, value: bytes) -> bytes:
    return _request([*_HEADERS, (name, value)])


_LENGTHS = [(b"content-length", _LENGTH.partition(b" ")[2]), (b"content-length", b"0")]
_CRUMBS = [(b"cookie", b"a=b")] * 3000
_USUAL = _packed(_HEADERS)
_LONG = _frame(_MORE, 1, _packed([(b"x-a", b"a" * 1000)]))

HTTP2 = [
    Attack("name in upper case", _and(b"X-A", b"a"), CUT),
    Attack("transfer-encoding", _and(b"transfer-encoding", b"chunked"), CUT),
    Attack("connection", _and(b"connection", b"close"), CUT),
    Attack("te of another kind", _and(b"te", b"gzip"), CUT),
    Attack("line break in a value", _and(b"x-a", b"a\r\nx-arch-client: b"), CUT),
    Attack("NUL in a value", _and(b"x-a", b"a\0b"), CUT),
    Attack("blank in a name", _and(b"x a", b"a"), CUT),
    Attack("underscore in a name", _and(b"x_arch_client", b"a"), RESET),
    Attack("no path", _but(b":path"), CUT),
    Attack("empty path", _but(b":path", b""), CUT),
    Attack("two paths", _but(b":path", CHAT, b"/healthz"), CUT),
    Attack("two methods", _but(b":method", b"POST", b"GET"), CUT),
    Attack("path with a line break", _but(b":path", CHAT + b" HTTP/1.1\r\nx: y"), CUT),
    Attack("unknown pseudo-header", _and(b":evil", b"a"), CUT),
    Attack("pseudo-header behind others", _and(b":path", b"/"), CUT),
    Attack("length that is not the body's", _and(b"content-length", b"5"), RESET),
    Attack("two lengths", _request([*_HEADERS, *_LENGTHS]), CUT),
    Attack("three thousand crumbs", _request([*_HEADERS, *_CRUMBS]), RESET),
    Attack("compressed body", _and(b"content-encoding", b"gzip"), 415),
    Attack("escaped slash", _but(b":path", b"/v1/chat%2fcompletions"), 400),
    Attack("headers without an end", _head(_USUAL, flags=0) + _LONG * 200, RESET),
    Attack("headers of stream 0", _head(_USUAL, 0), CUT),
    Attack("headers that are none", _head(b"\xff" * 40), CUT),
    Attack("data before headers", _frame(_DATA, 7, BODY, _END_STREAM), CUT),
    Attack("stream of the server's", _head(_USUAL, 2), CUT),
    Attack("push to the server", _frame(_PUSH, 1, b"\0\0\0\2" + _USUAL, _END_HEADERS), CUT),
    Attack("window past 31 bits", _frame(_WINDOW, 0, b"\x7f\xff\xff\xff") * 2, CUT),
    Attack("frame past the largest", _frame(_DATA, 1, bytes(1 << 20)), CUT),
    Attack("ten thousand settings", _frame(_SETTINGS, 0, b"\0\1\0\0\x10\0") * 10_000, CUT),
    Attack("ten thousand pings", _frame(_PING, 0, b"8 bytes!") * 10_000, CUT),
    Attack("ten thousand priorities", _frame(_PRIORITY, 1, b"\0\0\0\3\x10") * 10_000, CUT),
]
