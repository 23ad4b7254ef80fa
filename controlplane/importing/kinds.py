"""Which of our providers another gateway means by a name."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.providers import KNOWN, maker
from controlplane.reading.values import folded

_OTHER_NAMES = {
    "anthropic_text": "anthropic",
    "azure": "azure_openai",
    "azure_text": "azure_openai",
    "custom_openai": "local",
    "google": "gemini",
    "hosted_vllm": "vllm",
    "litellm_proxy": "local",
    "llamafile": "local",
    "lm_studio": "local",
    "mistral_ai": "mistral",
    "ollama_chat": "ollama",
    "openai_like": "local",
    "text_completion_openai": "openai",
    "together_ai": "together",
    "x_ai": "xai",
}
_ADDRESSES = {
    "cerebras": "https://api.cerebras.ai/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1",
    "moonshot": "https://api.moonshot.ai/v1",
    "nvidia_nim": "https://integrate.api.nvidia.com/v1",
    "sambanova": "https://api.sambanova.ai/v1",
}
"""Of those that speak OpenAI's API and are none of our known ones."""
_VARIABLES = {"azure_openai": "AZURE_API_KEY", "together": "TOGETHERAI_API_KEY"}
"""Of the environment, where they are not called KIND_API_KEY."""
OTHERWISE_SPOKEN = {
    "anthropic": "api.anthropic.com/v1/chat/completions",
    "gemini": "generativelanguage.googleapis.com/v1beta/openai",
    "ollama": "Ollama's /v1",
}
"""Called by an API of their own elsewhere, and here by the one that is like OpenAI's."""


@dataclass(frozen=True, slots=True)
class ProviderKind:
    kind: str
    address: str | None = None
    """Where it is, if that is not known by its kind."""
    label: str = ""
    """What variables and providers are called for it."""

    @property
    def variable(self) -> str:
        return _VARIABLES.get(self.kind, f"{self.label.upper()}_API_KEY")

    @property
    def needs_address(self) -> bool:
        return self.kind == "vllm" or (KNOWN[self.kind].host is None and self.address is None)

    @property
    def needs_key(self) -> bool:
        return KNOWN[self.kind].https or self.address is not None


def provider_kind(name: str) -> ProviderKind | None:
    """None: what the name means does not speak OpenAI's API, or is not known."""
    word = folded(name.strip())
    if word in _ADDRESSES:
        return ProviderKind("local", _ADDRESSES[word], word)
    kind = _OTHER_NAMES.get(word, word)
    return ProviderKind(kind, label=word if kind == "local" else kind) if kind in KNOWN else None


def by_model(model: str) -> ProviderKind | None:
    """By whose model it is, as far as a name tells."""
    found = maker(model)
    return ProviderKind(found, label=found) if found else None


def model_of(kind: str, model: str) -> str:
    """A model as a config says it.

    `openrouter/auto` would be `auto` of OpenRouter there, for a kind in front is taken off.
    """
    prefix = model.partition("/")[0]
    meant = provider_kind(prefix) if "/" in model else None
    return f"{kind}/{model}" if meant and meant.kind == kind else model
