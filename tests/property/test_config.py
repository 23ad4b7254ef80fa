"""Whatever a config holds, reading it ends with problems or a model, never with a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane import report
from controlplane.compile import Checked, check, check_text
from controlplane.reading import fix
from controlplane.reading.document import lines
from controlplane.reading.keys import CONFIG
from controlplane.reading.mappings import Table
from controlplane.reading.values import Listing, Named, Shape

FILE = Path("in.yaml")
SPECS = [
    path.read_text("utf-8")
    for path in sorted((Path(__file__).parents[1] / "golden").glob("*/in.yaml"))
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 100_000),
    st.floats(),
    st.sampled_from(["$K", "${NONE}", "$$", "5s", "0s", "1:2", "no", "010", "“a”", "a | b"]),
    st.sampled_from(["openai", "local", "http://a:1/x", "127.0.0.1:80", "[::1]:8", "GET", "{x}"]),
    st.text(max_size=8),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Mostly what the shape is made for, at times anything."""
    if isinstance(shape, Table):
        keys = {name: values(key.shape) for name, key in shape.keys.items()}
        odd = st.dictionaries(st.text(max_size=6), SCALARS, max_size=1)
        known = st.fixed_dictionaries({}, optional=keys)
        return st.one_of(st.builds(lambda one, two: {**two, **one}, known, odd), SCALARS)
    if isinstance(shape, Listing):
        return st.lists(values(shape.item), max_size=3) | values(shape.item)
    if isinstance(shape, Named):
        names = st.sampled_from(["app", "other", "default", "a b"])
        return st.dictionaries(names, values(shape.item), max_size=3)
    return st.one_of(SCALARS, TREES)


def read_all(text: str) -> Checked:
    checked = check_text(text, FILE, {"K": "a-key"})
    if checked.document is None:
        assert checked.problems
        assert all(problem.position for problem in checked.problems)
        return checked
    located = checked.located()
    count = len(lines(text))
    assert all(1 <= each.position.line <= count for each in located)
    for form in report.FORMATS.values():
        form(located)
    json.loads(report.as_json(located))
    json.loads(report.as_sarif(located))
    return checked


@given(st.text())
def test_any_text(text: str) -> None:
    """Text of any kind is read to the end."""
    read_all(text)


@given(st.binary())
def test_any_bytes(tmp_path_factory: Any, raw: bytes) -> None:
    """A file of any bytes is read to the end."""
    path = tmp_path_factory.mktemp("config") / "in.yaml"
    path.write_bytes(raw)
    checked = check(path, {})
    assert checked.document is not None or checked.problems


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(values(CONFIG))
def test_any_values_under_known_keys(tree: Any) -> None:
    """Any value under any known key gives problems or a model, in every rendering."""
    read_all(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SPECS), st.data())
def test_damaged_configs(text: str, data: st.DataObject) -> None:
    """A config with a piece cut out or put in twice is read to the end."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 200)))
    piece = data.draw(st.sampled_from(["", text[start:end] * 2, "\t", "{", "'", "&a", "*a", ": "]))
    read_all(text[:start] + piece + text[end:])


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(values(CONFIG))
def test_fix_settles(tree: Any) -> None:
    """Mending a mended text changes nothing, and the text still has its model."""
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    once = fix.fixed(text, {"K": "a-key"}).text
    assert fix.fixed(once, {"K": "a-key"}).text == once
    before, after = read_all(text).model, read_all(once).model
    assert (before is None) == (after is None)
