"""`model_list` of a LiteLLM config: each deployment becomes a provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controlplane.importing import reasons
from controlplane.importing.addresses import base_url, is_of_another
from controlplane.importing.fields import Fields
from controlplane.importing.kinds import (
    OTHERWISE_SPOKEN,
    ProviderKind,
    by_model,
    model_of,
    provider_kind,
)
from controlplane.importing.settings import price_of, retries_of, seconds_of
from controlplane.importing.shares import Share
from controlplane.importing.variables import referred, variable
from controlplane.importing.written import Provider
from controlplane.lower.addresses import unique

if TYPE_CHECKING:
    from controlplane.importing.notes import Notes
    from controlplane.importing.variables import Variables
    from controlplane.model import Path
    from controlplane.reading.yaml_tree import Node

_OPEN_KINDS = ("local", "vllm", "ollama")
"""Where a server may ask for no key."""


@dataclass(frozen=True, slots=True)
class Common:
    """What holds for each deployment that does not say otherwise."""

    timeout: float | None
    retries: int | None
    limits_kept: bool
    """LiteLLM refuses what is above `tpm` and `rpm`, which as a rule only weigh."""


class _Credential:
    """Where a deployment is called and with which key: said by itself, or by what it names."""

    def __init__(self, params: Fields, named: Fields) -> None:
        self._own, self._named = params, named

    def take(self, key: str) -> Node | None:
        own, named = self._own.take(key), self._named.take(key)
        return named if own is None else own

    def tell_rest(self) -> None:
        self._named.tell_rest(reasons.PARAMS)


class Deployments:
    def __init__(self, top: Fields, common: Common, variables: Variables, notes: Notes) -> None:
        self._common, self._variables, self._notes = common, variables, notes
        self._credentials: dict[str, Node] = {}
        for each in top.mappings("credential_list"):
            name, values = each.text("credential_name"), each.take("credential_values")
            if name and values:
                self._credentials[name] = values
            each.tell_rest(reasons.CREDENTIAL)
        self._entries = [(each.text("model_name"), each) for each in top.mappings("model_list")]
        self._names = {name for name, _ in self._entries if name}
        self._told: set[str] = set()
        self._used: set[str] = set()
        self.shares: dict[Path, Share] = {}
        self.renamed: dict[str, str] = {}
        """Names that no provider can have, and what it is called."""
        self._reserve()

    def providers(self) -> list[Provider]:
        found = [self._provider(name, entry) for name, entry in self._entries]
        for name, node in self._credentials.items():
            if name not in self._used:
                self._notes.left_out(node.path, "no deployment that is kept names it")
        return [each for each in found if each is not None]

    def _reserve(self) -> None:
        """The usual variables are not for literal keys, where a deployment without one takes them."""
        for _, entry in self._entries:
            params = entry.peek("litellm_params")
            model = params.entries.get("model") if params else None
            if params and model and "api_key" not in params.entries:
                kind = provider_kind(model.text.partition("/")[0]) or by_model(model.text)
                if kind:
                    self._variables.reserve(kind.variable)

    def _provider(self, name: str | None, entry: Fields) -> Provider | None:
        params, info = entry.fields("litellm_params"), entry.fields("model_info")
        found = self._kind(entry, params) if name else None
        if name is None:
            self._notes.left_out(entry.path, "it has no `model_name`", on_key=False)
        if found is None or name is None:
            return None  # what else it says goes with it
        kind, model = found
        name = self._name(name, kind, entry)
        credential = _Credential(params, self._credential(params))
        kind, address = self._address(kind, model, credential)
        provider = Provider(
            path=entry.path,
            name=name,
            kind=kind.kind,
            model=None if "*" in model else model_of(kind.kind, model),
            base_url=address,
            key=self._key(name, kind, params, credential),
            api_version=self._api_version(kind, credential),
            first_byte=self._timeout(params),
            retries=retries_of(params, "max_retries", "num_retries") or self._common.retries,
            price=price_of(params, info),
        )
        self.shares[entry.path] = Share.of(params, entry)
        credential.tell_rest()
        self._tell(kind, entry)
        info.tell_rest(reasons.MODEL_INFO)
        params.tell_rest(reasons.PARAMS)
        entry.tell_rest(reasons.ENTRY)
        return provider

    def _kind(self, entry: Fields, params: Fields) -> tuple[ProviderKind, str] | None:
        """Which provider a deployment is, and its model there."""
        node = params.take("model")
        model = params.text_of(node) if node else None
        custom = params.text("custom_llm_provider")
        if node is None or model is None:
            self._notes.left_out(entry.path, "it has no `model`", on_key=False)
            return None
        prefix, slash, rest = model.partition("/")
        word = custom or (prefix if slash else None)
        kind = provider_kind(word) if word else by_model(model)
        why = f"`{word}` is not known here, or has no API like OpenAI's"
        if word is None:
            why = "nothing tells whose model it is, as `provider/model` would"
        if referred(model):
            kind, why = None, "a model's name cannot be in a variable here"
        if kind is None:
            self._notes.left_out(entry.path, f"{why}: it is not kept", on_key=False)
            return None
        return kind, rest if slash and (not custom or prefix == custom) else model

    def _name(self, name: str, kind: ProviderKind, entry: Fields) -> str:
        if "*" not in name and name.lower() != "default":
            return name
        if name not in self.renamed:
            wanted = kind.label if "*" in name else "default-model"
            self.renamed[name] = unique(wanted, {*self._names, *self.renamed.values()})
        meant = "it takes any model of its kind" if "*" in name else "the word means any default"
        message = f"`{name}` is called `{self.renamed[name]}`: {meant}"
        self._notes.assumed((*entry.path, "model_name"), message)
        return self.renamed[name]

    def _credential(self, params: Fields) -> Fields:
        node = params.take("litellm_credential_name")
        values = self._credentials.get(node.text) if node else None
        if node:
            self._used.add(node.text)
        if node and values is None:
            self._notes.left_out(node.path, "`credential_list` has no such name")
        return Fields(values, self._notes)

    def _address(
        self, kind: ProviderKind, model: str, credential: _Credential
    ) -> tuple[ProviderKind, str | None]:
        node, other = credential.take("api_base"), credential.take("base_url")
        node = other if node is None else node
        if node is None and not kind.needs_address:
            return kind, kind.address
        usual = "HOSTED_VLLM" if kind.kind == "vllm" else kind.label.upper()
        wanted = f"{'AZURE' if kind.kind == 'azure_openai' else usual}_API_BASE"
        if node is None:
            return kind, f"${wanted}"
        if kind.kind == "openai" and is_of_another(node, model):
            kind = replace(kind, kind="local")
        return kind, base_url(node, kind.kind, wanted, self._variables, self._notes)

    def _key(
        self,
        name: str,
        kind: ProviderKind,
        params: Fields,
        credential: _Credential,
    ) -> str | None:
        node = credential.take("api_key")
        own = kind.kind in _OPEN_KINDS and kind.address is None
        if node is not None:
            wanted = f"{variable(name).upper()}_API_KEY" if own else kind.variable
            found = self._variables.key(node, wanted, needless=own)
            return found if found or own else kind.variable
        if own or not kind.needs_key:
            return None
        message = f"no key is said, so that of ${kind.variable} is used, as by LiteLLM"
        self._notes.assumed(params.path, message)
        return kind.variable

    def _api_version(self, kind: ProviderKind, credential: _Credential) -> str | None:
        node = credential.take("api_version")
        if node is None:
            return None
        if kind.kind != "azure_openai":
            self._notes.left_out(node.path, "only azure_openai has one")
        elif referred(node.text):
            self._notes.left_out(node.path, "it cannot be in a variable here: write it out")
        else:
            return node.text
        return None

    def _timeout(self, params: Fields) -> float | None:
        streams = params.peek("stream_timeout")
        timeout = seconds_of(params, "timeout", "request_timeout")
        of_streams = seconds_of(params, "stream_timeout")
        if timeout is not None and streams is not None:
            self._notes.left_out(streams.path, "streams have the time limit of other answers")
        own = of_streams if timeout is None else timeout
        return self._common.timeout if own is None else own

    def _tell(self, kind: ProviderKind, entry: Fields) -> None:
        spoken = OTHERWISE_SPOKEN.get(kind.kind)
        if spoken and kind.kind not in self._told:
            self._told.add(kind.kind)
            message = f"{kind.kind} is called by its API like OpenAI's: {spoken}"
            self._notes.assumed((*entry.path, "litellm_params", "model"), message)
