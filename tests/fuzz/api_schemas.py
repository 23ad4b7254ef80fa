"""What the two HTTP services of ours take, as OpenAPI has it: for a maker of requests.

They say no schema themselves. Here stands what a caller may send, loosely: whoever makes requests of
it strays from it on purpose, too.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "maxLength": 40}
_MESSAGES = {
    "type": "array",
    "maxItems": 3,
    "items": {
        "type": "object",
        "properties": {
            "role": {"enum": ["system", "user", "assistant", "tool"]},
            "content": _TEXT,
        },
        "required": ["role", "content"],
    },
}
_PARAMETER = {
    "type": "object",
    "properties": {
        "type": {"enum": ["string", "integer", "number", "boolean", "array", "object"]},
        "description": _TEXT,
        "enum": {"type": "array", "items": {}, "maxItems": 3},
        "format": {"enum": ["date", "time", "email", "uri", "x"]},
        "pattern": {"enum": ["[a-z]+", "(a+)+", "(", "((a{99}){99}){99}"]},
        "minimum": {"type": "number"},
        "items": {"type": "object"},
        "default": {},
    },
}
_TOOLS = {
    "type": "array",
    "maxItems": 2,
    "items": {
        "type": "object",
        "properties": {
            "type": {"const": "function"},
            "function": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z]{1,8}$"},
                    "description": _TEXT,
                    "parameters": {
                        "type": "object",
                        "properties": {
                            "type": {"const": "object"},
                            "properties": {
                                "type": "object",
                                "additionalProperties": _PARAMETER,
                                "maxProperties": 3,
                            },
                        },
                        "required": ["type", "properties"],
                    },
                },
                "required": ["name", "description", "parameters"],
            },
        },
        "required": ["type", "function"],
    },
}
_DECIDE = {
    "type": "object",
    "properties": {
        "messages": _MESSAGES,
        "tools": _TOOLS,
        "guard": {"type": "boolean"},
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
        "timeout_ms": {"type": "integer"},
    },
    "required": ["messages", "tools"],
}
_GUARD = {
    "type": "object",
    "properties": {
        "texts": {"type": "array", "items": _TEXT, "maxItems": 3},
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["texts"],
}
_V01_GUARD = {
    "type": "object",
    "properties": {"input": _TEXT, "task": {"enum": ["jailbreak", "toxicity", "both"]}},
    "required": ["input"],
}
_LISTENER = {
    "type": "object",
    "properties": {"listener": {"enum": ["llm", "prompt"]}, "body": {"type": "object"}},
}
_RECORD = {"type": "object", "properties": {"record": {"type": "object"}, "messages": _MESSAGES}}


def _posts(**bodies: Any) -> dict[str, Any]:
    return {path: {"post": _operation(body)} for path, body in bodies.items()}


def _operation(body: Any = None, *parameters: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": body}}
    more = {"requestBody": {"content": content, "required": True}} if body is not None else {}
    return {"parameters": list(parameters), "responses": {"default": {"description": "any"}}} | more


def _told(where: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"in": where, "name": name, "required": where == "path", "schema": schema}


def _api(paths: dict[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "ours", "version": "1"}, "paths": paths}


_ANY = {"type": "string"}
_ID = _told("path", "id", {"type": "string", "minLength": 1})
MODEL_SERVER = _api(
    _posts(
        **{
            "/v1/decide": _DECIDE,
            "/v1/intent": _DECIDE,
            "/v1/guard": _GUARD,
            "/function_calling": _DECIDE,
            "/guard": _V01_GUARD,
        }
    )
    | {
        path: {"get": _operation()}
        for path in ("/healthz", "/readyz", "/models", "/v1/models", "/metrics")
    }
)
CONSOLE = _api(
    _posts(**{"/api/chat": _LISTENER, "/api/models": _LISTENER, "/api/golden": _RECORD})
    | {path: {"get": _operation()} for path in ("/", "/healthz", "/api/ready", "/api/listeners")}
    | {
        "/api/config": {"get": _operation()},
        "/api/calls/{id}": {"get": _operation(None, _ID)},
        "/api/decisions/{id}": {"get": _operation(None, _ID)},
        "/api/decisions": {
            "get": _operation(
                None, _told("query", "after", _ANY), _told("query", "wait", {"const": "0"})
            )
        },
        "/api/traffic": {
            "get": _operation(None, _told("query", "by", _ANY), _told("query", "minutes", _ANY))
        },
    }
)
