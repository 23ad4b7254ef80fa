"""`archgw usage`: lines of the log, whole and broken, old and new, as sums."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from controlplane.cli.main import main
from controlplane.defaults import USAGE_FILES_KEPT

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)


def line(hours: float = 0, **otherwise: Any) -> str:
    at = (NOW - dt.timedelta(hours=hours)).isoformat(timespec="milliseconds")
    usual = {
        "time": at.replace("+00:00", "Z"), "client_name": "web", "provider": "one",
        "model": "gpt-one", "status": 200, "flags": "-", "attempts": 1, "prompt_tokens": 100,
        "cached_tokens": 40, "completion_tokens": 10, "total_tokens": 110, "cost": 0.25,
    }  # fmt: skip
    return json.dumps({**usual, **otherwise})


UNTOLD = {f"{kind}_tokens": None for kind in ("prompt", "cached", "completion", "total")} | {
    "cost": None
}


def write(folder: Path, name: str, *lines: str, hours: float = 0) -> None:
    file = folder / "logs" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{each}\n" for each in lines))
    written = NOW.timestamp() - 3600 * hours
    os.utime(file, (written, written))


def added_up(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["usage", "--home", str(folder), "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_sums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By name; who is not known by one is null. The dearest is first."""
    write(tmp_path, "usage.log", line(client_name=None), line(), line(cost=1.5))
    found = added_up(tmp_path, capsys, "--by", "client")
    assert [(row["name"], row["requests"], row["cost"]) for row in found["rows"]] == [
        ("web", 2, 1.75),
        (None, 1, 0.25),
    ]
    total = found["total"]
    assert (total["prompt_tokens"], total["cached_tokens"], total["completion_tokens"]) == (
        300,
        120,
        30,
    )


@pytest.mark.parametrize(
    ("of_the_line", "failed"),
    [
        ({"status": 200}, 0),
        ({"status": 429}, 1),
        ({"status": 0, "flags": "DC"}, 1),
        ({"flags": "UC"}, 1),
        ({"flags": "DC"}, 0),
        ({"flags": "DC,UPE"}, 1),
        ({"flags": None}, 0),
    ],
)
def test_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], of_the_line: dict[str, Any], failed: int
) -> None:
    """An error, half an answer or none; not that the client had enough of it."""
    write(tmp_path, "usage.log", line(**of_the_line))
    assert added_up(tmp_path, capsys)["total"]["failed"] == failed


def test_what_no_price_or_no_count_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cost that nobody knows is null and not nothing; both are told."""
    lines = [line(cost=None), line(**UNTOLD), line(**UNTOLD, status=500)]
    write(tmp_path, "usage.log", *lines)
    total = added_up(tmp_path, capsys)["total"]
    assert (total["unpriced"], total["uncounted"], total["cost"]) == (1, 1, None)
    assert main(["usage", "--home", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "1 answers of providers without a `price` cost nothing here" in shown
    assert "1 answers did not tell their tokens" in shown


def test_rotated_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As far back as is asked for."""
    write(tmp_path, "usage.log", line(1))
    write(tmp_path, "usage.log.1", line(30), line(2), hours=2)
    write(tmp_path, "usage.log.2", line(100), line(50), hours=50)
    requests = [
        added_up(tmp_path, capsys, "--since", since)["total"]["requests"]
        for since in ("90m", "24h", "3d", "1w", "2020-01-01")
    ]
    assert requests == [1, 2, 4, 5, 5]


def test_packed_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As logrotate leaves them behind."""
    write(tmp_path, "usage.log", line())
    packed = tmp_path / "logs" / "usage.log.2.gz"
    packed.write_bytes(gzip.compress(f"{line()}\n{line()}\n".encode()))
    found = added_up(tmp_path, capsys)
    assert (found["total"]["requests"], found["unread_lines"]) == (3, 0)
    for broken in (packed.read_bytes()[:-9], b"plain"):
        packed.write_bytes(broken)
        assert added_up(tmp_path, capsys)["unread_lines"] == 1


def test_what_is_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where older files have been removed, the log may not go back as far as it was asked to."""
    write(tmp_path, "usage.log", line(1))
    for number in range(1, USAGE_FILES_KEPT + 1):
        write(tmp_path, f"usage.log.{number}", line(1 + number), hours=number)
        assert main(["usage", "--home", str(tmp_path), "--since", "12h"]) == 0
        told = "the log goes back to" in capsys.readouterr().out
        assert told is (number == USAGE_FILES_KEPT)


def test_broken_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are counted and left out: a disk was full."""
    write(tmp_path, "usage.log", line(), line()[:40], "[]", '{"time": 3}', "\0\0\0", line())
    found = added_up(tmp_path, capsys)
    assert (found["total"]["requests"], found["unread_lines"]) == (2, 4)


def test_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said plainly, and what begins one."""
    assert main(["usage", "--home", str(tmp_path)]) == 2
    assert "no usage.log" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["soon", "24", "1y", "99999999d"])
def test_no_time(text: str) -> None:
    """What is no time is said to be none."""
    with pytest.raises(SystemExit):
        main(["usage", "--since", text])
