"""Where the console says it is."""

from __future__ import annotations

import json
from pathlib import Path

from controlplane.console.place import Place, told_in


def test_the_file_is_for_this_user_alone(tmp_path: Path) -> None:
    """The link opens the console; it is gone when that ends."""
    file, place = tmp_path / "console.json", Place("::1", 4)
    with told_in(file, place):
        assert json.loads(file.read_text())["url"] == f"http://[::1]:4/#{place.token}"
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_another_stays(tmp_path: Path) -> None:
    """Whoever came later has it."""
    file = tmp_path / "console.json"
    with told_in(file, Place("127.0.0.1", 4)):
        file.write_text('{"pid": 1, "url": "x"}')
    assert file.exists()


def test_every_token_is_another() -> None:
    """Of each console its own."""
    assert Place("127.0.0.1", 4).token != Place("127.0.0.1", 4).token
