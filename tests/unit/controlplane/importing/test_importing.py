"""Configs of LiteLLM and Portkey: what they come to, and that nothing of them is lost in silence."""

from __future__ import annotations

import copy
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from controlplane.compile import compile_file
from controlplane.emit import emit, proto
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.home_paths import Home
from controlplane.importing import GATEWAYS, imported
from controlplane.importing.kinds import model_of
from controlplane.importing.notes import Kind
from controlplane.importing.variables import referred
from controlplane.importing.written import duration, million, whole_shares
from controlplane.problem import Severity
from tests.imports import INPUTS, cases, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controlplane.importing import Imported
    from controlplane.model import Path as ConfigPath

CASES = pytest.mark.parametrize("case", cases(), ids=lambda case: case.parent.name)
SECRET = re.compile(
    r"[\w/+-]*(?:secret|sk-|AKIA|-key-\d)[\w-]*|258f4d|4110dd|a1b2c3|e5f6a7|openai-prod|db-password"
)
"""What stands for a key in the cases, and Portkey's names for one."""


def litellm(text: str, tmp_path: Path) -> Imported:
    return imported("litellm", text, tmp_path / "config.yaml")


def portkey(text: str, tmp_path: Path) -> Imported:
    return imported("portkey", text, tmp_path / "config.json")


def told(found: Imported) -> list[str]:
    assert found.document is not None
    return [note.line("f", found.document) for note in found.notes]


def providers(found: Imported) -> list[dict[str, Any]]:
    assert found.text is not None, told(found)
    return list(yaml.safe_load(found.text)["llm_providers"])


def compiled(file: Path) -> Any:
    """With every variable of the config set, as one does who is told to."""
    names = set(re.findall(r"\$(\w+)", file.read_text("utf-8")))
    values = {
        name: "https://llm.example.com/v1"
        if name.endswith("BASE")
        else f"k-{name}-0123456789abcdef"
        for name in names
    }
    return compile_file(file, values)


@CASES
def test_cases(case: Path) -> None:
    """Each comes to the letter to what its folder says."""
    for name, text in rendered(case).items():
        assert (case.parent / name).read_text("utf-8") == text


@CASES
def test_lints_and_compiles(case: Path, tmp_path: Path) -> None:
    """What is written is a config without an error, and Envoy's types take what it comes to."""
    result = compiled(case.parent / "arch_config.yaml")
    assert [each for each in result.problems if each.severity is Severity.ERROR] == []
    home = Home(tmp_path, tmp_path)
    proto.message(proto.BOOTSTRAP, static_bootstrap(home, emit(result.gateway, home)))


@CASES
def test_shows_no_key(case: Path) -> None:
    """Neither the config nor any note holds a key, or what Portkey calls one."""
    literal = {
        value
        for value in SECRET.findall(case.read_text("utf-8"))
        if not value.startswith("os.environ")
    }
    assert literal or case.parent.name == "litellm_limits"
    for text in rendered(case).values():
        assert [each for each in literal if each in text] == []


@CASES
def test_no_key_is_lost_in_silence(case: Path, tmp_path: Path) -> None:
    """A key that nobody has heard of is told wherever it stands, or what it stands in is."""
    whole = yaml.safe_load(case.read_text("utf-8"))
    for path in _mappings(whole):
        changed = copy.deepcopy(whole)
        _at(changed, path)["key_of_tomorrow"] = "sk-value-of-tomorrow"
        text = yaml.safe_dump(changed, sort_keys=False)
        found = imported(INPUTS[case.name], text, tmp_path / case.name)
        new = (*path, "key_of_tomorrow")
        above = {new[:length] for length in range(1, len(new))}
        lost = {note.path for note in found.notes if note.kind is Kind.LEFT_OUT}
        own = {note.path for note in found.notes}
        assert new in own or above & lost, f"nothing is said of {path}"
        assert "sk-value-of-tomorrow" not in "".join((*told(found), found.text or ""))


def _mappings(value: Any, path: ConfigPath = ()) -> Iterator[ConfigPath]:
    if isinstance(value, dict):
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, each in steps:
        if isinstance(each, dict | list):
            yield from _mappings(each, (*path, step))


def _at(value: Any, path: ConfigPath) -> Any:
    for step in path:
        value = value[step]
    return value


# ---- LiteLLM


def test_one_key_one_variable(tmp_path: Path) -> None:
    """The same literal key is the same variable; another key never gets the name of one in use."""
    found = litellm(
        """
        model_list:
          - {model_name: a, litellm_params: {model: gpt-4o, api_key: sk-1}}
          - {model_name: b, litellm_params: {model: gpt-4o, api_key: sk-2}}
          - {model_name: c, litellm_params: {model: gpt-4o, api_key: sk-1}}
          - {model_name: d, litellm_params: {model: gpt-4o}}
          - {model_name: e, litellm_params: {model: gpt-4o, api_key: os.environ/OPENAI_API_KEY_2}}
        """,
        tmp_path,
    )
    keys = [each["access_key"] for each in providers(found)]
    first, second = "$OPENAI_API_KEY_3", "$OPENAI_API_KEY_4"
    assert keys == [first, second, first, "$OPENAI_API_KEY", "$OPENAI_API_KEY_2"]


def test_an_address_that_is_none_becomes_a_variable(tmp_path: Path) -> None:
    """What documents put in pointed brackets is for the user to set; a password goes nowhere."""
    found = litellm(
        """
        model_list:
          - model_name: a
            litellm_params: {model: azure/a, api_base: <your-azure-endpoint>, api_key: x}
          - model_name: b
            litellm_params: {model: openai/b, api_base: "https://u:pass-word@h.corp/v1?key=k-e-y"}
        """,
        tmp_path,
    )
    assert [each["base_url"] for each in providers(found)] == [
        "$AZURE_API_BASE",
        "https://h.corp/v1",
    ]
    assert "pass-word" not in "".join(told(found))
    assert "k-e-y" not in "".join((*told(found), found.text or ""))


def test_anything_goes_to_the_provider_of_any_model(tmp_path: Path) -> None:
    """`*` is a provider without a model, as LiteLLM's wildcards are."""
    found = litellm(
        'model_list: [{model_name: "*", litellm_params: {model: "openai/*"}}]', tmp_path
    )
    (only,) = providers(found)
    assert (only["name"], only["provider"], only.get("model")) == ("openai", "openai", None)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ("timeout: 0", "a time limit is above 0"),
        ("timeout: soon", "it is no number"),
        ("timeout: .inf", "it is no number"),
        ("timeout: -1", "it is no number"),
        ("input_cost_per_token: 12", "too dear"),
        ("rpm: 5", "requests are not counted"),
        ("tpm: 5", "rate_limits: [{limit: {tokens: 5, unit: minute}}]"),
        ("weight: 5", "it is alone"),
        ("api_version: '1'", "only azure_openai"),
        ("api_base: [1]", "put the address"),
        ("api_key: ''", "it is no key"),
        ("litellm_credential_name: x", "no such name"),
    ],
)
def test_what_cannot_be_is_told(params: str, says: str, tmp_path: Path) -> None:
    """A value out of bounds is left out with its reason, and the rest is written."""
    text = f"model_list: [{{model_name: a, litellm_params: {{model: gpt-4o, {params}}}}}]"
    found = litellm(text, tmp_path)
    assert any(says in line for line in told(found)), told(found)
    assert providers(found)[0]["model"] == "gpt-4o"


def test_fallbacks_for_all(tmp_path: Path) -> None:
    """`*` falls back for each that has none of its own, and nobody to itself."""
    found = litellm(
        """
        model_list:
          - {model_name: a, litellm_params: {model: gpt-4o}}
          - {model_name: b, litellm_params: {model: gpt-4o-mini}}
          - {model_name: c, litellm_params: {model: o3}}
        litellm_settings: {fallbacks: [{"a": [c]}, {"*": [b, c]}]}
        """,
        tmp_path,
    )
    assert [each.get("fallbacks") for each in providers(found)] == [["c"], ["c"], ["b"]]


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("text", ["", "[]", "a: *b", "a: 1\na: 2", "{", "---\na: 1\n---\nb: 2"])
def test_no_sense_can_be_made(gateway: str, text: str, tmp_path: Path) -> None:
    """Then there is a problem with a place, and no config."""
    found = imported(gateway, text, tmp_path / "f")
    assert found.text is None
    assert found.problems


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(
    "text",
    [
        "a: 1",
        "model_list: 3",
        "model_list: [1, [], {}, {model_name: a}]",
        "model_list: [{model_name: [], litellm_params: {model: {}}}]",
        "model_list: [{model_name: a, litellm_params: []}]",
        "router_settings: []\nlitellm_settings: 3\ngeneral_settings: null",
        "strategy: {mode: fallback}\ntargets: []",
        "strategy: {mode: odd}\ntargets: [{}, 1, [], {strategy: 3}]",
        "strategy: {mode: loadbalance}\ntargets: [{weight: 0}, {weight: x}]",
        "strategy: {mode: conditional, conditions: [3, {query: 4}], default: x}\ntargets: [{}]",
        "override_params: [1]\nvirtual_key: {a: 1}",
    ],
)
def test_nothing_to_keep(gateway: str, text: str, tmp_path: Path) -> None:
    """A file of odd forms comes to notes, and no config."""
    found = imported(gateway, text, tmp_path / "f")
    assert found.text is None
    assert not found.problems
    assert told(found)


# ---- Portkey


def test_keys_in_either_spelling(tmp_path: Path) -> None:
    """`overrideParams` is `override_params`; what is said above holds below."""
    found = portkey(
        """{
        "requestTimeout": 1500, "overrideParams": {"model": "gpt-4o"},
        "strategy": {"mode": "fallback"},
        "targets": [
            {"provider": "openai", "apiKey": "sk-a"},
            {"provider": "openai", "apiKey": "sk-b", "overrideParams": {"model": "gpt-4o-mini"}}]
        }""",
        tmp_path,
    )
    first, second = providers(found)
    assert (first["model"], second["model"]) == ("gpt-4o", "gpt-4o-mini")
    assert first["timeout"] == second["timeout"] == "1.5s"
    assert (first["fallbacks"], second["name"]) == (["openai-2"], "openai-2")
    assert (first["access_key"], second["access_key"]) == ("$OPENAI_API_KEY", "$OPENAI_API_KEY_2")


def test_shares_in_shares(tmp_path: Path) -> None:
    """A load balance in a load balance is one pool, with the product of the shares."""
    found = portkey(
        """{"strategy": {"mode": "loadbalance"}, "targets": [
            {"provider": "openai", "api_key": "a", "weight": 0.5},
            {"strategy": {"mode": "loadbalance"}, "weight": 0.5, "targets": [
                {"provider": "openai", "api_key": "b", "weight": 3},
                {"provider": "openai", "api_key": "c", "weight": 1}]}]}""",
        tmp_path,
    )
    assert [each["weight"] for each in providers(found)] == [4, 3, 1]


def test_json_with_tabs(tmp_path: Path) -> None:
    """JSON may be indented by them, which YAML may not."""
    found = portkey('{\n\t"provider": "openai",\n\t"api_key": "sk-a"\n}', tmp_path)
    assert providers(found)[0]["provider"] == "openai"


# ---- values


@pytest.mark.parametrize(
    ("shares", "whole"),
    [
        (["0.7", "0.3"], [7, 3]),
        (["1", "1"], [1, 1]),
        (["900", "10"], [90, 1]),
        (["0", "2"], [0, 1]),
        (["0.0000001", "1"], [1, 1_000_000]),
    ],
)
def test_shares_in_whole_numbers(shares: list[str], whole: list[int]) -> None:
    """As small as they can be, and within what a config takes."""
    assert whole_shares([Fraction(each) for each in shares]) == whole


def test_prices_and_times_are_written_as_they_are_said() -> None:
    """No digits that come of counting in twos."""
    assert (million(0.0000025), million(1e-5), million(1.1e-7)) == (2.5, 10, 0.11)
    assert (duration(600), duration(0.25), duration(2_592_000)) == ("600s", "0.25s", "2592000s")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("os.environ/A_KEY", "A_KEY"),
        ("os.environ/A-KEY", "A_KEY"),
        ("$A", "A"),
        ("${A}", "A"),
        ("sk-a", None),
        ("https://$A", None),
        ("os.environ/1A", "_1A"),
    ],
)
def test_references(text: str, name: str | None) -> None:
    """A whole value may name a variable, in the spelling of either."""
    assert referred(text) == name


def test_a_model_keeps_its_own_slash() -> None:
    """A config takes a kind in front for the provider, so a model that begins so has it twice."""
    assert model_of("openrouter", "openrouter/auto") == "openrouter/openrouter/auto"
    assert model_of("groq", "openai/gpt-oss-120b") == "openai/gpt-oss-120b"
