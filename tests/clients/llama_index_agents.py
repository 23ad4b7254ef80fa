"""LlamaIndex, as its documentation has it: `OpenAI`, a function agent, vectors."""

from __future__ import annotations

import asyncio
import os

from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI
from play import play

server = {"api_base": os.environ["BASE_URL"], "api_key": "unused"}


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def chat(model: str, prompt: str) -> str | None:
    messages = [ChatMessage(role="user", content=prompt)]
    return OpenAI(model=model, **server).chat(messages).message.content


def stream(model: str, prompt: str) -> str:
    messages = [ChatMessage(role="user", content=prompt)]
    text = ""
    for r in OpenAI(model=model, **server).stream_chat(messages):
        text += r.delta or ""
    return text


def agent(model: str, prompt: str) -> str:
    async def main() -> str:
        helpful = FunctionAgent(
            tools=[multiply], llm=OpenAI(model=model, **server), streaming=False
        )
        return str(await helpful.run(prompt))

    return asyncio.run(main())


def agent_stream(model: str, prompt: str) -> str:
    async def main() -> str:
        helpful = FunctionAgent(tools=[multiply], llm=OpenAI(model=model, **server))
        handler = helpful.run(user_msg=prompt)
        text = ""
        async for event in handler.stream_events():
            if isinstance(event, AgentStream):
                text += event.delta
        await handler
        return text

    return asyncio.run(main())


def embed(model: str, text: str) -> list[float]:
    return OpenAIEmbedding(model_name=model, **server).get_text_embedding(text)


play(chat=chat, stream=stream, agent=agent, agent_stream=agent_stream, embed=embed)
