"""LiteLLM as a client, as its documentation has it for servers of OpenAI's kind."""

from __future__ import annotations

import json
import os
from typing import Any

import litellm
from litellm import completion, embedding, stream_chunk_builder
from play import play

server = {"api_base": os.environ["BASE_URL"], "api_key": "unused"}
litellm.suppress_debug_info = True  # it would print them where JSON is expected

tools = [
    {
        "type": "function",
        "function": {
            "name": "multiply",
            "description": "Multiply two numbers.",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                "required": ["a", "b"],
            },
        },
    }
]


def multiply(a: int, b: int) -> int:
    return a * b


def chat(model: str, prompt: str) -> str:
    messages = [{"content": prompt, "role": "user"}]
    response = completion(model=f"openai/{model}", messages=messages, **server)
    return response.choices[0].message.content


def stream(model: str, prompt: str) -> str:
    messages = [{"content": prompt, "role": "user"}]
    response = completion(model=f"openai/{model}", messages=messages, stream=True, **server)
    text = ""
    for part in response:
        text += part.choices[0].delta.content or ""
    return text


def agent(model: str, prompt: str) -> str:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    name = f"openai/{model}"
    response = completion(model=name, messages=messages, tools=tools, tool_choice="auto", **server)
    messages += _with_results(response.choices[0].message)
    second = completion(model=name, messages=messages, tools=tools, **server)
    return second.choices[0].message.content


def agent_stream(model: str, prompt: str) -> str:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    name = f"openai/{model}"
    chunks = list(completion(model=name, messages=messages, tools=tools, stream=True, **server))
    messages += _with_results(stream_chunk_builder(chunks, messages=messages).choices[0].message)
    second = completion(model=name, messages=messages, tools=tools, stream=True, **server)
    return "".join(part.choices[0].delta.content or "" for part in second)


def _with_results(message: Any) -> list[Any]:
    results = [
        {
            "tool_call_id": tool_call.id,
            "role": "tool",
            "name": tool_call.function.name,
            "content": str(multiply(**json.loads(tool_call.function.arguments))),
        }
        for tool_call in message.tool_calls
    ]
    return [message, *results]


def embed(model: str, text: str) -> list[float]:
    return embedding(model=f"openai/{model}", input=[text], **server).data[0]["embedding"]


play(chat=chat, stream=stream, agent=agent, agent_stream=agent_stream, embed=embed)
