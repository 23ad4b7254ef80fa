"""The command line itself: exit codes, help, completion, and how quick it is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from controlplane.cli import terminal
from controlplane.cli.main import COMMANDS, main
from controlplane.cli.terminal import coloured
from controlplane.compile import compile_file
from controlplane.home_paths import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controlplane.cli", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command ends with 0 and shows its usage."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: archgw {command}" in capsys.readouterr().out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the list is shown, as is most useful then; that is no failure."""
    assert main([]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert re.search(rf"\n    {command}\s", shown)


def test_explain_knows_the_clients(tmp_path: Path) -> None:
    """A client that the prompt listener does not know is no way to explain a prompt."""
    config = tmp_path / "arch_config.yaml"
    config.write_text(
        "listeners: {ingress_traffic: {auth: {api_keys: [{name: web, key: not-a-real-key-at-all}]}}}\n"
        "prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}\n"
        "llm_providers: [{name: m, provider: local, endpoint: 127.0.0.1:1, model: m}]\n"
    )
    done = run(
        "explain", "hello", "-c", str(config), "--client", "wbe", "--home", str(tmp_path / "h")
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("knows no client wbe: did you mean `web`?")


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and no traceback."""
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "invalid choice: 'fly'" in capsys.readouterr().err


def test_start_is_quick() -> None:
    """Finding a command imports neither asyncio, gRPC, YAML nor Envoy's messages."""
    code = (
        "import sys; from controlplane.cli.main import parser; parser({'up', 'status', 'reload'});"
        "import controlplane.cli.up, controlplane.cli.status, controlplane.cli.down;"
        "heavy = {'asyncio', 'grpc', 'yaml', 'envoy_data_plane', 'betterproto2', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_interrupt_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is exit status 130, as shells expect."""
    from controlplane.cli import status

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "run", interrupted)
    assert main(["status"]) == 130


def test_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """`archgw logs | head -1` prints no complaint."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "envoy.log").write_text("line\n" * 50_000)
    home = f"--home {tmp_path} -n 50000"
    command = f"{sys.executable} -m controlplane.cli logs {home} | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "line\n"
    assert done.stderr == ""


def test_unwritable_output_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of the system names the file; exit status 2."""
    config = tmp_path / "arch.yaml"
    assert main(["init", str(config)]) == 0
    target = tmp_path / "no" / "such" / "x.yaml"
    assert main(["compile", str(config), "--emit", "ir", "-o", str(target)]) == 2
    assert f"{target}: No such file or directory" in capsys.readouterr().err


# ---- up, down, status, reload without a gateway


def test_up_without_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says where it looked and how to get one."""
    assert main(["up", "--path", str(tmp_path), "--home", str(tmp_path / "h")]) == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "arch_config.yaml") in told
    assert "archgw init" in told
    assert not (tmp_path / "h").exists()


def test_status_and_reload_without_a_gateway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` is 1, `reload` 2, `down` 0; each says that none runs."""
    home = ["--home", str(tmp_path)]
    assert main(["status", *home]) == 1
    assert main(["status", "--json", *home]) == 1
    assert '"state": "stopped"' in capsys.readouterr().out
    assert main(["reload", *home]) == 2
    assert "no gateway runs" in capsys.readouterr().err
    assert main(["down", *home]) == 0


def test_failures_are_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`up --json` and `reload --json` print a verdict whatever became of them."""
    home = ["--home", str(tmp_path / "h")]
    assert main(["up", str(tmp_path / "none.yaml"), "--json", *home]) == 2
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["ok"], verdict["code"]) == (False, 2)
    assert "no config at" in verdict["summary"]
    assert main(["reload", "--json", *home]) == 2
    assert "no gateway runs" in json.loads(capsys.readouterr().out)["summary"]


def test_a_folder_stands_for_the_config_in_it(tmp_path: Path) -> None:
    """`archgw up DIR` is `archgw up DIR/arch_config.yaml`."""
    (tmp_path / "arch_config.yml").write_text("version: v0.1\n")
    assert main(["up", str(tmp_path), "--home", str(tmp_path / "h")]) == 1


def test_progress_is_told_after_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of what is quick; of what is slow the latest word, though no new one comes."""
    monkeypatch.setattr(terminal, "_QUIET_FOR", 0.05)
    with terminal.Patience("first") as patience:
        patience.say("second")
    assert capsys.readouterr().err == ""
    with terminal.Patience("first") as patience:
        time.sleep(0.3)
        patience.say("second")
    assert capsys.readouterr().err == "… first\n… second\n"


def test_status_tells_why_the_last_one_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a crash loop the reason is there to read."""
    (tmp_path / "last-failure.txt").write_text("envoy is in a crash loop\n")
    assert main(["status", "--home", str(tmp_path)]) == 1
    assert "envoy is in a crash loop" in capsys.readouterr().out


# ---- logs


def test_logs_shows_the_end_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last lines of every log under its name; one by name without a heading."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "envoy.log").write_text("e1\ne2\ne3\n")
    (logs / "supervisor.log").write_text("s1\n")
    assert main(["logs", "--home", str(tmp_path), "-n", "2"]) == 0
    assert capsys.readouterr().out == "==> envoy.log <==\ne2\ne3\n==> supervisor.log <==\ns1\n"
    assert main(["logs", "envoy", "--home", str(tmp_path), "-n", "1"]) == 0
    assert capsys.readouterr().out == "e3\n"


def test_logs_of_an_unknown_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The names that are there are listed."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "envoy.log").write_text("")
    assert main(["logs", "envoi", "--home", str(tmp_path)]) == 2
    assert "there: envoy" in capsys.readouterr().err


def test_followed_log_shows_what_is_added(tmp_path: Path) -> None:
    """New lines come, whole unless very long, also after a rotation of either kind."""
    logs = tmp_path / "logs"
    logs.mkdir()
    file = logs / "envoy.log"
    file.write_text("old\n")
    command = [sys.executable, "-m", "controlplane.cli", "logs", "-f", "--home", str(tmp_path)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    follower = subprocess.Popen(
        [*command, "envoy"], cwd=ROOT, env=buffered, stdout=subprocess.PIPE, text=True
    )
    try:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "old\n"
        with file.open("a") as writer:
            writer.write("half")
            writer.flush()
            writer.write(" and whole\n")
        assert follower.stdout.readline() == "half and whole\n"
        with file.open("a") as writer:
            writer.write("x" * 300_000 + "\nafter\n")
        pieces = [follower.stdout.readline() for _ in range(3)]
        assert "".join(pieces) == "x" * 262_144 + "\n" + "x" * 37_856 + "\nafter\n"
        file.write_text("new\n")
        assert follower.stdout.readline() == "new\n"
        file.rename(logs / "envoy.log.1")
        file.write_text("longer than what was shown of the old one\n")
        assert follower.stdout.readline() == "longer than what was shown of the old one\n"
    finally:
        follower.kill()
        follower.communicate()


# ---- init, compile, completion


def test_starter_config_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` writes compiles without a remark, and is not written over."""
    file = tmp_path / "arch_config.yaml"
    assert main(["init", str(file)]) == 0
    assert "yaml-language-server: $schema=" in file.read_text()
    compiled = compile_file(file, {"OPENAI_API_KEY": "sk-x"})
    assert compiled.problems == ()
    assert compiled.gateway is not None
    assert main(["init", str(file)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["init", str(file), "--force"]) == 0


def test_starter_config_is_sound_with_everything_switched_on(tmp_path: Path) -> None:
    """Its commented parts are right too: without the `#` they compile without a remark."""
    main(["init", str(tmp_path / "arch.yaml")])
    lines = (tmp_path / "arch.yaml").read_text().splitlines()
    config = [line for line in lines if not _prose(line)]
    text = "\n".join(line.replace("# ", "", 1) if _commented(line) else line for line in config)
    (tmp_path / "all.yaml").write_text(text + "\n")
    compiled = compile_file(tmp_path / "all.yaml", {"OPENAI_API_KEY": "sk-x"})
    assert [(each.code, each.message) for each in compiled.problems] == []
    assert compiled.gateway is not None
    assert compiled.gateway.prompts is not None
    assert len(compiled.gateway.providers) == 2


def _commented(line: str) -> bool:
    return line.lstrip().startswith("# ")


def _prose(line: str) -> bool:
    """A comment that is a sentence, not YAML: everything else has a key or is a list item."""
    stripped = line.lstrip()
    if not stripped.startswith("#"):
        return False
    if "yaml-language-server" in line:
        return True
    text = stripped[1:].strip()
    first = text.split(" ", 1)[0]
    return not (text.startswith("- ") or (first.endswith(":") and first[0].islower()))


def test_compile_of_a_runtime_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What prompts are decided by is printed where there are prompts, and else that there are none."""
    file = tmp_path / "arch.yaml"
    llm = "llm_providers: [{name: a, provider: vllm, model: m, default: true}]\n"
    file.write_text("version: v0.1\n" + llm)
    assert main(["compile", str(file), "--emit", "runtime"]) == 1
    assert "without prompts" in capsys.readouterr().err
    file.write_text(
        "version: v0.1\n" + llm + "prompt_targets: [{name: t, description: Say what time it is now,"
        " endpoint: {name: clock, path: /now}}]\nendpoints: {clock: '127.0.0.1:8000'}\n"
    )
    assert main(["compile", str(file), "--emit", "runtime"]) == 0
    assert json.loads(capsys.readouterr().out)["targets"][0]["name"] == "t"


def test_compile_for_a_rate_limit_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Limits that gateways share are printed for it, and else that there are none."""
    file = tmp_path / "arch.yaml"
    llm = (
        "version: v0.1\nllm_providers: [{name: a, provider: vllm, model: m, default: true,"
        " rate_limits: {limit: {tokens: 9, unit: hour}}}]\n"
    )
    file.write_text(llm)
    assert main(["compile", str(file), "--emit", "ratelimit"]) == 1
    assert "mode: global" in capsys.readouterr().err
    file.write_text(llm + "rate_limits: {mode: global, service: 'limits:8081', domain: shop}\n")
    assert main(["compile", str(file), "--emit", "ratelimit"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert found["domain"] == "shop"
    assert found["descriptors"][0]["value"] == "a.9-hour.all"


@pytest.mark.parametrize("stage", ["model", "ir", "envoy"])
def test_compile_prints_every_stage_without_the_key(
    tmp_path: Path, stage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """YAML on the terminal, JSON in a .json file; the key is in none of them."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-123456")
    config = tmp_path / "arch.yaml"
    main(["init", str(config)])
    capsys.readouterr()
    assert main(["compile", str(config), "--emit", stage, "--home", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "gpt-4o-mini" in shown or stage == "envoy"
    assert "sk-canary" not in shown
    out = tmp_path / "out.json"
    assert main(["compile", str(config), "--emit", stage, "-o", str(out)]) == 0
    assert json.loads(out.read_text())
    assert "sk-canary" not in out.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_commands_and_options(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command, and `up`'s options and choices, are in the script."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in (*COMMANDS, "model_server", "foreground"):
        assert word in script


def test_bash_completion_completes(tmp_path: Path) -> None:
    """Bash itself is asked: commands, options and the values of an option."""
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout)
    for words, expected in (
        ("archgw rel", "reload"),
        ("archgw up --for", "--foreground"),
        ("archgw up --service g", "gateway"),
        ("archgw lint --format sa", "sarif"),
        (f"archgw lint {tmp_path}/comp", str(script)),
        (f"archgw up --home {tmp_path.parent}/{tmp_path.name}", str(tmp_path)),
    ):
        count = len(words.split()) - 1
        # `complete -p` tells which function bash itself would call.
        ask = (
            f"source {script}; COMP_WORDS=({words}); COMP_CWORD={count};"
            r" $(complete -p archgw | sed 's/.*-F \([^ ]*\).*/\1/') 2>/dev/null;"
            ' echo "${COMPREPLY[@]}"'
        )
        done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [expected]


# ---- the manual, versions


def test_manual_is_current(tmp_path: Path) -> None:
    """`man archgw` says what `--help` says, and roff finds nothing wrong with it."""
    from deploy.man import write

    assert write.PAGE.read_text("utf-8") == write.page(), "make golden"
    text = write.PAGE.read_text("utf-8").replace("\\-", "-")
    for word in (*COMMANDS, "--allow-open", "--drain-min", "Exit status 0: running and healthy"):
        assert word in text
    assert "==SUPPRESS==" not in text
    if shutil.which("groff"):
        command = ["groff", "-man", "-Tutf8", "-ww", str(write.PAGE)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert done.stdout.count("ARCHGW(1)") == 3


def test_version_tells_of_all_that_is_installed(tmp_path: Path) -> None:
    """The gateway's own, Envoy's and the models'; a line each, the first one for scripts."""
    done = run("--version")
    own, envoy, *models = done.stdout.splitlines()
    assert re.fullmatch(r"archgw \d+\.\d+\.\d+\S*", own)
    assert re.fullmatch(r"envoy 1\.40\.\d+", envoy)
    assert [each.partition(" ")[0] for each in models] == ["archgw-guard", "archgw-targets"]
    assert all(re.fullmatch(r"\S+ \d+", each) for each in models)
    gone = run("--version", ARCHGW_ENVOY=str(tmp_path / "none"))
    assert gone.returncode == 0
    assert "cannot run Envoy" in gone.stdout


# ---- doctor


def test_doctor_on_a_sound_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All is well here, apart from names that do not resolve offline."""
    config = tmp_path / "arch.yaml"
    config.write_text(
        "llm_providers:\n  - {name: a, provider: local, endpoint: 127.0.0.1:9, model: m,"
        f" default: true}}\nlisteners: {{egress_traffic: {{port: {_free()}}}}}\n"
        "overrides: {stats_port: 0}\n"
    )
    assert main(["doctor", str(config), "--home", str(tmp_path / "h"), "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    names = {each["name"] for each in findings}
    assert {"config", "python", "envoy", "port", "ca bundle", "reach", "clock", "disk"} <= names


def _free() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_doctor_finds_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken CA bundle, a foreign Envoy and an open home are found, each with a hint."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text("nothing")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("ARCHGW_ENVOY", str(tmp_path / "none"))
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    assert main(["doctor", "--home", str(home), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    wrong = {each["name"]: each for each in findings if each["state"] != "ok"}
    assert wrong["ca bundle"]["state"] == "error"
    assert wrong["envoy"]["state"] == "error"
    assert "chmod 700" in wrong["file modes"]["hint"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o755  # it looks and changes nothing


_EVERY_PORT = """
version: v0.1
listeners:
  ingress_traffic: {{address: 127.0.0.1, port: {prompt}}}
  egress_traffic: {{address: 127.0.0.1, port: {llm}}}
llm_providers:
  - {{name: a, provider: local, endpoint: "127.0.0.1:9", model: m, default: true}}
prompt_guards:
  input_guards: {{jailbreak: {{on_exception: {{message: No.}}}}}}
overrides: {{stats_port: {stats}}}
"""
_SETTINGS = {
    "llm": "listeners.egress_traffic.port",
    "prompt": "listeners.ingress_traffic.port",
    "stats": "overrides.stats_port",
    "model server": "MODEL_SERVER_PORT",
}


@contextlib.contextmanager
def _foreign(number: int) -> Iterator[int]:
    """A process of somebody else's that listens; its pid."""
    listen = (
        f"import socket; s = socket.create_server(('127.0.0.1', {number})); print(); s.accept()"
    )
    with subprocess.Popen([sys.executable, "-uc", listen], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def test_doctor_checks_every_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each port of a gateway that another process has is named, with who has it and what to set."""
    numbers = {name: _free() for name in _SETTINGS}
    config = tmp_path / "arch.yaml"
    config.write_text(_EVERY_PORT.format(**numbers))
    monkeypatch.setenv("MODEL_SERVER_PORT", str(numbers["model server"]))

    def ports(state: str) -> list[str]:
        ended = main(["doctor", str(config), "--home", str(tmp_path / "h"), "--json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        found = [
            each["text"] for each in findings if (each["name"], each["state"]) == ("port", state)
        ]
        assert ended == (1 if state == "error" else 0)
        return found

    assert len(ports("ok")) == len(numbers)
    with contextlib.ExitStack() as stack:
        pids = [stack.enter_context(_foreign(number)) for number in numbers.values()]
        taken = ports("error")
    assert len(taken) == len(numbers)
    for told, (name, number) in zip(sorted(taken), sorted(numbers.items()), strict=True):
        assert told.startswith(name)
        assert f"127.0.0.1:{number} is in use" in told
        assert _SETTINGS[name] in told
    assert all(any(f"(pid {pid})" in told for told in taken) for pid in pids)


# ---- where things are


def test_home_is_found_in_the_usual_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--home`, then $ARCHGW_HOME, then ~/.archgw with v0.1's log directory if it is there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate(None, {}).folder == tmp_path / ".archgw"
    assert locate(None, {}).logs == tmp_path / ".archgw" / "logs"
    (tmp_path / "archgw_logs").mkdir()
    assert locate(None, {}).logs == tmp_path / "archgw_logs"
    assert locate(None, {"ARCHGW_HOME": "/srv/a"}).folder == Path("/srv/a")
    assert locate("/srv/b", {"ARCHGW_HOME": "/srv/a"}).logs == Path("/srv/b/logs")


def test_colour_is_for_terminals(tmp_path: Path) -> None:
    """A file gets none; NO_COLOR and FORCE_COLOR decide before anything else."""
    with (tmp_path / "x").open("w") as file:
        assert not coloured(file, {})
        assert coloured(file, {"FORCE_COLOR": "1"})
        assert not coloured(file, {"FORCE_COLOR": "1", "NO_COLOR": "1"})
