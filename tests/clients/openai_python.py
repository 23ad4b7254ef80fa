"""openai-python, as its README and OpenAI's guides have it: chat, streams, functions, vectors."""

from __future__ import annotations

import json
import os
from typing import Any

from openai import OpenAI
from play import play

client = OpenAI(base_url=os.environ["BASE_URL"], api_key="unused")

tools: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "multiply",
            "description": "Multiply two numbers.",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    }
]


def multiply(a: int, b: int) -> int:
    return a * b


def chat(model: str, prompt: str) -> str | None:
    completion = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
    )
    return completion.choices[0].message.content


def stream(model: str, prompt: str) -> str:
    chunks = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
    )
    text = ""
    for chunk in chunks:
        text += chunk.choices[0].delta.content or ""
    return text


def helper(model: str, prompt: str) -> str | None:
    """`.stream()`: events, and the message that they come to."""
    text = ""
    with client.chat.completions.stream(
        model=model,
        messages=[{"role": "user", "content": prompt}],
    ) as events:
        for event in events:
            if event.type == "content.delta":
                text += event.delta
        final = events.get_final_completion().choices[0].message.content
    assert text == final
    return final


def agent(model: str, prompt: str) -> str | None:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    completion = client.chat.completions.create(model=model, messages=messages, tools=tools)
    message = completion.choices[0].message
    messages.append(message)
    for tool_call in message.tool_calls or []:
        result = multiply(**json.loads(tool_call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": tool_call.id, "content": str(result)})
    completion = client.chat.completions.create(model=model, messages=messages, tools=tools)
    return completion.choices[0].message.content


def agent_stream(model: str, prompt: str) -> str | None:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    with client.chat.completions.stream(model=model, messages=messages, tools=tools) as events:
        message = events.get_final_completion().choices[0].message
    messages.append(message)
    for tool_call in message.tool_calls or []:
        result = multiply(**json.loads(tool_call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": tool_call.id, "content": str(result)})
    with client.chat.completions.stream(model=model, messages=messages, tools=tools) as events:
        return events.get_final_completion().choices[0].message.content


def embed(model: str, text: str) -> list[float]:
    return client.embeddings.create(model=model, input=text).data[0].embedding


play(chat=chat, stream=stream, helper=helper, agent=agent, agent_stream=agent_stream, embed=embed)
