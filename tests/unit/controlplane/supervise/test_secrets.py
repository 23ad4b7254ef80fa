"""Keys on disk: modes, atomic replacement, and nothing left afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controlplane.supervise.secrets import SecretStore

FILES = {"key-a.key": "sk-a", "key-a.sds.yaml": "a"}


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    store = SecretStore(tmp_path / "secrets")
    store.prepare()
    return store


def _content(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}


def test_only_we_can_read(tmp_path: Path, store: SecretStore) -> None:
    """Files are 0600 in a 0700 directory, even under a lenient umask."""
    before = os.umask(0)
    try:
        store.write(FILES)
    finally:
        os.umask(before)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}
    assert _content(tmp_path) == FILES


def test_replacement_is_a_new_file(tmp_path: Path, store: SecretStore) -> None:
    """A reader that has the old file open keeps the whole old key."""
    store.write(FILES)
    with (tmp_path / "secrets/key-a.key").open() as reader:
        store.write({"key-a.key": "sk-new"})
        assert reader.read() == "sk-a"
    assert _content(tmp_path)["key-a.key"] == "sk-new"


def test_failed_write_leaves_the_old_key(
    tmp_path: Path, store: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a half key nor a temporary file remains when the rename fails."""
    store.write(FILES)

    def fail(*_: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk"):
        store.write({"key-a.key": "sk-new"})
    assert _content(tmp_path) == FILES


def test_write_new_touches_nothing_that_is_there(tmp_path: Path, store: SecretStore) -> None:
    """Before a config is accepted only what it adds may be on disk."""
    store.write(FILES)
    added = store.write_new({"key-a.key": "other", "key-b.key": "sk-b"})
    assert added == {"key-b.key"}
    assert _content(tmp_path) == {**FILES, "key-b.key": "sk-b"}


def test_rotation_renews_the_file_that_names_the_key(tmp_path: Path, store: SecretStore) -> None:
    """Envoy looks at a key again when its SDS file is renamed, so that is renewed too."""
    store.write({**FILES, "key-b.key": "sk-b", "key-b.sds.yaml": "b"})
    before = {path.name: path.stat().st_ino for path in (tmp_path / "secrets").iterdir()}
    files = {**FILES, "key-a.key": "sk-2", "key-b.key": "sk-b", "key-b.sds.yaml": "b"}
    assert store.rotate(files) == {"key-a.key"}
    after = {path.name: path.stat().st_ino for path in (tmp_path / "secrets").iterdir()}
    assert {name for name in after if after[name] != before[name]} == set(FILES)


def test_keep_only_and_clear(tmp_path: Path, store: SecretStore) -> None:
    """Keys nobody needs go, and at the end the directory goes."""
    store.write({**FILES, "old.key": "sk-old"})
    store.keep_only(FILES)
    assert _content(tmp_path) == FILES
    store.clear()
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("name", ["../x.key", "/etc/x", ".hidden", "a/b.key"])
def test_name_stays_in_the_directory(store: SecretStore, name: str) -> None:
    """A name that leads elsewhere is refused."""
    with pytest.raises(ValueError, match="plain file name"):
        store.write({name: "x"})
