"""A gateway's whole life by the command line, on a real Envoy: what must hold for its user."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from controlplane.supervise.envoy.binary import find as envoy_binary
from controlplane.supervise.logs import LARGEST
from controlplane.supervise.processes.process import identity
from tests.e2e.archgw import ROOT, Archgw, command_lines, replace, until
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.e2e.load import Ledger, steady, stream
from tests.fakes.certificates import Authority
from tests.fakes.provider import FakeProvider

pytestmark = pytest.mark.apart

CANARY = "sk-canary-9f8e7d6c5b4a"

CONFIG = """\
version: v0.1
listeners:
  egress_traffic: {{address: 127.0.0.1, port: {port}}}
llm_providers:
  - name: one
    provider: local
    endpoint: 127.0.0.1:{upstream}
    model: {model}
    access_key: $PROVIDER_KEY
    default: true
{more}
overrides: {{stats_port: 0{overrides}}}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("one") as fake:
        yield fake


@pytest.fixture
def gateway(tmp_path: Path, provider: FakeProvider) -> Iterator[Gateway]:
    provider.forget()
    made = Gateway(tmp_path, provider)
    made.write()
    yield made
    made.run("down", "--timeout", "0")
    assert made.processes() == []


class Gateway(Archgw):
    """With a config that can be written anew."""

    def __init__(self, folder: Path, provider: FakeProvider) -> None:
        super().__init__(folder, {"PROVIDER_KEY": CANARY})
        object.__setattr__(self, "provider", provider)
        object.__setattr__(self, "port", free_port())

    def write(self, model: str = "m-1", more: str = "", overrides: str = "", port: int = 0) -> None:
        text = CONFIG.format(
            port=port or self.port,
            upstream=self.provider.port,
            model=model,
            more=more,
            overrides=overrides,
        )
        replace(self.config, text)

    @property
    def client(self) -> Client:
        return Client(self.port)

    def ready(self) -> int:
        """What a balancer that asks is told."""
        return self.client.ask("GET", "/readyz").status


def garbage_authority(folder: Path) -> str:
    """Reads well and lints well: OpenSSL takes a version that there is not, Envoy does not."""
    authority = Authority(folder / "odd").file.read_text()
    der = ssl.PEM_cert_to_DER_cert(authority)
    file = folder / "ca.pem"
    file.write_text(
        ssl.DER_cert_to_PEM_cert(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"))
    )
    return (
        "  - name: two\n    provider: openai\n    model: x\n    access_key: $PROVIDER_KEY\n"
        f"    tls: {{ca_file: {file}}}\n"
    )


def test_up_serves_and_down_leaves_nothing(gateway: Gateway) -> None:
    """`up` returns when requests are answered; `down` leaves no process, socket, key or lock."""
    done = gateway.up()
    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{gateway.port}" in done.stdout
    assert gateway.client.chat().status == 200
    assert gateway.provider.received[-1].headers["authorization"] == f"Bearer {CANARY}"
    assert gateway.status()["state"] == "running"
    assert len(gateway.processes()) == 2
    assert gateway.run("down").returncode == 0
    assert gateway.processes() == []
    left = {path.name for path in gateway.home.folder.rglob("*") if path.suffix != ".log"}
    assert left == {"run", "logs"}
    assert gateway.run("status").returncode == 1


def test_home_that_others_can_reach_is_refused_untouched(gateway: Gateway) -> None:
    """`up` opens its log before there is a supervisor: no link that was laid there is followed."""
    victim = gateway.folder / "victim"
    victim.write_text("precious")
    place = gateway.folder / "open"
    place.mkdir()
    place.chmod(0o777)
    (place / "h" / "logs").mkdir(parents=True)
    (place / "h" / "logs" / "supervisor.log").symlink_to(victim)
    done = subprocess.run(
        [*(sys.executable, "-m", "controlplane.cli", "up", str(gateway.config)),
         *("--home", str(place / "h"))],
        env={**os.environ, "PROVIDER_KEY": CANARY}, cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "chmod o-w" in done.stderr
    assert victim.read_text() == "precious"
    assert [path.name for path in (place / "h").rglob("*")] == ["logs", "supervisor.log"]


def test_logs_stay_small(gateway: Gateway) -> None:
    """A log that has grown large becomes the older one, and its writers go on in an empty one."""
    assert gateway.up().returncode == 0
    large = [gateway.home.logs / name for name in ("access_llm.log", "envoy.log")]
    for file in large:
        os.truncate(file, LARGEST + 1)
    # Envoy may write a line of the start before the turn, or after it.
    until(lambda: all(file.stat().st_size < 1000 for file in large), 30)
    for file in large:
        assert LARGEST < file.with_name(f"{file.name}.1").stat().st_size < LARGEST + 1000
    assert gateway.client.chat().status == 200
    until(lambda: large[0].stat().st_size)
    assert large[0].stat().st_size < 1000
    assert large[0].read_text().startswith("[")


@pytest.mark.alone
def test_start_is_quick(gateway: Gateway) -> None:
    """From the command to serving: twice what loading Envoy's message types takes, at most.

    A slow or a busy machine makes seconds say little, so what we compute is held against that
    load, which is the same work on any machine.
    """
    types = "import envoy_data_plane.envoy.config.bootstrap.v3"
    loading = _user_seconds([sys.executable, "-c", types])
    before = os.times()
    began = time.monotonic()
    assert gateway.up().returncode == 0
    wall = time.monotonic() - began
    assert wall < 10
    pid = gateway.status()["pid"]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    supervisor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    command = os.times().children_user - before.children_user
    assert supervisor + command < 2 * loading


def _user_seconds(command: list[str]) -> float:
    before = os.times().children_user
    subprocess.run(command, check=True, timeout=60)
    return os.times().children_user - before


def test_bad_config_is_refused_with_its_place(gateway: Gateway) -> None:
    """Exit status 1, every problem with file, line and column, and nothing runs."""
    gateway.write(more="  - nam: two\n    provider: openai")
    done = gateway.up()
    assert done.returncode == 1
    assert f"{gateway.config}:11:5: error" in done.stderr
    assert "name" in done.stderr
    assert gateway.processes() == []
    assert not gateway.home.lock_file.exists()
    assert not gateway.home.secrets.exists()


def test_missing_key_is_refused(gateway: Gateway) -> None:
    """A variable that nobody set stops `up` and is named with its place."""
    gateway.env.clear()
    done = gateway.up()
    assert done.returncode == 1
    assert "PROVIDER_KEY" in done.stderr
    assert f"{gateway.config}:9:" in done.stderr


def test_config_envoy_rejects_is_refused_with_its_place(gateway: Gateway, tmp_path: Path) -> None:
    """What only Envoy finds wrong is told as readably, at the provider it belongs to."""
    gateway.write(more=garbage_authority(tmp_path))
    done = gateway.up()
    assert done.returncode == 1, done.stderr
    assert "certificate" in done.stderr.lower()
    assert f"{gateway.config}:11:5" in done.stderr
    assert gateway.processes() == []


def test_second_up_is_refused(gateway: Gateway) -> None:
    """One gateway per home; the message names the one that runs and what to do."""
    assert gateway.up().returncode == 0
    again = gateway.up()
    assert again.returncode == 2
    assert f"pid {gateway.status()['pid']}" in again.stderr
    assert "archgw reload" in again.stderr
    assert gateway.client.chat().status == 200


def test_taken_port_is_told_before_anything_starts(gateway: Gateway) -> None:
    """Envoy would share the port silently; we say who has it instead."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", gateway.port))
        other.listen()
        done = gateway.up()
    assert done.returncode == 2
    assert f"127.0.0.1:{gateway.port} is in use" in done.stderr
    assert f"pid {os.getpid()}" in done.stderr
    assert gateway.processes() == []


def test_two_gateways_side_by_side(gateway: Gateway, tmp_path: Path) -> None:
    """Each home is a gateway of its own, and stopping one leaves the other alone."""
    other = Gateway(tmp_path / "other", gateway.provider)
    other.folder.mkdir()
    other.write()
    assert gateway.up().returncode == 0
    assert other.up().returncode == 0
    assert other.run("down").returncode == 0
    assert gateway.client.chat().status == 200


def test_reload_applies_and_tells_the_changes(gateway: Gateway) -> None:
    """The verdict comes back when Envoy has the new config; it says what changed."""
    assert gateway.up().returncode == 0
    gateway.write(model="m-2")
    done = gateway.run("reload")
    assert done.returncode == 0, done.stderr
    gateway.client.chat()
    assert gateway.provider.received[-1].json["model"] == "m-2"


def test_saved_file_is_applied_by_itself(gateway: Gateway) -> None:
    """Nobody has to say anything: the file is watched."""
    assert gateway.up().returncode == 0
    gateway.write(model="m-3")

    def applied() -> bool:
        gateway.client.chat()
        return gateway.provider.received[-1].json["model"] == "m-3"

    until(applied)


@pytest.mark.parametrize("kind", ["ours", "envoys"])
def test_bad_reload_keeps_the_old_one(gateway: Gateway, tmp_path: Path, kind: str) -> None:
    """Exit status 1 with reason and place; requests are answered as before; `status` tells."""
    assert gateway.up().returncode == 0
    version = gateway.status()["version"]
    more = "  - nam: two" if kind == "ours" else garbage_authority(tmp_path)
    gateway.write(model="m-bad", more=more)
    done = gateway.run("reload")
    assert done.returncode == 1
    assert f"{gateway.config}:11:5" in done.stderr
    assert "the old configuration keeps serving" in done.stderr
    gateway.client.chat()
    assert gateway.provider.received[-1].json["model"] == "m-1"
    status = gateway.status()
    assert status["version"] == version
    assert status["last_reload"]["ok"] is False
    names = sorted(path.name for path in gateway.home.secrets.iterdir())
    assert [name.partition(".")[2] for name in names] == ["key", "sds.yaml"]
    assert all(name.startswith("key-one-") for name in names)
    gateway.write(model="m-good")
    assert gateway.run("reload").returncode == 0


def test_new_key_is_used_without_a_restart(gateway: Gateway) -> None:
    """`reload` takes the caller's environment along, and Envoy reads the new key."""
    assert gateway.up().returncode == 0
    pid = gateway.child()["pid"]
    gateway.env["PROVIDER_KEY"] = "sk-second"
    assert gateway.run("reload").returncode == 0

    def used() -> bool:
        gateway.client.chat()
        return gateway.provider.received[-1].headers["authorization"] == "Bearer sk-second"

    until(used, 5)
    assert gateway.child()["pid"] == pid


def test_moved_listener_serves_on_the_new_port_and_finishes_on_the_old(gateway: Gateway) -> None:
    """A new port is served at once, and a stream on the old one comes to its end."""
    assert gateway.up().returncode == 0
    gateway.provider.behaviour.chunks = 30
    gateway.provider.behaviour.chunk_delay = 0.1
    new = free_port()

    async def scene() -> Ledger:
        ledger = Ledger()
        running = asyncio.create_task(stream(gateway.port, ledger, 30))
        await asyncio.sleep(0.5)
        gateway.write(port=new)
        done = await asyncio.to_thread(gateway.run, "reload")
        # What it says depends on who was quicker, the command or the watch.
        assert done.returncode == 0, done.stderr
        await running
        return ledger

    assert asyncio.run(scene()).outcomes == {"ok": 1}
    gateway.provider.forget()
    assert Client(new).chat().status == 200


def test_killed_envoy_comes_back(gateway: Gateway) -> None:
    """After kill -9 it serves the same config again within seconds, and `status` counts it."""
    assert gateway.up().returncode == 0
    pid = gateway.child()["pid"]
    os.kill(pid, signal.SIGKILL)

    def serves() -> bool:
        try:
            return gateway.client.chat().status == 200
        except (OSError, http.client.HTTPException):
            return False

    until(serves, 5)
    again = gateway.child()
    assert again["pid"] != pid
    assert again["restarts"] == 1


def test_killed_supervisor_leaves_no_orphan(gateway: Gateway) -> None:
    """Kill -9 of the supervisor ends Envoy too, and the next `up` works at once."""
    assert gateway.up().returncode == 0
    envoy = identity(gateway.child()["pid"])
    os.kill(gateway.status()["pid"], signal.SIGKILL)
    assert envoy is not None
    until(lambda: not envoy.alive, 5)
    assert gateway.processes() == []
    assert gateway.run("status").returncode == 1
    assert gateway.up().returncode == 0
    assert gateway.client.chat().status == 200


def test_down_after_a_killed_supervisor_takes_the_keys_away(gateway: Gateway) -> None:
    """What the killed one could not clean up, `down` does."""
    assert gateway.up().returncode == 0
    os.kill(gateway.status()["pid"], signal.SIGKILL)
    until(lambda: gateway.processes() == [], 5)
    assert gateway.run("down").returncode == 0
    left = {path.name for path in gateway.home.folder.rglob("*") if path.suffix != ".log"}
    assert left == {"run", "logs"}


def test_stopped_supervisor_can_still_be_brought_down(gateway: Gateway) -> None:
    """A supervisor that hangs is ended by force, and its Envoy with it."""
    assert gateway.up().returncode == 0
    os.kill(gateway.status()["pid"], signal.SIGSTOP)
    done = gateway.run("down")
    assert done.returncode == 0, done.stderr
    until(lambda: gateway.processes() == [], 5)


def test_envoy_that_cannot_live_ends_with_its_last_words(gateway: Gateway, tmp_path: Path) -> None:
    """A crash at the start is no endless restart: exit status 2, process and last lines named."""
    fake = tmp_path / "envoy"
    fake.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--version*) echo "x version: a/1.40.0/Clean/RELEASE/B";;'
        " *) echo cannot allocate the moon >&2; exit 7;; esac\n"
    )
    fake.chmod(0o755)
    gateway.env["ARCHGW_ENVOY"] = str(fake)
    done = gateway.up()
    assert done.returncode == 2
    assert "envoy ended with exit status 7" in done.stderr
    assert "cannot allocate the moon" in done.stderr
    assert gateway.processes() == []


def test_down_waits_for_open_requests(gateway: Gateway) -> None:
    """A stream that runs when `down` is said comes to its end."""
    assert gateway.up().returncode == 0
    # Longer than it takes to be called hung: an Envoy that drains must not be.
    gateway.provider.behaviour.chunks = 90
    gateway.provider.behaviour.chunk_delay = 0.1

    async def scene() -> Ledger:
        ledger = Ledger()
        running = asyncio.create_task(stream(gateway.port, ledger, 90))
        await asyncio.sleep(0.5)
        done = await asyncio.to_thread(gateway.run, "down")
        assert done.returncode == 0
        assert "cut" not in done.stdout
        await running
        return ledger

    assert asyncio.run(scene()).outcomes == {"ok": 1}


def test_calls_are_taken_while_a_balancer_learns_that_we_go(gateway: Gateway) -> None:
    """Not ready at once, but open for the least time: what comes then is answered whole."""
    assert gateway.up("--drain-min", "60", "--drain-max", "90").returncode == 0

    async def scene() -> Ledger:
        ledger, enough = Ledger(), asyncio.Event()
        load = [asyncio.create_task(steady(gateway.port, ledger, enough)) for _ in range(4)]
        going = asyncio.create_task(asyncio.to_thread(gateway.run, "down", "--drain-min", "6"))
        await asyncio.to_thread(until, lambda: gateway.ready() == 503, 20)
        unready = time.monotonic()
        while time.monotonic() < unready + 4:
            # Connections of their own, as a balancer's that has not heard yet.
            await stream(gateway.port, ledger, 5)
        enough.set()
        await asyncio.gather(*load)
        done = await going
        assert done.returncode == 0, done.stderr
        assert "cut" not in done.stdout
        return ledger

    gateway.provider.behaviour.chunks = 5
    ledger = asyncio.run(scene())
    assert ledger.failures == {}
    assert ledger.outcomes["ok"] > 10


def test_more_least_than_most_is_refused(gateway: Gateway) -> None:
    """It would cut what it said it would take."""
    done = gateway.up("--drain-min", "90")
    assert done.returncode == 2
    assert "--drain-min (90 s) is more than --drain-max (60 s)" in done.stderr
    assert gateway.processes() == []


def test_down_with_a_timeout_says_what_it_cut(gateway: Gateway) -> None:
    """Patience has an end, and its price is told."""
    assert gateway.up().returncode == 0
    gateway.provider.behaviour.chunks = 100
    gateway.provider.behaviour.chunk_delay = 0.1

    async def scene() -> tuple[Ledger, str]:
        ledger = Ledger()
        running = asyncio.create_task(stream(gateway.port, ledger, 100))
        await asyncio.sleep(0.5)
        done = await asyncio.to_thread(gateway.run, "down", "--timeout", "1")
        await running
        return ledger, done.stdout

    ledger, said = asyncio.run(scene())
    assert "1 open request(s) were cut" in said
    assert ledger.failures


def _variant(gateway: Gateway, number: int) -> None:
    """Twenty configs: clusters, routes, keys and listener settings change by turns."""
    more = ""
    if number % 2:
        more = (
            f"  - name: extra{number % 3}\n    provider: local\n    model: e\n"
            f"    endpoint: 127.0.0.1:{gateway.provider.port}\n"
            f"    access_key: $PROVIDER_KEY\n    timeout: {20 + number}s\n"
        )
    overrides = ", access_log_format: json" if number % 5 == 0 else ""
    gateway.write(model=f"m-{number}", more=more, overrides=overrides)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_twenty_reloads_under_load_lose_nothing(gateway: Gateway) -> None:
    """With 16 busy connections and 4 open streams: no request fails, no stream is cut."""
    assert gateway.up().returncode == 0
    gateway.provider.behaviour.chunks = 60
    gateway.provider.behaviour.chunk_delay = 0.1

    async def scene() -> tuple[Ledger, Ledger]:
        requests, streams, stop = Ledger(), Ledger(), asyncio.Event()
        busy = [asyncio.create_task(steady(gateway.port, requests, stop)) for _ in range(16)]

        async def always_one_open() -> None:
            while not stop.is_set():
                await stream(gateway.port, streams, 60)

        open_streams = [asyncio.create_task(always_one_open()) for _ in range(4)]
        await asyncio.sleep(0.5)
        for number in range(20):
            _variant(gateway, number)
            done = await asyncio.to_thread(gateway.run, "reload")
            assert done.returncode == 0, done.stderr
        stop.set()
        await asyncio.gather(*busy, *open_streams)
        return requests, streams

    requests, streams = asyncio.run(scene())
    assert requests.failures == {}
    assert requests.outcomes["ok"] > 100
    assert streams.failures == {}
    assert streams.outcomes["ok"] >= 4
    assert gateway.status()["state"] == "running"
    assert gateway.child()["restarts"] == 0


def test_key_is_nowhere_but_in_its_file(gateway: Gateway) -> None:
    """Not in an environment, an argument list, a log, a dump or any other file."""
    assert gateway.up().returncode == 0
    assert gateway.client.chat().status == 200
    gateway.write(model="m-2")
    assert gateway.run("reload").returncode == 0
    gateway.client.chat()
    assert gateway.provider.received[-1].headers["authorization"] == f"Bearer {CANARY}"
    needle = CANARY.encode()
    for pid, line in command_lines():
        assert CANARY not in line
        if pid in gateway.processes():
            assert needle not in Path(f"/proc/{pid}/environ").read_bytes()
            # It would be in a core, too.
            (core,) = [
                each
                for each in Path(f"/proc/{pid}/limits").read_text().splitlines()
                if each.startswith("Max core file size")
            ]
            assert core.split()[-3:-1] == ["0", "0"]
    time.sleep(1.2)  # Envoy flushes its logs once a second
    holders = [
        path for path in gateway.folder.rglob("*") if path.is_file() and needle in path.read_bytes()
    ]
    assert [holder.parent for holder in holders] == [gateway.home.secrets]
    assert holders[0].suffix == ".key"
    assert holders[0].stat().st_mode & 0o777 == 0o600
    assert holders[0].parent.stat().st_mode & 0o777 == 0o700
    for path in ("/config_dump", "/stats", "/clusters", "/listeners", "/server_info"):
        status, body = admin(gateway, path)
        assert needle not in body
        assert status == (403 if path == "/config_dump" else 200)
    for command in (("status", "--json"), ("logs",)):
        assert CANARY not in gateway.run(*command).stdout
    assert CANARY not in gateway.run("compile", str(gateway.config)).stdout


def admin(gateway: Gateway, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("admin")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(gateway.home.admin_socket))
    connection.request("GET", path)
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


def test_sockets_are_ours_alone(gateway: Gateway) -> None:
    """Every socket is 0600 in a 0700 directory: another user can neither ask nor stop it."""
    assert gateway.up().returncode == 0
    sockets = [path for path in gateway.home.run.iterdir() if path.is_socket()]
    assert {path.name for path in sockets} >= {"admin.sock", "ads.sock", "control.sock"}
    assert {path.stat().st_mode & 0o777 for path in sockets} == {0o600}
    assert gateway.home.run.stat().st_mode & 0o777 == 0o700


def test_foreground_stays_and_stops_by_signal(gateway: Gateway) -> None:
    """It logs to the terminal, keeps its pid, reloads on SIGHUP and drains on SIGTERM."""
    argv = [sys.executable, "-m", "controlplane.cli", "up", str(gateway.config), "--foreground"]
    process = subprocess.Popen(
        [*argv, "--home", str(gateway.home.folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **gateway.env},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        seen = _read_until(process.stderr, "archgw: up\n")
        assert "starting Envoy" in seen
        assert gateway.status()["pid"] == process.pid
        assert CANARY.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
        gateway.write(model="m-2")
        process.send_signal(signal.SIGHUP)
        _read_until(process.stderr, ": applied\n")
        gateway.client.chat()
        assert gateway.provider.received[-1].json["model"] == "m-2"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert gateway.processes() == []


def _read_until(stream: IO[str], text: str) -> str:
    seen = ""
    while text not in seen:
        line = stream.readline()
        assert line, f"ended before {text!r}:\n{seen}"
        seen += line
    return seen


def test_foreground_shows_what_is_wrong(gateway: Gateway) -> None:
    """A bad config is shown as `lint` shows it, with exit status 1."""
    gateway.write(more="  - nam: two")
    done = gateway.up("--foreground")
    assert done.returncode == 1
    assert f"{gateway.config}:11:5: error" in done.stderr
    assert "^" in done.stderr


@pytest.mark.slow
def test_crash_loop_ends_the_gateway_and_is_remembered(gateway: Gateway, tmp_path: Path) -> None:
    """An Envoy that dies again and again is given up; `status` and the log say why."""
    fake = tmp_path / "envoy"
    fake.write_text(
        f"#!/bin/sh\nif [ -e {tmp_path}/broken ]; then echo out of luck >&2; exit 9; fi\n"
        f'exec {envoy_binary()} "$@"\n'
    )
    fake.chmod(0o755)
    gateway.env["ARCHGW_ENVOY"] = str(fake)
    assert gateway.up().returncode == 0
    pid = gateway.child()["pid"]
    (tmp_path / "broken").touch()
    os.kill(pid, signal.SIGKILL)
    until(lambda: gateway.processes() == [], 60)
    status = gateway.run("status")
    assert status.returncode == 1
    assert "crash loop" in status.stdout
    assert "out of luck" in status.stdout
    assert not gateway.home.lock_file.exists()
    assert not gateway.home.secrets.exists()
    (tmp_path / "broken").unlink()
    assert gateway.up().returncode == 0
    assert not gateway.home.failure_file.exists()


def test_reload_while_envoy_is_down_waits_for_it(gateway: Gateway) -> None:
    """A reload that comes while Envoy restarts is applied as soon as it is back."""
    assert gateway.up().returncode == 0
    os.kill(gateway.child()["pid"], signal.SIGKILL)
    gateway.write(model="m-2")
    done = gateway.run("reload")
    assert done.returncode == 0, done.stderr
    gateway.client.chat()
    assert gateway.provider.received[-1].json["model"] == "m-2"


def test_relative_paths_are_relative_to_the_config(gateway: Gateway) -> None:
    """A certificate named beside the config is found wherever `archgw up` was typed."""
    (gateway.folder / "authority").mkdir()
    authority = Authority(gateway.folder / "authority")
    leaf = authority.leaf("localhost")
    for name, source in (("chain.pem", leaf.chain_file), ("key.pem", leaf.key_file)):
        (gateway.folder / name).write_bytes(source.read_bytes())
    tls = (
        ", tls: {tls_certificates: [{certificate_chain: {filename: chain.pem},"
        " private_key: {filename: key.pem}}]}}"
    )
    text = gateway.config.read_text()
    gateway.config.write_text(text.replace(f"port: {gateway.port}}}", f"port: {gateway.port}{tls}"))
    done = gateway.up()
    assert done.returncode == 0, done.stderr
    context = ssl.create_default_context(cafile=str(authority.file))
    connection = http.client.HTTPSConnection("localhost", gateway.port, context=context)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_home_with_a_long_path_is_a_sentence(gateway: Gateway) -> None:
    """The kernel's limit for sockets is told as such, before anything is made."""
    home = gateway.folder / ("long" * 30)
    done = subprocess.run(
        [sys.executable, "-m", "controlplane.cli", "up", str(gateway.config), "--home", str(home)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **gateway.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "too long for sockets; choose a shorter --home" in done.stderr
