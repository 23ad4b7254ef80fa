"""The JSON Schema agrees with the parser."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from controlplane.reading.schema import config_schema
from tests.unit.controlplane.configs import codes

GOLDEN = Path(__file__).parents[3] / "golden"
SCHEMA = config_schema()
VALID = (
    "seed_v0_1",
    "seed_0_1_beta",
    "full_reference_v0_1",
    "keys_of_0_1_7",
    "beyond_v0_1",
)


def errors(text: str) -> list[str]:
    return [
        error.message for error in Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text))
    ]


def test_schema_is_a_schema() -> None:
    """The schema itself is valid."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", VALID)
def test_valid_configs(name: str) -> None:
    """Configs without errors, those of the specification among them, satisfy the schema."""
    assert errors((GOLDEN / name / "in.yaml").read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "listner: {port: 1}",
        "listener: {prot: 1}",
        "listener: {port: [1]}",
        "listener: {port: 80800}",
        "overrides: {error_format: xml}",
        "llm_providers: [{name: a, default: maybe}]",
        "prompt_targets: [{description: b}]",
        "endpoints: {a: {connect_timeout: 1s}}",
    ],
)
def test_schema_and_parser_refuse_the_same(text: str) -> None:
    """What the schema refuses, the parser reports as an error, and the reverse."""
    assert errors(text)
    assert codes(text) & {"AG101", "AG102", "AG103", "AG104", "AG105"}


def test_each_key_is_described() -> None:
    """An editor has words to show for each key of today."""

    def check(schema: object, name: str) -> None:
        if isinstance(schema, list):
            for each in schema:
                check(each, name)
        if not isinstance(schema, dict):
            return
        for key, value in schema.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"
        for key, value in schema.items():
            check(value, f"{name}.{key}")

    check(SCHEMA, "")
