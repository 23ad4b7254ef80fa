"""LangChain, as its documentation has it: `ChatOpenAI`, an agent with a tool, vectors."""

from __future__ import annotations

import os

from langchain.agents import create_agent
from langchain.messages import AIMessageChunk
from langchain.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from play import play

server = {"base_url": os.environ["BASE_URL"], "api_key": "unused"}


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def chat(model: str, prompt: str) -> str:
    return ChatOpenAI(model=model, **server).invoke(prompt).text


def stream(model: str, prompt: str) -> str:
    text = ""
    for chunk in ChatOpenAI(model=model, **server).stream(prompt):
        text += chunk.text
    return text


def agent(model: str, prompt: str) -> str:
    helpful = create_agent(model=ChatOpenAI(model=model, **server), tools=[multiply])
    state = helpful.invoke({"messages": [{"role": "user", "content": prompt}]})
    return state["messages"][-1].text


def agent_stream(model: str, prompt: str) -> str:
    helpful = create_agent(model=ChatOpenAI(model=model, **server), tools=[multiply])
    text = ""
    for token, _metadata in helpful.stream(
        {"messages": [{"role": "user", "content": prompt}]},
        stream_mode="messages",
    ):
        if isinstance(token, AIMessageChunk):
            text += token.text
    return text


def embed(model: str, text: str) -> list[float]:
    # As for any server but OpenAI's own: it takes texts, not numbers of their tokens.
    return OpenAIEmbeddings(model=model, check_embedding_ctx_length=False, **server).embed_query(
        text
    )


play(chat=chat, stream=stream, agent=agent, agent_stream=agent_stream, embed=embed)
