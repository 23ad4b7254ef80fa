"""The conversation as it is to be read: refused turns left out, our own words known as such.

A turn that a guard refused stays in many a client's history. It was judged, and answered; left
in, it would have the rest refused for ever. So what the user said and our refusal are left out of
all that guard, models, applications and LLM are given. A client might write our refusal below an
attack of its own to keep the guard from it; but then nobody else is given the attack either.

What the gateway said itself is shown to the models as a short question, and is the source of no
value: its examples, choices and bounds are the config's words, not the user's.

A client that keeps none of our answers may send their `x-arch-state` back instead. The question in
it is read like any other; it says no more than a transcript could.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extproc.chat import answers
from extproc.chat.types import Message
from extproc.pipeline import guard_texts
from extproc.questions import Asked, Proposed, Refused

if TYPE_CHECKING:
    from extproc.chat.types import ChatRequest
    from extproc.exchange import Exchange
    from extproc.questions import Questions, Sentence


async def read(exchange: Exchange) -> None:
    """Leaves the messages that count in the request, and finds our own sentences in them."""
    questions = exchange.runtime.questions
    kept = _with_asked(_without_refused(exchange.request, questions), exchange)
    exchange.request = replace(exchange.request, messages=kept)
    for place, message in enumerate(kept):
        sentence = _sentence(message, questions)
        if sentence is not None:
            exchange.sentences[place] = sentence


def shown(exchange: Exchange, place: int) -> str:
    """A message's text as the models are shown it."""
    sentence = exchange.sentences.get(place)
    if isinstance(sentence, Asked | Proposed):
        return sentence.neutral
    return exchange.request.messages[place].text


def is_ours(exchange: Exchange, place: int) -> bool:
    """Whether the gateway's own words stand there: a sentence of ours, or the config's prompt."""
    message = exchange.request.messages[place]
    return place in exchange.sentences or guard_texts.is_config_prompt(
        message, exchange.runtime.config_prompts
    )


def answered(exchange: Exchange) -> Sentence | None:
    """Our own sentence that the last message is a reply to, if there is one."""
    last = len(exchange.request.messages) - 1
    return exchange.sentences.get(last - 1) if exchange.request.last_user == last else None


def _sentence(message: Message, questions: Questions) -> Sentence | None:
    return questions.known(message.text) if message.role == "assistant" else None


def _with_asked(messages: tuple[Message, ...], exchange: Exchange) -> tuple[Message, ...]:
    """With our last question, if the client sends the state instead of it."""
    if not messages or messages[-1].role != "user":
        return messages
    last = messages[-1]
    if len(messages) > 1 and messages[-2].role == "assistant":
        return messages
    asked = answers.asked_in(exchange.request.body.get("metadata"))
    if not isinstance(exchange.runtime.questions.known(asked), Asked | Proposed):
        return messages
    raw = {"role": "assistant", "content": asked}
    return (*messages[:-1], Message("assistant", asked, unread=(), raw=raw), last)


def _without_refused(request: ChatRequest, questions: Questions) -> tuple[Message, ...]:
    """The messages without those of the user that our refusal answered, and without that.

    What was refused last stays: without it, an older message would be taken for the one to answer.
    """
    kept: list[Message] = []
    for place, message in enumerate(request.messages):
        goes_on = place < (request.last_user or 0)
        refused = goes_on and isinstance(_sentence(message, questions), Refused)
        if refused and kept and kept[-1].role == "user":
            while kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(message)
    return tuple(kept)
