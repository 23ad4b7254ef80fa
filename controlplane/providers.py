"""What each known LLM provider needs: its host, its path prefix, where its key goes.

All of them speak OpenAI's API, natively or through a compatible endpoint, so that one
request form serves them all and the gateway never translates bodies.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PREFIX = "/v1"
AZURE_API_VERSION = "2024-10-21"

_SUFFIXES = ("/chat/completions", "/completions", "/embeddings", "/models")


@dataclass(frozen=True, slots=True)
class Known:
    host: str | None
    """None: the user says where it is, by `endpoint` or `base_url`."""
    prefix: str = DEFAULT_PREFIX
    port: int = 443
    https: bool = True
    key_header: str = "authorization"
    key_prefix: str = "Bearer "


KNOWN: dict[str, Known] = {
    "openai": Known("api.openai.com"),
    "mistral": Known("api.mistral.ai"),
    "groq": Known("api.groq.com", prefix="/openai/v1"),
    "deepseek": Known("api.deepseek.com"),
    "together": Known("api.together.xyz"),
    "openrouter": Known("openrouter.ai", prefix="/api/v1"),
    "xai": Known("api.x.ai"),
    "gemini": Known("generativelanguage.googleapis.com", prefix="/v1beta/openai"),
    "azure_openai": Known(None, prefix="/openai", key_header="api-key", key_prefix=""),
    "anthropic": Known("api.anthropic.com"),
    "ollama": Known("127.0.0.1", port=11434, https=False),
    "vllm": Known("127.0.0.1", port=8000, https=False),
    "local": Known(None, https=False, port=80),
}


def api_paths(
    kind: str, prefix: str, model: str | None, api_version: str | None
) -> tuple[tuple[str, str], ...]:
    """The gateway's API paths and what they are called at the provider."""
    if kind == "azure_openai":
        return _azure_paths(prefix, model or "", api_version or AZURE_API_VERSION)
    return tuple((f"/v1{suffix}", f"{prefix}{suffix}") for suffix in _SUFFIXES)


def _azure_paths(prefix: str, deployment: str, api_version: str) -> tuple[tuple[str, str], ...]:
    # Azure names the deployment in the path, not in the body, and lists models elsewhere.
    query = f"?api-version={api_version}"
    calls = tuple(
        (f"/v1{suffix}", f"{prefix}/deployments/{deployment}{suffix}{query}")
        for suffix in _SUFFIXES[:-1]
    )
    return (*calls, ("/v1/models", f"{prefix}/models{query}"))
