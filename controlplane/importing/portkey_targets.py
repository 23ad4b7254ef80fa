"""A target of a Portkey config becomes a provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controlplane.importing.addresses import base_url, is_of_another
from controlplane.importing.fields import Fields
from controlplane.importing.kinds import (
    OTHERWISE_SPOKEN,
    ProviderKind,
    by_model,
    model_of,
    provider_kind,
)
from controlplane.importing.settings import retries_of, seconds_of
from controlplane.importing.variables import referred
from controlplane.importing.written import Provider

if TYPE_CHECKING:
    from controlplane.importing.notes import Notes
    from controlplane.importing.variables import Variables
    from controlplane.model import Path
    from controlplane.reading.yaml_tree import Node

_INHERITED = (
    "retry", "request_timeout", "custom_host", "provider", "virtual_key", "api_key",
    "resource_name", "deployment_id", "api_version", "azure_resource_name", "azure_deployment_id",
    "azure_api_version", "azure_model_name",
)  # fmt: skip
_MILLISECONDS = 1000
_RETRIED = "calls are tried again on 5xx, 429, reset, no connection and silence"
_BODY = "the gateway adds no parameters to a body: clients say it"
_RESOURCE = re.compile(r"[A-Za-z0-9-]+")
_OPEN_KINDS = ("local", "vllm", "ollama")
_UNKNOWN_HOST = ProviderKind("local", label="local")


@dataclass(frozen=True, slots=True)
class Said:
    """What a target says, and what is said above it for all targets below."""

    nodes: dict[str, Node] = field(default_factory=dict)
    params: dict[str, Node] = field(default_factory=dict)
    """`override_params`, which add up."""

    def and_below(self, fields: Fields) -> Said:
        own = {key: node for key in _INHERITED if (node := fields.take(key)) is not None}
        params = fields.fields("override_params")
        return Said({**self.nodes, **own}, {**self.params, **dict(params.rest())})


class Targets:
    def __init__(self, variables: Variables, notes: Notes) -> None:
        self._variables, self._notes = variables, notes
        self._told: set[str] = set()

    def provider(self, path: Path, said: Said) -> Provider | None:
        fields = Fields.of(said.nodes, path, self._notes)
        params = Fields.of(said.params, path, self._notes)
        named = params.take("model")
        slug, model = _parted(params.text_of(named) if named else None)
        kind = self._kind(path, fields, slug, model)
        if kind is None:
            return None
        for _, node in params.rest():
            self._notes.left_out(node.path, _BODY)
        model = self._deployment(fields, kind) or model
        if model is None and kind.kind == "azure_openai":
            message = "Azure's deployment is not in the file, and a model here: it is not kept"
            self._notes.left_out(path, message, on_key=False)
            return None
        kind, address = self._address(path, fields, kind, model or "")
        self._tell(path, kind)
        return Provider(
            path=path,
            name=kind.label,
            kind=kind.kind,
            model=model_of(kind.kind, model) if model else None,
            key=self._key(path, fields, kind, named if slug else None),
            base_url=address,
            api_version=self._api_version(fields, kind),
            first_byte=seconds_of(fields, "request_timeout", parts=_MILLISECONDS),
            retries=self._retries(fields),
        )

    def _kind(
        self, path: Path, fields: Fields, slug: str | None, model: str | None
    ) -> ProviderKind | None:
        """By what is said, else by how Portkey's names for a provider begin, else by the model."""
        written, virtual = fields.peek("provider"), fields.peek("virtual_key")
        text = written.text.strip() if written else ""
        if text and not text.startswith("@"):
            found = provider_kind(text)
            if found is None and "custom_host" in fields:
                found = _UNKNOWN_HOST
            if found is None:
                message = f"`{text}` is not known here, or has no API like OpenAI's: it is not kept"
                self._notes.left_out(path, message, on_key=False)
            return found
        for word in (text.removeprefix("@"), slug, virtual.text if virtual else None):
            if word and (found := _by_beginning(word)):
                message = f"it is taken for {found.label}, by what it is called at Portkey"
                self._notes.assumed(path, message, on_key=False)
                return found
        if model and (found := by_model(model)):
            self._notes.assumed(path, f"it is taken for {found.label}, by the model", on_key=False)
            return found
        if "custom_host" in fields:
            return _UNKNOWN_HOST
        message = "nothing tells which provider it is, since Portkey keeps that: it is not kept"
        self._notes.left_out(path, message, on_key=False)
        return None

    def _deployment(self, fields: Fields, kind: ProviderKind) -> str | None:
        """Azure's, which is its model there."""
        if kind.kind != "azure_openai":
            return None
        fields.take("azure_model_name")
        return fields.text("deployment_id", "azure_deployment_id")

    def _address(
        self, path: Path, fields: Fields, kind: ProviderKind, model: str
    ) -> tuple[ProviderKind, str | None]:
        node = fields.take("custom_host")
        resource = fields.text("resource_name", "azure_resource_name")
        if node is None and resource and _RESOURCE.fullmatch(resource):
            return kind, f"https://{resource}.openai.azure.com"
        wanted = f"{'AZURE' if kind.kind == 'azure_openai' else kind.label.upper()}_API_BASE"
        if node is not None:
            if kind.kind == "openai" and is_of_another(node, model):
                kind = replace(kind, kind="local")
            return kind, base_url(node, kind.kind, wanted, self._variables, self._notes)
        if not kind.needs_address:
            return kind, kind.address
        self._notes.to_do(path, f"where it is Portkey keeps: put it into {wanted}", on_key=False)
        return kind, f"${wanted}"

    def _key(
        self, path: Path, fields: Fields, kind: ProviderKind, in_model: Node | None
    ) -> str | None:
        own = kind.kind in _OPEN_KINDS and kind.address is None
        if (node := fields.take("api_key")) is not None:
            found = self._variables.key(node, kind.variable, needless=own)
            return found if found or own else kind.variable
        written = fields.peek("provider")
        slug = written if written and written.text.strip().startswith("@") else in_model
        virtual = fields.take("virtual_key") or slug
        if virtual is not None:
            return self._variables.kept_elsewhere(virtual, kind.variable)
        if own:
            return None
        message = f"its key is not in the file: put it into {kind.variable}"
        self._notes.to_do(path, message, on_key=False)
        return kind.variable

    def _api_version(self, fields: Fields, kind: ProviderKind) -> str | None:
        version = fields.text("api_version", "azure_api_version")
        return (
            version if version and kind.kind == "azure_openai" and not referred(version) else None
        )

    def _retries(self, fields: Fields) -> int | None:
        retry = fields.fields("retry")
        found = retries_of(retry, "attempts")
        retry.tell_rest({"on_status_codes": _RETRIED, "use_retry_after_header": _RETRIED})
        return found

    def _tell(self, path: Path, kind: ProviderKind) -> None:
        spoken = OTHERWISE_SPOKEN.get(kind.kind)
        if spoken and kind.kind not in self._told:
            self._told.add(kind.kind)
            message = f"{kind.kind} is called by its API like OpenAI's: {spoken}"
            self._notes.assumed(path, message, on_key=False)


def _parted(model: str | None) -> tuple[str | None, str | None]:
    """`@openai-prod/gpt-4o`: the provider's name at Portkey, and the model."""
    if model is None or not model.startswith("@"):
        return None, model
    slug, _, rest = model[1:].partition("/")
    return slug, rest or None


def _by_beginning(slug: str) -> ProviderKind | None:
    words = slug.replace("_", "-").split("-")
    starts = ("_".join(words[:count]) for count in range(len(words), 0, -1))
    return next((kind for start in starts if (kind := provider_kind(start))), None)
