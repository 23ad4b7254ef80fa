"""What each known LLM provider needs: its host, its path prefix, where its key goes.

All of them speak OpenAI's API, natively or through a compatible endpoint, so that one
request form serves them all and the gateway never translates bodies. Anthropic speaks its own, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.surfaces import COMPLETIONS_PATH, EMBEDDINGS_PATH, MESSAGES_PATH
from extproc.contract import CHAT_PATH

DEFAULT_PREFIX = "/v1"
AZURE_API_VERSION = "2024-10-21"
ANTHROPIC_VERSION = "2023-06-01"
"""Said for a client that says none."""


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
    "moonshotai": Known("api.moonshot.ai"),
    "xiaomi": Known("api.xiaomimimo.com"),
    "zhipu": Known("api.z.ai", prefix="/api/paas/v4"),
    "digitalocean": Known("inference.do-ai.run"),
    "vercel": Known("ai-gateway.vercel.sh"),
    "amazon_bedrock": Known(None, prefix="/openai/v1"),
    "azure_openai": Known(None, prefix="/openai", key_header="api-key", key_prefix=""),
    "anthropic": Known("api.anthropic.com"),
    "ollama": Known("127.0.0.1", port=11434, https=False),
    "vllm": Known("127.0.0.1", port=8000, https=False),
    "local": Known(None, https=False, port=80),
}


MODEL_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "openai": (
        "gpt-", "chatgpt", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "codex",
        "text-embedding-", "davinci", "babbage", "whisper", "tts-", "dall-e", "omni-moderation",
        "text-moderation", "computer-use",
    ),
    "mistral": (
        "mistral", "open-mistral", "mixtral", "open-mixtral", "ministral", "codestral", "pixtral",
        "magistral", "devstral", "voxtral",
    ),
    "anthropic": ("claude",),
    "gemini": ("gemini",),
    "xai": ("grok",),
    "deepseek": ("deepseek",),
}  # fmt: skip
"""How the names of each provider's own models begin."""

NOT_OFFERED = ""

_TELEMETRY_NAMES = {
    "mistral": "mistral_ai",
    "gemini": "gcp.gemini",
    "xai": "x_ai",
    "amazon_bedrock": "aws.bedrock",
    "azure_openai": "azure.ai.openai",
    "moonshotai": "moonshot_ai",
    "local": "custom",
}


def telemetry_name(kind: str | None) -> str:
    """What OpenTelemetry calls providers of this kind."""
    return _TELEMETRY_NAMES.get(kind or "local") or str(kind)


def speaks_messages(kind: str | None) -> bool:
    """Whether it has Anthropic's Messages API."""
    return kind == "anthropic"


def api_paths(kind: str | None, prefix: str, model: str | None) -> tuple[tuple[str, str], ...]:
    """The gateway's paths and what they are called at the provider, with all that is below them.

    Of several that fit, the longest holds.
    """
    paths = [("/v1", prefix)]
    if kind == "azure_openai":
        # Azure names the deployment in the path, not in the body, of calls to one.
        deployment = f"{prefix}/deployments/{model or ''}"
        suffixes = (CHAT_PATH, COMPLETIONS_PATH, EMBEDDINGS_PATH, "/v1/audio", "/v1/images")
        paths += [(path, deployment + path.removeprefix("/v1")) for path in suffixes]
    if not speaks_messages(kind):
        paths.append((MESSAGES_PATH, NOT_OFFERED))
    return tuple(paths)


def api_query(kind: str | None, api_version: str | None) -> str:
    """What is behind each of its paths."""
    if kind == "azure_openai":
        return f"?api-version={api_version or AZURE_API_VERSION}"
    return ""


def maker(model: str) -> str | None:
    """Whose model this is, by its name."""
    found = (
        kind
        for kind, beginnings in MODEL_BEGINNINGS.items()
        if model.lower().startswith(beginnings)
    )
    return next(found, None)
