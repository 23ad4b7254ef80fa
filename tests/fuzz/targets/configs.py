"""Configs: any text is read to the end, and no string of one becomes code on the way to Envoy."""

from __future__ import annotations

import collections
import contextlib
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import yaml
from lupa.luajit21 import LuaRuntime

from controlplane import report
from controlplane.compile import check_bytes, check_text
from controlplane.defaults import Machine
from controlplane.emit import emit
from controlplane.emit.bootstrap import static_bootstrap
from controlplane.emit.render import to_json
from controlplane.home_paths import Home
from controlplane.lower import lower
from controlplane.problem import for_compile, has_errors
from controlplane.reading.document import lines
from controlplane.reading.fix import fixed
from controlplane.supervise.plan import key_files
from tests.e2e.harness import ENVOY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from controlplane import ir
    from controlplane.compile import Checked
    from tests.fuzz.targets import Check

FILE = Path("in.yaml")
HOME = Home(Path("/home/archgw"), Path("/home/archgw/logs"))
VARIABLES = {"K": "a-key-of-the-provider"}
_SECONDS = 5.0


@contextlib.contextmanager
def texts() -> Iterator[Check]:
    """Any bytes as a file: problems with their places, or a gateway that can be built."""

    def check(data: bytes) -> None:
        began = time.process_time()
        checked = check_bytes(data, FILE, VARIABLES)
        assert checked.document is not None or checked.problems
        located = checked.located()
        if checked.document is not None and checked.text is not None:
            count = len(lines(checked.text))
            assert all(1 <= each.position.line <= count for each in located)
            once = fixed(checked.text, VARIABLES).text
            assert fixed(once, VARIABLES).text == once
        for form in report.FORMATS.values():
            form(located)
        json.loads(report.as_sarif(located))
        _built(checked)
        assert time.process_time() - began < _SECONDS

    yield check


def _built(checked: Checked) -> ir.Gateway | None:
    """What lint lets through can be built."""
    if checked.model is None or has_errors(for_compile(checked.problems)):
        return None
    gateway = lower(checked.model, Machine(certifi.where()))
    emit(gateway, HOME)
    return gateway


# Strings ------------------------------------------------------------------------------------------

PLAIN = {
    "provider": "one",
    "model": "gpt-one",
    "provider header": "x-team",
    "provider header value": "blue",
    "alias": "clever",
    "limit header": "x-user",
    "limit value": "ann",
    "endpoint": "app",
    "host": "app.internal",
    "target": "weather",
    "description": "The weather of a city",
    "path": "/weather/{city}",
    "api header": "x-version",
    "api header value": "2",
    "parameter": "city",
    "parameter description": "The city",
    "choice": "Rome",
    "pattern": "[A-Z][a-z]+",
    "target prompt": "Be brief.",
    "system prompt": "You are kind.",
    "refusal": "I would rather not.",
    "client": "web",
    "origin": "https://page.test",
    "error target": "/errors",
    "base url path": "/v1",
    "question": "Which {what}?",
    "service": "gateway",
}
"""A harmless string for each place in a config where a user writes one."""
NAMES = tuple(PLAIN)


def config(**said: str) -> dict[str, Any]:
    """With these strings in the place of the harmless ones."""
    word = PLAIN | {name.replace("_", " "): text for name, text in said.items()}
    auth = {"api_keys": [{"name": word["client"], "key": "$K"}]}
    return {
        "version": "v0.1",
        "listeners": {
            "egress_traffic": {
                "address": "127.0.0.1",
                "port": 12000,
                "auth": auth,
                "cors": word["origin"],
            },
            "ingress_traffic": {"address": "127.0.0.1", "port": 10000, "auth": auth},
        },
        "llm_providers": [_provider(word)],
        "model_aliases": {word["alias"]: {"target": word["model"]}},
        "endpoints": {
            word["endpoint"]: {"endpoint": "127.0.0.1:8000", "http_host": word["host"]},
        },
        "system_prompt": word["system prompt"],
        "prompt_guards": {
            "input_guards": {"jailbreak": {"on_exception": {"message": word["refusal"]}}}
        },
        "prompt_targets": [_target(word)],
        "error_target": {
            "endpoint": {"name": word["endpoint"], "path": word["error target"]},
        },
        "tracing": {"otlp": "http://127.0.0.1:4318", "service_name": word["service"]},
        "overrides": {"stats_port": 0, "messages": {"ask": word["question"]}},
    }


def _provider(word: Mapping[str, str]) -> dict[str, Any]:
    selector = {"key": word["limit header"], "value": word["limit value"]}
    return {
        "name": word["provider"],
        "provider": "openai",
        "base_url": "https://api.test" + word["base url path"],
        "model": word["model"],
        "access_key": "$K",
        "default": True,
        "headers": {word["provider header"]: word["provider header value"]},
        "rate_limits": [{"selector": selector, "limit": {"tokens": 1000, "unit": "day"}}],
    }


def _target(word: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": word["target"],
        "description": word["description"],
        "system_prompt": word["target prompt"],
        "endpoint": {
            "name": word["endpoint"],
            "path": word["path"],
            "http_headers": {word["api header"]: word["api header value"]},
        },
        "parameters": [
            {
                "name": word["parameter"],
                "type": "str",
                "description": word["parameter description"],
                "enum": [word["choice"], "Oslo"],
                "pattern": word["pattern"],
                "required": True,
            }
        ],
    }


def hostile(data: bytes) -> dict[str, str]:
    """Two places and what is said in them: a byte for each, and a byte that no text has between."""
    first, _, second = data[2:].partition(b"\xff")
    places = [NAMES[byte % len(NAMES)] for byte in data[:2]]
    said = [piece.decode("utf-8", "replace") for piece in (first, second)]
    return {name: text for name, text in zip(places, said, strict=False) if text}


def checked_with(said: dict[str, str]) -> Checked:
    written = config(**{name.replace(" ", "_"): text for name, text in said.items()})
    return check_text(yaml.dump(written, Dumper=_Plainly, allow_unicode=True), FILE, VARIABLES)


class _Plainly(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


@contextlib.contextmanager
def strings() -> Iterator[Check]:
    """Hostile strings in place of harmless ones: refused, or they mean what they say and no more."""
    plain = _plain_code()

    def check(data: bytes) -> None:
        gateway = _built(checked_with(hostile(data)))
        if gateway is not None:
            told = _told(gateway)
            _is_lua(told)
            assert _code(told) == plain

    yield check


@contextlib.contextmanager
def validated() -> Iterator[Check]:
    """The same, and a real Envoy takes what comes of them."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        home = Home(Path(name), Path(name) / "logs")
        for folder in (home.run, home.secrets, home.logs):
            folder.mkdir()

        def check(data: bytes) -> None:
            gateway = _built(checked_with(hostile(data)))
            if gateway is None:
                return
            resources = emit(gateway, home)
            for file, text in (*key_files(gateway, home).items(), *resources.secret_files):
                (home.secrets / file).write_text(text)
            home.bootstrap_file.write_text(to_json(static_bootstrap(home, resources)))
            command = [str(ENVOY), "--mode", "validate", "-l", "error"]
            command += ["-c", str(home.bootstrap_file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr[-2000:]

        yield check


def _told(gateway: ir.Gateway) -> Any:
    return json.loads(to_json(static_bootstrap(HOME, emit(gateway, HOME))))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string, after the keys that lead to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, place)


def _scripts(told: Any) -> Iterator[str]:
    return (text for _, text in _leaves(told) if _IS_SCRIPT in text)


def _is_lua(told: Any) -> None:
    runtime = LuaRuntime()
    for script in _scripts(told):
        runtime.compile(script)


_IS_SCRIPT = "function envoy_on_"
_TAKEN_AS_IT_IS = re.compile(
    r"\.(name|path|exact|hostname|service_name|entries\.value|direct_response\.body\.inline_string"
    r"|filter_metadata\.arch\.cluster\.(provider|model))$"
)
"""Where Envoy puts nothing in the place of a `%COMMAND%`, and the names of a config stand."""
_FORMATTED = re.compile(r"%[A-Z_]+(?:\([^)%]*\))?(?::\d+)?%")
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_ITEM = re.compile(r'(?:\[""\]=)?"",?')


def _code(told: Any) -> tuple[Any, Any]:
    """What Envoy would run of it: what it puts into texts, and Lua without its strings."""
    formats = collections.Counter(
        command
        for place, text in _leaves(told)
        if _IS_SCRIPT not in text and not _TAKEN_AS_IT_IS.search(place)
        for command in _FORMATTED.findall(text.replace("%%", ""))
    )
    scripts = collections.Counter(
        _ITEM.sub("", _LITERAL.sub('""', script)) for script in _scripts(told)
    )
    return formats, scripts


def _plain_code() -> tuple[Any, Any]:
    checked = checked_with({})
    gateway = _built(checked)
    assert gateway is not None, [problem.message for problem in checked.problems]
    return _code(_told(gateway))
