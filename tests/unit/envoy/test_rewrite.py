"""What the rewrite does to a body, case by case, as a reader of the contract would ask."""

from __future__ import annotations

import time

import pytest

from tests.unit.envoy.scripts import Script

CHAT = b"/v1/chat/completions"
COMPLETIONS = b"/v1/completions"
EMBEDDINGS = b"/v1/embeddings"
RESPONSES = b"/v1/responses"
MESSAGES = b"/v1/messages"
SPEECH = b"/v1/audio/speech"
TRANSCRIPTIONS = b"/v1/audio/transcriptions"
ASK = b'"stream_options":{"include_usage":true}'

_CONSTANTS = """
local MODEL = "gpt-4o"
local ROUTE = "main"
local PATHS = {
  ["/v1"] = "/openai",
  ["/v1/chat/completions"] = "/openai/deployments/x/chat/completions",
  ["/v1/audio"] = "/openai/deployments/x/audio",
  ["/v1/messages"] = "",
}
local QUERY = "?api-version=1"
"""
_LUA = Script(
    _CONSTANTS, "rewrite.lua", "rewritten", "rewritten_form", "provider_target", "scan", "outline"
)
_NO_MODEL = Script(_CONSTANTS.replace('"gpt-4o"', "nil", 1), "rewrite.lua", "rewritten")


def rewritten(body: bytes, path: bytes = CHAT, **chosen: bytes) -> bytes:
    metadata = {key.encode(): value for key, value in chosen.items()}
    result = _LUA.call("rewritten", body, path, metadata)
    assert isinstance(result, bytes), result
    return result


def problem(body: bytes) -> str:
    found, message = _LUA.call("rewritten", body, CHAT, {})
    assert found is None
    return bytes(message).decode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", b'{"model":"gpt-4o"}'),
        (b"{ }", b'{"model":"gpt-4o" }'),
        (b'{"a":1}', b'{"model":"gpt-4o","a":1}'),
        (b'{ "model" : "x" , "a":1 }', b'{ "model":"gpt-4o" , "a":1 }'),
        (b'{"a":1,"model":null}', b'{"a":1,"model":"gpt-4o"}'),
        (b'{"model":"x","model":"y"}', b'{"model":"gpt-4o"}'),
        (b'{"mod\\u0065l":"x","a":1,"model":"y"}', b'{"model":"gpt-4o","a":1}'),
        (b'{"\\u006D\\u006f\\u0064\\u0065\\u006C":{"model":[1]}}', b'{"model":"gpt-4o"}'),
        (b'{"a":1,"Model":"x","MODEL":"y"}', b'{"a":1,"model":"gpt-4o"}'),
    ],
)
def test_model_is_written_once(body: bytes, expected: bytes) -> None:
    """However often and however spelled, one `model` reaches the provider, and it is its own."""
    assert rewritten(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"metadata":{"a":[1,{}]},"model":1}', b'{"model":"gpt-4o"}'),
        (b'{"model":1,"metadata":"x"}', b'{"model":"gpt-4o"}'),
        (b'{"metadata":1,"metadata":2}', b'{"model":"gpt-4o"}'),
        (b'{"a":1,"met\\u0061data":1,"b":2,"Metadata":3}', b'{"model":"gpt-4o","a":1,"b":2}'),
        (b'{"a":{"metadata":1}}', b'{"model":"gpt-4o","a":{"metadata":1}}'),
    ],
)
def test_metadata_goes(body: bytes, expected: bytes) -> None:
    """Top-level `metadata` never reaches a provider; the same name deeper down is not ours."""
    assert rewritten(body) == expected


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (b'[{"model":"a","content":"b"}]', b'[{"content":"b"}]'),
        (b'[{"content":"b","model":"a"}]', b'[{"content":"b"}]'),
        (b'[{"model":1,"model":2},{"m\\u006fdel":3}]', b"[{},{}]"),
        (
            b'[{"x":{"model":1}},[{"model":2}],"model"]',
            b'[{"x":{"model":1}},[{"model":2}],"model"]',
        ),
        (b'[ { "model" : 1 , "x" : 2 } , 3 ]', b'[ { "x" : 2 } , 3 ]'),
        (b'[{"a":1,"model":2,"b":3,"model":4}]', b'[{"a":1,"b":3}]'),
        (b'{"model":1}', b'{"model":1}'),
        (b"[]", b"[]"),
    ],
)
def test_messages_lose_their_model(messages: bytes, expected: bytes) -> None:
    """Each element of `messages` goes without its own `model`, and only that."""
    body = b'{"model":"gpt-4o","messages":'
    assert rewritten(body + messages + b"}") == body + expected + b"}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'"stream":true', b'"stream":true,' + ASK),
        (b'"stream" : true ', b'"stream" : true ,' + ASK),
        (b'"stream":true,"stream_options":null', b'"stream":true,' + ASK),
        (b'"stream":false,"stream":true', b'"stream":false,"stream":true,' + ASK),
        (b'"stream":true,"stream":false', b'"stream":true,"stream":false'),
        (b'"stream":true,"stream_options":{}', b'"stream":true,"stream_options":{}'),
        (b'"stream":true,"stream_\\u006fptions":{}', b'"stream":true,"stream_\\u006fptions":{}'),
        (b'"stream":"true"', b'"stream":"true"'),
        (b'"stream":false', b'"stream":false'),
    ],
)
def test_usage_is_asked_for(body: bytes, expected: bytes) -> None:
    """A stream whose options are not given reports its usage; the last `stream` counts."""
    front = b'{"model":"gpt-4o",'
    assert rewritten(front + body + b"}") == front + expected + b"}"
    assert rewritten(front + body + b"}", COMPLETIONS, model=b"gpt-4o") == front + expected + b"}"


def test_embeddings_have_no_stream() -> None:
    """Usage of a stream is not asked for where there are no streams."""
    body = b'{"model":"e","stream":true}'
    assert rewritten(body, EMBEDDINGS) == body


@pytest.mark.parametrize(
    ("given", "chosen", "expected"),
    [
        (b'"text-embedding-3-small"', {}, b'"text-embedding-3-small"'),
        (b'"main"', {}, b'"gpt-4o"'),
        (b'"m\\u0061in"', {}, b'"gpt-4o"'),
        (b'"embed"', {"route": b"embed"}, b'"gpt-4o"'),
        (b'"embed-3"', {"model": b"embed-3"}, b'"gpt-4o"'),
        (b"null", {}, b'"gpt-4o"'),
        (b"7", {}, b'"gpt-4o"'),
    ],
)
@pytest.mark.parametrize("path", [EMBEDDINGS, COMPLETIONS])
def test_an_embedding_model_stays(
    path: bytes, given: bytes, chosen: dict[str, bytes], expected: bytes
) -> None:
    """Off the chat path a client's model stays, unless all it did was to choose the provider."""
    body = b'{"input":"x","model":%b}'
    assert rewritten(body % given, path, **chosen) == body % expected


def test_a_kept_model_is_kept_once() -> None:
    """A model that stays but was given twice is written once, with its last value."""
    body = b'{"model":"a","input":"x","mod\\u0065l":"b"}'
    assert rewritten(body, EMBEDDINGS) == b'{"model":"b","input":"x"}'


def test_the_kind_of_a_provider_is_no_part_of_its_models_name() -> None:
    """`openai/gpt-5` is gpt-5 to OpenAI; a provider with a model of its own gets that."""
    body, chosen = b'{"model":"openai/gpt-5"}', {b"bare": b"gpt-5"}
    assert _NO_MODEL.call("rewritten", body, CHAT, chosen) == b'{"model":"gpt-5"}'
    assert _LUA.call("rewritten", body, CHAT, chosen) == b'{"model":"gpt-4o"}'
    assert _LUA.call("rewritten", body, EMBEDDINGS, chosen) == b'{"model":"gpt-5"}'
    form = _LUA.call(
        "rewritten_form", _form(b"openai/x"), b"multipart/form-data; boundary=b", TRANSCRIPTIONS,
        {b"bare": b"x"},
    )  # fmt: skip
    assert form == _form(b"x")


def test_a_provider_without_model_takes_the_clients() -> None:
    """Without a model of its own a provider gets the client's, even for chat, once."""

    def kept(body: bytes) -> object:
        return _NO_MODEL.call("rewritten", body, CHAT, {})

    assert kept(b'{"a":1,"model":"x"}') == b'{"a":1,"model":"x"}'
    assert kept(b'{"model":"x","a":1,"model":"y"}') == b'{"model":"y","a":1}'
    assert kept(b'{"a":1}') == b'{"a":1}'


def test_every_other_byte_stays() -> None:
    """Order, white space, spelling of numbers and strings, and repeated keys pass untouched."""
    rest = (
        b' "temperature" :\t1.50e+00, "seed":123456789012345678901234567890,\r\n'
        b'"x":"\\u00e9\\/\xc3\xa9\\ud83d\\ude00", "x" : [ 1 , {"y" : -0.0 , "y":1E400} ] '
    )
    assert rewritten(b'{"model":"a",' + rest + b"}\n") == b'{"model":"gpt-4o",' + rest + b"}\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        (b"[]", "something other than an object at byte 1"),
        (b'"x"', "something other than an object"),
        (b"\xef\xbb\xbf{}", "something other than an object"),
        ('{"a":1}'.encode("utf-16"), "something other than an object"),
        (b'{"a":1}{}', "something after the end of the object at byte 8"),
        (b'{"a":1} //', "something after the end"),
        (b'{"a":1,}', "something that is not a key in quotes at byte 8"),
        (b"{a:1}", "not a key in quotes"),
        (b"{'a':1}", "not a key in quotes"),
        (b'{"a" 1}', "a key without a colon"),
        (b'{"a":1', "a missing comma or bracket"),
        (b'{"a":', "the end of the body where a value should be"),
        (b'{"a":"x', "a string that does not end at byte 6"),
        (b'{"a":[1,]}', "something that is not JSON"),
        (b'{"a":[1 2]}', "a missing comma or bracket"),
        (b'{"a":[}]}', "something that is not JSON"),
        (b'{"a":NaN}', "something that is not JSON"),
        (b'{"a":True}', "something that is not JSON"),
        (b'{"a":01}', "a missing comma or bracket"),
        (b'{"a":1.}', "a number that is not JSON"),
        (b'{"a":-}', "a number that is not JSON"),
        (b'{"a":1e}', "a number that is not JSON"),
        (b'{"a":+1}', "something that is not JSON"),
        (b'{"a":"\n"}', "a control character in a string at byte 7"),
        (b'{"a":"\\x41"}', "an unknown escape in a string"),
        (b'{"a":"\\u12g4"}', "\\u without four hexadecimal digits"),
        (b'{"a":"\\ud83d"}', "half of a surrogate pair"),
        (b'{"a":"\\ude00\\ud83d"}', "half of a surrogate pair"),
        (b'{"a":"\xff"}', "bytes that are not UTF-8 at byte 7"),
        (b'{"a":"\xc0\xaf"}', "bytes that are not UTF-8"),
        (b'{"a":"\xe0\x80\xaf"}', "bytes that are not UTF-8"),
        (b'{"a":"\xf0\x80\x80\xaf"}', "bytes that are not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "bytes that are not UTF-8"),
        (b'{"a":"\xf4\x90\x80\x80"}', "bytes that are not UTF-8"),
        (b'{"a":"\xe4\xb8"}', "bytes that are not UTF-8"),
        (b'{"a":1,\x00"b":2}', "not a key in quotes"),
        (b'{"a":1,\xc2\xa0"b":2}', "not a key in quotes"),
        (b'{"model\\u0000":1}', "\\u0000 in a key"),
        (b'{"messages":[{"model\\u0000":1}]}', "\\u0000 in a key"),
        (b'{"messages":[{},]}', "something that is not JSON"),
        (b'{"messages":[{} {}]}', "a missing comma or bracket"),
    ],
)
def test_what_is_not_json_is_refused(body: bytes, said: str) -> None:
    """What two parsers could read in two ways is refused, with what was found and where."""
    assert said in problem(body)


@pytest.mark.parametrize("pair", [b"[]", b'{"a":%b}'], ids=["arrays", "objects"])
def test_depth_ends_at_64(pair: bytes) -> None:
    """64 containers inside each other pass, the body's own object included; 65 do not."""

    def nested(levels: int) -> bytes:
        if pair == b"[]":
            return b"[" * levels + b"]" * levels
        return b'{"a":' * levels + b"1" + b"}" * levels

    body = b'{"model":"gpt-4o","a":%b}'
    assert rewritten(body % nested(63)) == body % nested(63)
    assert "nesting deeper than 64 levels" in problem(body % nested(64))
    message = b'{"model":"gpt-4o","messages":[{"a":%b}]}'
    assert rewritten(message % nested(61)) == message % nested(61)
    assert "nesting deeper than 64 levels" in problem(message % nested(62))


_MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * _MEGABYTE, id="open brackets"),
        pytest.param(b'{"a":' * (_MEGABYTE // 5), id="open objects"),
        pytest.param(b'{"a":[' + b"[]," * (_MEGABYTE // 3) + b"1]}", id="empty arrays"),
        pytest.param(b'{"a":"' + b"\\" * _MEGABYTE + b'"}', id="backslashes"),
        pytest.param(b'{"a":"' + b'\\"' * (_MEGABYTE // 2) + b'"}', id="quotes"),
        pytest.param(b'{"a":"' + b"x" * _MEGABYTE, id="no end"),
        pytest.param(b'{"a":' + b"1" * _MEGABYTE + b"}", id="digits"),
        pytest.param(b"{" + b" " * _MEGABYTE + b"}", id="spaces"),
        pytest.param(b'{"a":' + b"-" * _MEGABYTE, id="signs"),
        pytest.param(
            b'{"messages":[' + b'{"model":1},' * (_MEGABYTE // 12) + b"1]}", id="messages"
        ),
        pytest.param(b"{" + b'"model":1,' * (_MEGABYTE // 10) + b'"a":1}', id="models"),
        pytest.param(b'{"' + b"\\u006d" * (_MEGABYTE // 6) + b'":1}', id="long key"),
    ],
)
def test_hostile_megabytes_cost_little(body: bytes) -> None:
    """No body of a megabyte holds a worker for seconds, whatever it is made of."""
    start = time.process_time()
    _LUA.call("rewritten", body, CHAT, {})
    assert time.process_time() - start < 3


def test_members_end_at_32768() -> None:
    """Of an object or of messages; the values in them may hold as many as they like."""
    many = b",".join([b'{"content":"x","role":"user"}'] * 16_383)
    assert rewritten(b'{"model":"gpt-4o","messages":[%b]}' % many).endswith(many + b"]}")
    assert "more than 32768 members" in problem(b'{"a":1,"model":1,"messages":[%b]}' % many)
    assert "more than 32768 members" in problem(b"{" + b'"a":1,' * 40_000 + b'"b":1}')
    inner = b"[" + b'{"a":1},' * 40_000 + b"1]"
    assert rewritten(b'{"model":"gpt-4o","a":%b}' % inner)


def test_models_and_messages_by_the_thousand() -> None:
    """Many edits are made as exactly as few."""
    body = b'{"model":1,' + b'"model":2,' * 999 + b'"messages":['
    body += b",".join([b'{"model":"x","content":"hi"}'] * 5000) + b"]}"
    expected = b'{"model":"gpt-4o","messages":[' + b",".join([b'{"content":"hi"}'] * 5000) + b"]}"
    assert rewritten(body) == expected


@pytest.mark.parametrize("path", [RESPONSES, MESSAGES])
def test_other_conversations_are_the_clients_but_for_the_model(path: bytes) -> None:
    """Of Responses and Messages the model is the provider's; metadata and items stay."""
    rest = b',"metadata":{"user_id":"u"},"stream":true,"messages":[{"model":"a"}]}'
    assert rewritten(b'{"model":"x"' + rest, path) == b'{"model":"gpt-4o"' + rest
    assert rewritten(b'{"a":1}', path) == b'{"model":"gpt-4o","a":1}'


@pytest.mark.parametrize(
    ("body", "chosen", "expected"),
    [
        (b'{"model":"tts-1"}', {}, b'{"model":"tts-1"}'),
        (b'{"input":"x"}', {}, b'{"input":"x"}'),
        (b'{"model":"voice"}', {"named": b"voice"}, b'{"model":"gpt-4o"}'),
        (b'{"model":"main"}', {}, b'{"model":"gpt-4o"}'),
    ],
)
def test_voices_images_and_verdicts_keep_their_model(
    body: bytes, chosen: dict[str, bytes], expected: bytes
) -> None:
    """Where models of many kinds are asked, only a name that chose the provider is replaced."""
    assert rewritten(body, SPEECH, **chosen) == expected


def _form(model: bytes) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\x00\r\n--\r\n--b'
        b'\r\nContent-Disposition: form-data; name="model"\r\n\r\n' + model + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    ("model", "expected"), [(b"whisper-1", b"whisper-1"), (b"ears", b"gpt-4o"), (b"", b"")]
)
def test_the_model_of_a_form(model: bytes, expected: bytes) -> None:
    """A form's model is replaced if it only chose the provider; all other bytes stay."""
    kind = b"multipart/form-data; boundary=b"
    chosen = {b"named": b"ears"}
    changed = _LUA.call("rewritten_form", _form(model), kind, TRANSCRIPTIONS, chosen)
    changed = changed if isinstance(changed, bytes) else changed[0]
    assert changed == _form(expected)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/v1/chat/completions", b"/openai/deployments/x/chat/completions?api-version=1"),
        (b"/v1/chat/completions?", b"/openai/deployments/x/chat/completions?api-version=1"),
        (b"/v1/chat/completions?a=b&c=?", b"/openai/deployments/x/chat/completions?api-version=1"),
        (b"/v1/audio/speech", b"/openai/deployments/x/audio/speech?api-version=1"),
        (b"/v1/files/file-1/content?a=b", b"/openai/files/file-1/content?api-version=1"),
        (b"/v1/messages", None),
        (b"/v1/messages/count_tokens", None),
    ],
)
def test_the_path_is_the_providers(target: bytes, expected: bytes | None) -> None:
    """The path and the query are the provider's own; a client's query ends with us."""
    assert _LUA.call("provider_target", target)[1] == expected


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        (b'{"a":1,"model":"x"}', CHAT, b'{"a":1,"model":"gpt-4o"}'),
        (b' { "model" : "x" } ', RESPONSES, b' { "model":"gpt-4o" } '),
        (
            b'{"model":"x","stream":true}',
            CHAT,
            b'{"model":"gpt-4o","stream":true,' + ASK + b"}",
        ),
        (b'{"model":"x","stream":true}', MESSAGES, b'{"model":"gpt-4o","stream":true}'),
        (b'{"model":"x","metadata":1}', RESPONSES, b'{"model":"gpt-4o","metadata":1}'),
        (b'{"model":"x","input":"a"}', EMBEDDINGS, b'{"model":"x","input":"a"}'),
    ],
)
def test_what_was_seen_is_not_looked_for_again(body: bytes, path: bytes, expected: bytes) -> None:
    """The outline that the first script leaves of a body does for the second."""
    outline = _LUA.call("outline", body, _LUA.call("scan", body), path)
    assert rewritten(body, path) == expected
    assert rewritten(body, path, outline=outline) == expected
    other = b'{"b":2}'
    assert rewritten(other, path, outline=outline) == rewritten(other, path)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1}',
        b'{"model":"x","Model":"y"}',
        b'{"mod\\u0065l":"x"}',
        b'{"model":"x","metadata":{}}',
        b'{"model":"x","messages":[{"model":"y"}]}',
        b'{"model":"x","stream":true,"stream_options":null}',
    ],
)
def test_other_bodies_have_no_outline(body: bytes) -> None:
    """Where more than the model may have to change, the body is scanned again."""
    assert _LUA.call("outline", body, _LUA.call("scan", body), CHAT) is None
