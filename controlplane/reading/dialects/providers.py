"""The LLMs: `llm_providers`, with the kind of provider inferred where it is not said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Alias, Price, Provider, Timeouts
from controlplane.providers import KNOWN, maker
from controlplane.reading.dialects.limits import provider_limits
from controlplane.reading.dialects.old_forms import inserted
from controlplane.reading.dialects.secrets import one_secret
from controlplane.reading.values import label, replaced

if TYPE_CHECKING:
    from controlplane.problem import Edit
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading

_OTHER_NAMES = {
    "azure": "azure_openai",
    "bedrock": "amazon_bedrock",
    "azureopenai": "azure_openai",
    "claude": "anthropic",
    "google": "gemini",
    "grok": "xai",
    "moonshot": "moonshotai",
    "x_ai": "xai",
    "z_ai": "zhipu",
    "zai": "zhipu",
    "together_ai": "together",
    "togetherai": "together",
}


def read_providers(top: Record, reading: Reading) -> tuple[Provider, ...]:
    found = (_provider(record, reading) for record in top.records("llm_providers"))
    return tuple(provider for provider in found if provider is not None)


def read_aliases(top: Record) -> tuple[Alias, ...]:
    named = ((name, record.text("target"), record) for name, record in top.listed("model_aliases"))
    return tuple(Alias(record.path, name, target) for name, target, record in named if target)


def _provider(record: Record, reading: Reading) -> Provider | None:
    kind, model = _kind_and_model(record, reading)
    name = record.text("name") or record.text("model")
    if not name:
        message = f"{label(record.path)} has neither `name` nor `model`"
        reading.error("AG103", record.path, message)
        return None
    return Provider(
        path=record.path,
        name=name,
        kind=kind,
        model=model,
        access_key=one_secret(
            record, reading, "access_key", called="key", lines="keys", hint="a provider has one"
        ),
        default=record.flag("default") or False,
        stream=record.flag("stream"),
        endpoint=record.text("endpoint"),
        base_url=record.text("base_url"),
        ca_file=record.record("tls").text("ca_file"),
        weight=record.whole("weight"),
        fallbacks=record.texts("fallbacks"),
        timeouts=_timeouts(record),
        retries=record.whole("retries"),
        rate_limits=provider_limits(record, reading),
        price=_price(record),
        api_version=record.text("api_version"),
        http_host=record.text("http_host"),
        headers=record.listed("headers"),
        clients=record.texts("clients") if "clients" in record else None,
    )


def _timeouts(provider: Record) -> Timeouts | None:
    if "timeout" not in provider:
        return None
    record = provider.record("timeout")
    return Timeouts(
        path=record.path,
        connect=record.duration("connect"),
        first_byte=record.duration("first_byte"),
        idle=record.duration("idle"),
    )


def _price(provider: Record) -> Price | None:
    record = provider.record("price")
    asked, answered = record.number("input"), record.number("output")
    if asked is None or answered is None:  # reported as missing by the table already
        return None
    return Price(record.path, asked, answered, record.number("cached"))


def _kind_and_model(record: Record, reading: Reading) -> tuple[str | None, str | None]:
    written, model = record.text("provider"), record.text("model")
    # Later versions write `model: openai/gpt-4o`, and `openai/*` for any of its models.
    prefix, slash, rest = (model or "").partition("/")
    if slash and _known_as(prefix) in KNOWN and _known_as(written or prefix) == _known_as(prefix):
        return _known_as(prefix), None if rest == "*" else rest
    if slash and _known_as(prefix) not in KNOWN and _is_api_like_another(record):
        if rest == "*":
            return _known_as(written or "local"), None
        _report_own_name(record, rest, reading)
        return _known_as(written or ""), rest
    if written:
        return _known_as(written), model
    kind = maker(model or "") or _inferred_from_name(record.text("name"))
    if "endpoint" in record or "base_url" in record:
        # A host of the user's own: who made its model says nothing about it.
        return "local", model
    if kind is not None:
        _report_inferred(kind, record, reading)
    return kind, model


def _is_api_like_another(record: Record) -> bool:
    """Later versions let a provider have any name before the slash, if these two are there."""
    spelt = record.places.get("provider", ("",))[-1]
    any_model = (record.text("model") or "").endswith("/*")
    return "base_url" in record and (any_model or spelt == "provider_interface")


def _report_own_name(record: Record, rest: str, reading: Reading) -> None:
    path, node = record.path_of("model"), reading.document.node(record.path)
    model = record.text("model")
    message = f"{label(path)} has a name of your own before the slash, which is not sent"
    called = "" if "name" in record else f", and `name: {model}` for clients"
    edits: tuple[Edit, ...] = ()
    if node:
        key = min(entry.key.start for entry in node.entries.values() if entry.key)
        indent = " " * (reading.document.position_at(key).column - 1)
        between = ", " if node.flow else f"\n{indent}"
        text = f"{rest}{between}name: {model}" if called else rest
        edits = (replaced(reading.document.span(path), text),)
    reading.warn("AG109", path, message, f"write `model: {rest}`{called}", *edits)


def _known_as(kind: str) -> str:
    folded = kind.strip().lower().replace("-", "_")
    return _OTHER_NAMES.get(folded, folded)


def _inferred_from_name(name: str | None) -> str | None:
    kind = _known_as(name or "")
    return kind if kind in KNOWN else None


def _report_inferred(kind: str, record: Record, reading: Reading) -> None:
    message = f"{label(record.path)} does not say its `provider`; taken for {kind}"
    edit = inserted(record.path, f"provider: {kind}", reading.document)
    reading.warn("AG110", record.path, message, f"add `provider: {kind}`", *edit)
