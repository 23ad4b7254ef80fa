"""Configs of demos and README: without a problem, and about APIs that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from controlplane.compile import compile_file
from demos.run import APIS, Demo, with_openai

if TYPE_CHECKING:
    from controlplane.model import Config

README = Path(__file__).parents[3] / "README.md"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
BLOCKS = YAML.findall(README.read_text())
VARIABLES = {**dict.fromkeys(APIS.values(), "127.0.0.1:1"), "LLM_ADDRESS": "127.0.0.1:2"}


def config_of(name: str) -> Config:
    compiled = compile_file(Demo(name).config, VARIABLES)
    assert compiled.model is not None
    return compiled.model


@pytest.mark.parametrize("name", APIS)
def test_lints_without_a_word(name: str) -> None:
    """No error and no warning, so that what a user copies is clean."""
    assert not compile_file(Demo(name).config, VARIABLES).problems


@pytest.mark.parametrize("name", APIS)
def test_takes_openai_in_the_stand_ins_place(name: str, tmp_path: Path) -> None:
    """With a key the config names OpenAI alone, and is as clean."""
    variables = {APIS[name]: "127.0.0.1:1", "OPENAI_API_KEY": "sk-x"}
    compiled = compile_file(with_openai(Demo(name), tmp_path), variables)
    assert not compiled.problems
    assert compiled.model is not None
    assert [(each.kind, each.default) for each in compiled.model.providers] == [("openai", True)]


@pytest.mark.parametrize("block", BLOCKS)
def test_readme_shows_configs_that_lint(block: str, tmp_path: Path) -> None:
    """What a newcomer copies first has no problem, either."""
    config = tmp_path / "arch_config.yaml"
    config.write_text(block)
    assert not compile_file(config, {"OPENAI_API_KEY": "sk-x"}).problems


@pytest.mark.parametrize("name", APIS)
def test_targets_are_routes_of_the_api(name: str) -> None:
    """Path, method, parameters, choices, bounds and defaults are those of the service."""
    api = Demo(name).create_app().openapi()
    for target in config_of(name).prompt_targets:
        assert target.endpoint is not None
        assert target.endpoint.http_method is not None
        operation = api["paths"][target.endpoint.http_path][target.endpoint.http_method.lower()]
        known = parameters(api, operation)
        for parameter in target.parameters:
            schema, required = known[parameter.name]
            assert list(parameter.enum) in (schema.get("enum", []), [True, False])
            assert (parameter.minimum, parameter.maximum) == (
                schema.get("minimum"),
                schema.get("maximum"),
            )
            assert parameter.required == required
            assert parameter.default == schema.get("default")


def parameters(
    api: dict[str, Any], operation: dict[str, Any]
) -> dict[str, tuple[dict[str, Any], bool]]:
    """Schema of each parameter or field of the body, and whether it is required."""
    found = {
        each["name"]: (resolved(api, each["schema"]), each["required"])
        for each in operation.get("parameters", ())
    }
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        body = resolved(api, content)
        required = body.get("required", ())
        found |= {
            name: (resolved(api, schema), name in required)
            for name, schema in body["properties"].items()
        }
    return found


def resolved(api: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    return {**api["components"]["schemas"][name], **schema}
