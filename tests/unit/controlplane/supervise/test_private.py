"""Nothing is made, opened or told where another user may have laid a trap."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.home_paths import Home
from controlplane.supervise.home import take_home
from controlplane.supervise.lock import Lock, is_held
from controlplane.supervise.private import UnsafeError, appending, private_directory
from tests.unit.controlplane.supervise.others import of_another_user


def test_open_directory_is_closed(tmp_path: Path) -> None:
    """A directory others can look into is made 0700 before a key goes in."""
    (tmp_path / "open").mkdir(mode=0o755)
    private_directory(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_link_is_refused(tmp_path: Path) -> None:
    """A link in the directory's place may lead anywhere."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UnsafeError, match="not a directory"):
        private_directory(tmp_path / "link")


@pytest.mark.parametrize("below", ["home", "no/such/home"])
def test_directory_of_another_user_is_refused_untouched(
    tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner may put anything in the place of what we would make there."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    of_another_user(theirs, monkeypatch)
    with pytest.raises(UnsafeError, match="another user"):
        private_directory(theirs / below)
    assert list(theirs.iterdir()) == []


def test_directory_below_one_that_is_open_to_all_is_refused(tmp_path: Path) -> None:
    """Anybody could move it away and put one of theirs there; /tmp is sticky against that."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(UnsafeError, match="chmod o-w"):
        private_directory(tmp_path / "open" / "home")
    (tmp_path / "way").symlink_to(tmp_path / "open")
    with pytest.raises(UnsafeError, match="chmod o-w"):
        private_directory(tmp_path / "way" / "home")
    (tmp_path / "open").chmod(0o1777)
    private_directory(tmp_path / "open" / "home")


def test_where_nobody_else_is_a_folder_may_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's own `/tmp` may be an emptyDir, which anybody may write; the home itself is shut."""
    monkeypatch.setenv("ARCHGW_SOLE_USER", "1")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    private_directory(tmp_path / "open" / "home")
    assert (tmp_path / "open" / "home").stat().st_mode & 0o777 == 0o700


def test_home_that_was_open_to_all_is_taken_only_empty(tmp_path: Path) -> None:
    """What lies in it may be anybody's link."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    home = Home(tmp_path / "h", tmp_path / "h" / "logs")
    home.folder.mkdir()
    home.folder.chmod(0o777)
    home.lock_file.symlink_to(victim)
    with pytest.raises(UnsafeError, match="anybody"):
        take_home(home, "")
    assert victim.read_text() == "precious"
    home.lock_file.unlink()
    take_home(home, "").release()
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither by the lock, which empties its file, nor by a log."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        Lock(tmp_path / "link").take("")
    with pytest.raises(OSError, match="symbolic links"):
        appending(tmp_path / "link")
    assert not is_held(tmp_path / "link")
    assert victim.read_text() == "precious"
