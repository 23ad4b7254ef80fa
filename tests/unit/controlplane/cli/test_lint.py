"""`archgw lint` and `archgw schema` as a user runs them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane.cli.main import main

GOOD = """\
version: v0.1
llm_providers:
  - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
"""
SEED = Path(__file__).parents[3] / "golden" / "seed_v0_1" / "in.yaml"


@pytest.fixture
def good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return path


def test_clean(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound config: exit code 0, and a word to say so."""
    assert main(["lint", str(good)]) == 0
    assert capsys.readouterr().out == "no problems in 1 file\n"


def test_warnings_and_strict(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings alone exit with 0, with --strict with 1."""
    monkeypatch.delenv("OPENAI_API_KEY")
    assert main(["lint", str(good)]) == 0
    assert main(["lint", "--strict", str(good)]) == 1


def test_errors_in_several_files(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every problem of every file in one run, exit code 1."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD + "listner: {}\nendpoint: {}\n")
    assert main(["lint", "--format", "json", str(good), str(bad)]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [(each["code"], each["line"]) for each in problems] == [("AG101", 4), ("AG101", 5)]
    assert {each["file"] for each in problems} == {str(bad)}


def test_could_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, or none at all: exit code 2."""
    assert main(["lint", str(tmp_path / "none.yaml")]) == 2
    assert "no such file" in capsys.readouterr().out
    assert main(["lint"]) == 2


def test_fix_writes_the_file(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--fix mends the file and reports what is left."""
    good.write_text(GOOD + "listener: {port_value: 10000} # keep me\n")
    assert main(["lint", "--fix", "--strict", str(good)]) == 0
    assert good.read_text() == GOOD + "listener: {port: 10000} # keep me\n"
    assert main(["lint", "--fix", "--strict", str(good)]) == 0


@pytest.mark.parametrize(
    "key",
    [
        "sk-canary0123",
        "sk canary0123:77 x",
        "https://sk-canary0123:9999/canary0123?canary0123",
        "user:canary0123@h:80",
        "canary0123.canary0123:99",
        "http://[canary0123]:80",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_variable_holds_is_never_shown(
    key: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A key in the place of an address makes problems, and none of them tells it."""
    monkeypatch.setenv("KEY", key)
    (tmp_path / "arch_config.yaml").write_text(
        "version: v0.1\n"
        "llm_providers:\n"
        "  - {name: one, provider: local, endpoint: $KEY, model: x, default: true}\n"
        "  - {name: two, provider: openai, base_url: $KEY, model: x}\n"
        "endpoints:\n"
        "  app: {endpoint: $KEY}\n"
        "  other: {endpoint: '$KEY:80'}\n"
    )
    assert main(["lint", str(tmp_path / "arch_config.yaml"), "--format", form]) == 1
    shown = capsys.readouterr()
    assert "AG201" in shown.out or "AG702" in shown.out or "AG504" in shown.out
    assert "canary0123" not in (shown.out + shown.err)


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """--explain prints the manual; for an unknown code, the nearest one."""
    assert main(["lint", "--explain", "ag501"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("AG501 (warning): An access key stands in the file itself.")
    assert "Wrong:" in out
    assert "Right:" in out
    assert main(["lint", "--explain", "AG5011"]) == 2
    assert "did you mean `AG501`?" in capsys.readouterr().err


def test_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`archgw schema` prints JSON, or writes it to a file."""
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert "llm_providers" in json.loads(printed)["properties"]
    assert main(["schema", "-o", str(tmp_path / "schema.json")]) == 0
    assert (tmp_path / "schema.json").read_text() == printed


def test_lint_stays_light() -> None:
    """Linting imports nothing of Envoy, gRPC or the models: it is to be instant."""
    code = (
        "import sys; from controlplane.cli.main import main; main(['lint', sys.argv[1]]);"
        "print([name for name in ('envoy_data_plane', 'grpc', 'numpy', 'aiohttp', 'asyncio',"
        " 'google.protobuf') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(SEED)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` is read once, from the standard input, and so called in problems."""
    stdin = io.TextIOWrapper(io.BytesIO(GOOD.encode() + b"listner: {}\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["lint", "--json", "-"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert ("<stdin>", "AG101", 4) in {(p["file"], p["code"], p["line"]) for p in problems}
    assert main(["lint", "--fix", "-"]) == 2


def test_folders_and_patterns(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Configs below a folder, other YAML and hidden folders left alone; patterns the shell left."""
    below = tmp_path / "conf" / "deep"
    below.mkdir(parents=True)
    (below / "a.yml").write_text(GOOD)
    (below / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "conf" / ".git").mkdir()
    (tmp_path / "conf" / ".git" / "b.yaml").write_text(GOOD + "zzz: 1\n")
    assert main(["lint", str(tmp_path / "conf")]) == 0
    assert "no problems in 1 file" in capsys.readouterr().out
    assert main(["lint", str(good), str(tmp_path / "**" / "*.yml")]) == 0
    assert "no problems in 2 files" in capsys.readouterr().out
    assert main(["lint", str(tmp_path / "*.none")]) == 2
    assert "no config at" in capsys.readouterr().err


def test_fix_tells_and_diff_shows(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--fix says what it mended and where; --diff is a patch of the same, and writes nothing."""
    text = GOOD + "listener: {port_value: 10000}\n"
    good.write_text(text)
    assert main(["lint", "--diff", str(good)]) == 1
    patch = capsys.readouterr().out
    assert "\n-listener: {port_value: 10000}\n+listener: {port: 10000}\n" in patch
    assert good.read_text() == text
    assert main(["lint", "--fix", str(good)]) == 0
    told = capsys.readouterr().out.splitlines()[0]
    assert told == f"{good}:4: fixed AG109 `port_value` is called `port` here"
    assert main(["lint", "--diff", str(good)]) == 0
