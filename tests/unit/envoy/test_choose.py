"""Which route a request takes, what it is said to cost, and what the refusals say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.scripts import Script

_CONSTANTS = """
local BEGINNINGS = {{"claude", "clever"}, {"gpt-", "fast"}}
local REFUSES_OTHERS = true
local KINDS = {groq = "embed"}
local ORIGINS = {"^https%:%/%/[a-z0-9.-]+%.ours%.test$"}
local NO_SUCH_MODEL = "does not exist here; known are fast"
local NAMES = {"fast", "clever", "embed"}
local MODELS = {["gpt-4o-mini"] = "fast", ["claude-3"] = "clever"}
local ROUTES = {
  fast = {model = "gpt-4o-mini", limits = {
    {slot = "0", header = "x-user", period = "60"},
    {slot = "0", header = "x-user", value = "vip", period = "3600"},
    {slot = "1", period = "1"},
  }},
  clever = {model = "claude-3", limits = {}},
  embed = {model = "embed", limits = {}},
}
local CLIENTS = {}
"""
_FOR_WEB = _CONSTANTS.replace(
    'clever = {model = "claude-3",', 'clever = {model = "claude-3", clients = {web = true},'
)
_NAMES = ("decide", "refused_body", "surface_of", "seconds_until", "scan")
_LUA = Script(_CONSTANTS + 'local DEFAULT = "fast"', "choose.lua", *_NAMES)
_NO_DEFAULT = Script(_CONSTANTS + "local DEFAULT = nil", "choose.lua", *_NAMES)
_V01 = Script(
    _CONSTANTS.replace("= true", "= false", 1) + 'local DEFAULT = "fast"', "choose.lua", *_NAMES
)
_ANY = Script(_CONSTANTS + 'local OTHERS = "embed"', "choose.lua", *_NAMES)
_TEXT = Script(_CONSTANTS + "local DEFAULT = nil\nlocal TEXT_ERRORS = true", "choose.lua", *_NAMES)


def decide(
    body: bytes | None = b"{}", script: Script = _LUA, **headers: bytes
) -> tuple[dict[str, str], str, dict[str, str]]:
    """Metadata, message and headers of the answer: the first, or the other two."""
    given = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    given[b":path"] = b"/v1/chat/completions?x=1"
    handle = {b"get": lambda _self, name: given.get(name)}
    result = script.call("decide", handle, body)
    if isinstance(result, tuple):
        return {}, bytes(result[1][b"message"]).decode(), _text(result[1][b"headers"])
    return _text(result), "", {}


def _text(table: Any) -> dict[str, str]:
    """What is said; a mark that is only true says its own name."""
    return {
        bytes(key).decode(): bytes(key if value is True else value).decode()
        for key, value in table.items()
    }


@pytest.mark.parametrize(
    ("hint", "body", "route"),
    [
        (b"clever", b'{"model":"fast"}', "clever"),
        (b"default", b'{"model":"clever"}', "fast"),
        (b"", b'{"model":"clever"}', "clever"),
        (None, b'{"model":"clever"}', "clever"),
        (None, b'{"model":"claude-3"}', "clever"),
        (None, b'{"model":"cl\\u0061ude-3"}', "clever"),
        (None, b'{"mod\\u0065l":"claude-3"}', "clever"),
        (None, b'{"model":"clever","model":"gpt-4o-mini"}', "fast"),
        (None, b'{"model":"gpt-4o-mini","model":"embed"}', "embed"),
        (None, b'{"model":"gpt-5"}', "fast"),
        (None, b'{"model":"Claude-9"}', "clever"),
        (None, b'{"model":"groq/llama/4"}', "embed"),
        (None, b'{"model":"--"}', "fast"),
        (None, b'{"model":"None"}', "fast"),
        (None, b'{"model":""}', "fast"),
        (None, b'{"model":7}', "fast"),
        (None, b'{"Model":"clever"}', "fast"),
        (None, b"{}", "fast"),
        (None, None, "fast"),
        (b"embed", None, "embed"),
    ],
)
def test_hint_then_model_then_default(hint: bytes | None, body: bytes | None, route: str) -> None:
    """The hint decides, else the body's last `model`, else the default."""
    headers = {"x_gateway_hint": hint or b""}
    if hint is None:
        headers.clear()
    assert decide(body, _LUA, **headers)[0]["route"] == route


_RESERVED = Script(_FOR_WEB + 'local DEFAULT = "clever"', "choose.lua", *_NAMES)


@pytest.mark.parametrize("body", [b'{"model":"clever"}', b'{"model":"claude-9"}', b"{}", None])
@pytest.mark.parametrize("client", [b"batch", None, b"we"])
def test_a_provider_of_others(client: bytes | None, body: bytes | None) -> None:
    """Asked for or the default: a provider of others is refused, and no other takes its place."""
    named = {"x_arch_client": client} if client else {}
    _, message, headers = decide(body, _RESERVED, **named)
    who = f'the client "{client.decode()}"' if client else "a client without a name"
    assert message == (
        f'{who} may not use "clever": its `clients` in the gateway\'s config do not name it; '
        "ask for one of: fast, embed"
    )
    assert headers[":status"] == "403"
    assert headers["x-arch-error-code"] == "provider_not_allowed"
    assert decide(body, _RESERVED, x_arch_client=b"web")[0]["route"] == "clever"


def test_an_unknown_hint_names_the_known() -> None:
    """A hint that names nothing is an error that tells what there is; odd bytes do not show."""
    _, message, headers = decide(x_gateway_hint=b'gp"t\xff\x1b')
    assert message == (
        'unknown LLM provider "gp"t??" in x-arch-llm-provider-hint; '
        "known are fast, clever, embed or default"
    )
    assert headers[":status"] == "400"
    assert headers["x-arch-error-code"] == "unknown_provider"
    assert headers["x-arch-error-type"] == "invalid_request_error"


@pytest.mark.parametrize("hint", [None, b"default"])
def test_nothing_matches_and_there_is_no_default(hint: bytes | None) -> None:
    """Without a default the answer is v0.1's, and a second line says what to send."""
    known = {"x_gateway_hint": hint} if hint else {}
    v01 = "x-arch-llm-provider header not set, llm gateway cannot perform routing\n"
    _, message, headers = decide(b"{}", _NO_DEFAULT, **known)
    assert message == (
        v01 + "send x-arch-llm-provider-hint, or a model, that is one of: fast, clever, embed"
    )
    assert headers["x-arch-error-code"] == "no_provider"
    assert decide(b"{}", _TEXT, **known)[1] == v01


@pytest.mark.parametrize("script", [_LUA, _NO_DEFAULT])
def test_an_unknown_model_is_refused(script: Script) -> None:
    """A model that is nothing here is told as OpenAI tells it, default or not."""
    _, message, headers = decide(b'{"model":"gpt4"}', script)
    assert message == 'the model "gpt4" does not exist here; known are fast'
    assert headers[":status"] == "404"
    assert headers["x-arch-error-code"] == "model_not_found"
    assert headers["x-arch-error-param"] == "model"


def test_an_unknown_model_may_go_somewhere() -> None:
    """To the default as in v0.1, or to a provider without a model of its own."""
    assert decide(b'{"model":"gpt4"}', _V01)[0]["route"] == "fast"
    assert decide(b'{"model":"gpt4"}', _ANY)[0]["route"] == "embed"
    assert decide(b'{"model":"gpt4"}', _LUA, x_gateway_hint=b"embed")[0]["route"] == "embed"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"model":"gpt-4o-mini"}', "gpt-4o-mini"),
        (b'{"model":"fast"}', "fast"),
        (b'{"model":"gpt-5"}', None),
        (b"{}", None),
    ],
)
def test_a_name_of_ours_is_told(body: bytes, named: str | None) -> None:
    """What is a name here is not for the provider; a model that it may know is."""
    assert decide(body)[0].get("named") == named


def test_a_kind_before_the_model_is_ours() -> None:
    """What is behind it is the provider's own name."""
    assert decide(b'{"model":"Groq/llama/4"}')[0]["bare"] == "llama/4"
    assert "bare" not in decide(b'{"model":"meta/llama"}', _ANY)[0]
    assert "bare" not in decide(b'{"model":"groq/x"}', x_gateway_hint=b"fast")[0]


def test_the_model_of_a_form() -> None:
    """A form's field chooses as a body's member does; what is no form is refused."""
    kind = b"multipart/form-data; boundary=b"
    body = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nclever\r\n--b--'
    found = decide(body, content_type=kind)[0]
    assert (found["route"], found["est_tokens"]) == ("clever", "1")
    _, message, headers = decide(b"{}", content_type=kind)
    assert message == "the body must be a form: found no boundary at its beginning"
    assert headers["x-arch-error-code"] == "invalid_form"


_JSON, _FORM = b"application/json; charset=utf-8", b"multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("path", "kind", "origin", "status"),
    [
        (b"/v1/chat/completions", _JSON, b"https://page", None),
        (b"/v1/chat/completions", _FORM, None, "415"),
        (b"/v1/chat/completions", None, None, "415"),
        (b"/v1/audio/translations", _FORM, None, None),
        (b"/v1/audio/translations", _FORM, b"https://page", "403"),
        (b"/v1/audio/translations", _JSON, None, "415"),
        (b"/v1/images/edits", _JSON, b"https://page", None),
        (b"/v1/images/edits", _FORM, None, None),
        (b"/v1/images/edits", b"text/plain", None, "415"),
        (b"/v1/files", _FORM, None, None),
        (b"/v1/files", _FORM, b"https://page", "403"),
        (b"/v1/files", _FORM, b"https://a.ours.test", None),
        (b"/v1/files", _FORM, b"https://ours.test", "403"),
        (b"/v1/responses/resp_1/cancel", None, None, None),
        (b"/v1/responses/resp_1/cancel", None, b"https://page", "403"),
    ],
)
def test_bodies_are_what_they_are_called(
    path: bytes, kind: bytes | None, origin: bytes | None, status: str | None
) -> None:
    """Each path takes its kinds of bodies; from web pages none that they may send unasked."""
    refused = _LUA.call("refused_body", _LUA.call("surface_of", path), kind, origin)
    assert (_text(refused[b"headers"])[":status"] if refused else None) == status


@pytest.mark.parametrize(
    ("body", "hides"),
    [
        (b'{"stream":true}', True),
        (b'{"stream":true,"stream_options":null}', True),
        (b'{"stream":true,"stream_options":{}}', True),
        (b'{"stream":true,"stream_options":{"include_usage":false}}', True),
        (b'{"stream":true,"stream_options":{"x":{"include_usage":true}}}', True),
        (b'{"stream":true,"stream_options":{ "include_usage" : true }}', False),
        (b'{"stream":true,"stream_options":{"include\\u005fusage":true}}', False),
        (b'{"stream":false}', False),
        (b"{}", False),
        (None, False),
    ],
)
def test_usage_is_for_who_asks(body: bytes | None, hides: bool) -> None:
    """A stream whose client did not ask for usage is marked, and nothing else is."""
    assert ("hides_usage" in decide(body)[0]) is hides


def test_a_broken_body_is_refused_here() -> None:
    """Broken JSON never reaches a provider: the answer says what was found and where."""
    _, message, headers = decide(b'{"model":}')
    assert message == (
        "the body must be one JSON object in UTF-8: found something that is not JSON at byte 10"
    )
    assert headers["x-arch-error-code"] == "invalid_json"


def test_metadata_of_a_limited_request() -> None:
    """Limits get the route, the tokens and each slot's period, an exact value before any."""
    found = decide(b'{"prompt":"one two three four"}', x_user=b"vip")[0]
    assert found == {
        "path": "/v1/chat/completions?x=1",
        "route": "fast",
        "model": "gpt-4o-mini",
        "limited": "fast",
        "est_tokens": "5",
        "period_0": "3600",
        "period_1": "1",
    }
    assert decide(x_user=b"somebody")[0]["period_0"] == "60"
    assert "period_0" not in decide()[0]


@pytest.mark.parametrize(
    ("body", "route"), [(None, b"fast"), (b"{}", b"clever")], ids=["no body", "no limits"]
)
def test_what_is_not_counted_is_not_limited(body: bytes | None, route: bytes) -> None:
    """Without a body, or without limits, no descriptor of a limit can match."""
    assert "limited" not in decide(body, x_gateway_hint=route)[0]


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b"{}", 1),
        (b'{"messages":[{"role":"user","content":"12345678"}]}', 2),
        (b'{"messages":[{"role":"user","content":[{"type":"text","text":"12345678"}]}]}', 2),
        (b'{"messages":[{"content":"1234"},{"content":"5678"}]}', 2),
        (b'{"messages":[{"content":"12345678"}],"messages":[{"content":"12345678"}]}', 4),
        (b'{"messages":[{"cont\\u0065nt":"\\u0031\\n3\\t5678"}]}', 2),
        ('{"messages":[{"content":"你好世界你"}]}'.encode(), 4),
        (b'{"messages":[{"content":"\\u4f60\\u597d\\u4e16\\u754c\\u4f60"}]}', 4),
        ('{"messages":[{"content":"привет!"}]}'.encode(), 4),
        ('{"messages":[{"content":"😀"}]}'.encode(), 2),
        (b'{"messages":[{"tool_calls":[{"function":{"arguments":"12345678"}}]}]}', 2),
        (b'{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,AAAA"}}]}]}', 1),
        (b'{"prompt":["12345678","1234"]}', 3),
        (b'{"input":[1,22,333,4444]}', 4),
        (b'{"input":[[1,2],[3]]}', 3),
        (b'{"user":"not the prompt, however long it may be"}', 1),
    ],
)
def test_tokens_are_estimated_from_the_texts(body: bytes, tokens: int) -> None:
    """Texts of messages and prompts count by character, other members and images do not."""
    assert decide(body)[0]["est_tokens"] == str(tokens)


@pytest.mark.parametrize(
    ("wanted", "remaining", "limit", "period", "seconds"),
    [
        (60, 40, 100, 3600, 720),
        (60, 59, 100, 1, 1),
        (10, 9, 10, 60, 6),
        (5000, 40, 100, 60, 36),
        (10, 10, 10, 60, 1),
    ],
)
def test_retry_after_is_when_the_tokens_are_there(
    wanted: int, remaining: int, limit: int, period: int, seconds: int
) -> None:
    """The wait is for the tokens that lack; for more than the bucket holds, until it is full."""
    assert _LUA.call("seconds_until", wanted, remaining, limit, period) == seconds
