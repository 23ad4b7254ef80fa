"""Tools as SDKs spell them, read into one form; mistakes named by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelserver.http.toolcheck import read_tools

if TYPE_CHECKING:
    from modelserver.schema import Tool


def read(*raw: Any) -> tuple[tuple[Tool, ...], dict[str, str]]:
    problems: dict[str, str] = {}
    return read_tools(raw, problems.__setitem__, 4), problems


def parameter(**schema: Any) -> Any:
    tools, problems = read({"name": "t", "parameters": {"properties": {"p": schema}}})
    assert problems == {}
    return tools[0].parameters[0]


@pytest.mark.parametrize(
    ("spelt", "kind", "items"),
    [
        ("string", "string", "string"),
        ("str", "string", "string"),
        ("int", "integer", "string"),
        ("integer", "integer", "string"),
        ("float", "number", "string"),
        ("number", "number", "string"),
        ("bool", "boolean", "string"),
        ("boolean", "boolean", "string"),
        ("list", "array", "string"),
        ("array", "array", "string"),
        ("dict", "object", "string"),
        ("object", "object", "string"),
        ("list[int]", "array", "integer"),
        ("List[float]", "array", "number"),
        ("Optional[int]", "integer", "string"),
        ("int | None", "integer", "string"),
        ("Optional[list[int]]", "array", "integer"),
        (["integer", "null"], "integer", "string"),
        (["null", "number"], "number", "string"),
    ],
)
def test_both_ways_to_name_a_type(spelt: Any, kind: str, items: str) -> None:
    """JSON Schema's names and Python's, optional and generic ones too, mean the same."""
    read_parameter = parameter(type=spelt)
    assert (read_parameter.type, read_parameter.items) == (kind, items)


def test_a_union_with_null_is_its_first_part() -> None:
    """The optional fields of pydantic schemas keep type, enum and bounds."""
    found = parameter(anyOf=[{"type": "integer", "minimum": 1}, {"type": "null"}], default=None)
    assert (found.type, found.minimum, found.has_default) == ("integer", 1, False)


def test_everything_a_parameter_may_say() -> None:
    """Description, enum, default, bounds, pattern, format and the items' type are read."""
    found = parameter(
        type="string", description="d", enum=["a", "b", None], default="a", pattern="^a", format="f"
    )
    assert (found.description, found.enum, found.default) == ("d", ("a", "b"), "a")
    assert (found.has_default, found.pattern, found.format) == (True, "^a", "f")
    assert parameter(type="array", items={"type": "integer"}).items == "integer"


def test_required_in_either_place() -> None:
    """`required` as JSON Schema's list, or on the parameter as Arch configs have it."""
    properties = {"a": {"type": "str"}, "b": {"type": "str", "required": True}, "c": {}}
    tools, _ = read({"name": "t", "parameters": {"properties": properties, "required": ["a"]}})
    assert [one.required for one in tools[0].parameters] == [True, True, False]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"parameters": []}, "tools.0.parameters"),
        ({"parameters": {"properties": []}}, "tools.0.parameters.properties"),
        ({"parameters": {"properties": {str(n): {} for n in range(5)}}}, "tools.0.parameters.properties"),
        ({"parameters": {"required": "p"}}, "tools.0.parameters.required"),
        ({"parameters": {"required": ["p"]}}, "tools.0.parameters.required.0"),
        ({"parameters": {"properties": {"p": {"type": 5}}}}, "tools.0.parameters.properties.p.type"),
        ({"parameters": {"properties": {"p": {"type": "a" + " " * 100_000 + "b"}}}}, "tools.0.parameters.properties.p.type"),
        ({"parameters": {"properties": {"p": {"enum": "a"}}}}, "tools.0.parameters.properties.p.enum"),
        ({"parameters": {"properties": {"p": {"minimum": "1"}}}}, "tools.0.parameters.properties.p.minimum"),
        ({"parameters": {"properties": {"p": {"pattern": "("}}}}, "tools.0.parameters.properties.p.pattern"),
        ({"parameters": {"properties": {"p": {"description": 1}}}}, "tools.0.parameters.properties.p.description"),
        ({"description": ["d"]}, "tools.0.description"),
        ({"description": "d" * 2049}, "tools.0.description"),
    ],
)  # fmt: skip
def test_mistakes_are_named_by_path(schema: dict[str, Any], path: str) -> None:
    """Each thing a tool can have wrong is reported where it stands."""
    _, problems = read({"name": "t", **schema})
    assert list(problems) == [path]
