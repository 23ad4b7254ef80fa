"""The key of the hashes."""

from __future__ import annotations

from pathlib import Path

from extproc.record.telling import Telling, home_key


def test_a_home_has_one_key(tmp_path: Path) -> None:
    """Both processes hash alike, and nobody else can."""
    path = tmp_path / "hash.key"
    key = home_key(path)
    assert (home_key(path), len(key)) == (key, 32)
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["hash.key"]


def test_hashes_need_the_key() -> None:
    """A guessed text cannot be checked against its hash without it."""
    one, other = (Telling("none", key).prompt("yes") for key in (b"a", b"b"))
    assert one["hash"] != other["hash"]
    assert "yes" not in repr(one)


def test_types_of_values_are_told() -> None:
    """A boolean is no integer."""
    told = Telling("none", b"k")
    kinds = [told.value(value)["type"] for value in (None, True, 1, 1.5, "a", [1], {"a": 1})]
    assert kinds == ["null", "boolean", "integer", "number", "string", "array", "object"]
