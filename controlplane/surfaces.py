"""The API for LLM calls that the LLM listener has: its paths, their bodies, what counts as a model.

`emit` makes routes and the tables of Envoy's scripts of it, `providers` each provider's own paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from extproc.contract import CHAT_PATH

COMPLETIONS_PATH = "/v1/completions"
EMBEDDINGS_PATH = "/v1/embeddings"
MESSAGES_PATH = "/v1/messages"
MODELS_PATH = "/v1/models"
"""Answered by the gateway itself; no surface of a provider's."""

Body = Literal["json", "form"]
Method = Literal["GET", "POST", "DELETE"]
Model = Literal["provider's", "written", "client's"]


@dataclass(frozen=True, slots=True)
class Surface:
    path: str
    """With a slash at its end: what is below it, an id with or without a word."""
    operation: str
    """What is done there, as OpenTelemetry calls it where it has a word for it."""
    methods: tuple[Method, ...] = ("POST",)
    bodies: tuple[Body, ...] = ()
    """In which forms a model may be named; none: the body passes as it comes, unread."""
    model: Model = "client's"
    """Which one a provider with a model of its own is asked for: that one, whatever the client
    says; that one where the client says none; or what the client says. A name that only chose
    the provider is replaced in any case."""
    fails_over: bool = False


# Vectors of two models are not comparable, and files, voices and images are one provider's own: only
# conversations fail over to another provider.
SURFACES: tuple[Surface, ...] = (
    Surface(CHAT_PATH, "chat", bodies=("json",), model="provider's", fails_over=True),
    Surface(
        COMPLETIONS_PATH, "text_completion", bodies=("json",), model="written", fails_over=True
    ),
    Surface("/v1/responses", "chat", bodies=("json",), model="provider's", fails_over=True),
    Surface(MESSAGES_PATH, "chat", bodies=("json",), model="provider's", fails_over=True),
    Surface("/v1/messages/count_tokens", "count_tokens", bodies=("json",), model="provider's"),
    Surface(EMBEDDINGS_PATH, "embeddings", bodies=("json",), model="written"),
    Surface("/v1/audio/speech", "speech", bodies=("json",)),
    Surface("/v1/audio/transcriptions", "transcription", bodies=("form",)),
    Surface("/v1/audio/translations", "translation", bodies=("form",)),
    Surface("/v1/images/generations", "image_generation", bodies=("json",)),
    Surface("/v1/images/edits", "image_edit", bodies=("json", "form")),
    Surface("/v1/images/variations", "image_variation", bodies=("form",)),
    Surface("/v1/moderations", "moderation", bodies=("json",)),
    Surface("/v1/responses/", "fetch_response", methods=("GET", "POST", "DELETE")),
    Surface("/v1/files", "files", methods=("GET", "POST")),
    Surface("/v1/files/", "files", methods=("GET", "DELETE")),
)
METHODS: tuple[Method, ...] = ("GET", "POST", "DELETE")

CHAT = SURFACES[:1]
