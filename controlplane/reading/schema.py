"""The JSON Schema of a config, for editors: the same table the parser reads by.

A schema says what it can, keys and types. Whatever needs more than one place of the file (an
endpoint that exists, a default among its choices) is for `archgw lint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.reading.keys import CONFIG

if TYPE_CHECKING:
    from controlplane.reading.values import JsonSchema

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> JsonSchema:
    return {
        "$schema": DRAFT,
        "title": "Arch config",
        "description": "A prompt gateway: LLM providers, prompt targets, guards and limits.",
        **CONFIG.schema(),
    }
