"""Rows 52 to 55: providers behind bad lines, out of reach, or at another address, over TLS."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.archgw import until
from tests.e2e.configs import config, one_behind_tls
from tests.e2e.conftest import Client
from tests.e2e.harness import Running, gateway
from tests.fakes.certificates import Authority
from tests.fakes.provider import FakeProvider
from tests.fakes.resolver import Resolver
from tests.fakes.wire import BadLine, Line
from tests.faults.surroundings import alone_in_the_world

Figure = Callable[[object], None]

CONFIG = """
llm_providers:
  - name: one
    timeout: {connect: 1s, first_byte: 2s, idle: 2s}
overrides: {access_log_format: json}
"""


@dataclass(frozen=True)
class Scene:
    running: Running
    one: FakeProvider
    line: BadLine

    @property
    def client(self) -> Client:
        return Client(self.running.port)

    def behind(self, line: Line) -> None:
        """For connections that begin from now on, and there are no others."""
        self.one.forget()
        self.line.now(line)
        until(lambda: not self.gauge("upstream_cx_active"))

    def gauge(self, name: str) -> int:
        found = self.running.admin("GET", f"/stats?filter=^cluster.llm-one.{name}$")
        return int(found.rpartition(": ")[2])


@contextmanager
def scene_of(folder: Path) -> Iterator[Scene]:
    authority = Authority(folder / "authority")
    with ExitStack() as stack:
        context = authority.leaf("localhost").server_context()
        one = stack.enter_context(FakeProvider("one", context))
        line = stack.enter_context(BadLine(one.port))
        text = config(CONFIG, one_behind_tls(f"localhost:{line.port}", authority.file))
        yield Scene(stack.enter_context(gateway(folder, text, {"KEY": "sk"})), one, line)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene_of(tmp_path_factory.mktemp("lines")) as made:
        yield made


def test_row_52_a_reset_before_the_answer(scene: Scene, figure: Figure) -> None:
    """503 at once, and nobody is asked twice: the provider may have begun to count."""
    scene.behind(Line())
    scene.one.behaviour.reset = True
    began = time.monotonic()
    answer = scene.client.chat()
    figure(
        f"503 after {1000 * (time.monotonic() - began):.0f} ms, asked {len(scene.one.received)} times"
    )
    assert (answer.status, answer.json["error"]["code"]) == (503, "provider_unreachable")
    assert len(scene.one.received) == 1


def test_row_52_a_reset_before_the_handshake(scene: Scene) -> None:
    """503; the key was never sent."""
    scene.behind(Line(refuse=True, reset=True))
    answer = scene.client.chat()
    assert (answer.status, answer.json["error"]["code"]) == (503, "provider_unreachable")
    assert not scene.one.received
    scene.behind(Line())
    assert scene.client.chat().status == 200


def test_row_53_a_provider_that_hangs(scene: Scene, figure: Figure) -> None:
    """504 when the time for the first byte is up, in our form."""
    scene.behind(Line())
    scene.one.behaviour.delay = 30
    began = time.monotonic()
    answer = scene.client.chat()
    took = time.monotonic() - began
    figure(f"504 after {took:.1f} s where 2 s are allowed")
    assert (answer.status, answer.json["error"]["code"]) == (504, "upstream_timeout")
    assert 1.9 < took < 8


@pytest.mark.skipif(not shutil.which("iptables"), reason="no iptables here to drop packets")
@alone_in_the_world
def test_row_53_a_black_hole(
    request: pytest.FixtureRequest, tmp_path: Path, figure: Figure
) -> None:
    """Packets vanish without a word: connecting ends after its second, an open call after its two."""
    with scene_of(tmp_path) as scene:
        assert scene.client.chat().status == 200
        hole = ["-p", "tcp", "--dport", str(scene.line.port), "-j", "DROP"]
        subprocess.run(["iptables", "-A", "OUTPUT", *hole], check=True)
        answers, times = [], []
        for _ in range(4):
            began = time.monotonic()
            answers.append(scene.client.chat())
            times.append(time.monotonic() - began)
        subprocess.run(["iptables", "-D", "OUTPUT", *hole], check=True)
        began = time.monotonic()
        until(lambda: scene.client.chat().status == 200, 20)
        back = time.monotonic() - began
    figure(f"{min(times):.1f} to {max(times):.1f} s each; well {back:.1f} s after it is gone")
    codes = {(each.status, each.json["error"]["code"]) for each in answers}
    assert codes <= {(503, "provider_unreachable"), (504, "upstream_timeout")}
    assert (503, "provider_unreachable") in codes
    assert max(times) < 8


CUTS = {
    "the end of the connection": Line(cut_after=6000),
    "a reset": Line(cut_after=6000, reset=True),
    "silence": Line(swallow_after=6000),
}


@pytest.mark.parametrize("kind", CUTS)
def test_row_54_a_stream_that_breaks(scene: Scene, figure: Figure, kind: str) -> None:
    """What came is delivered, no end is made up, and the log knows that it was none."""
    scene.behind(CUTS[kind])
    scene.one.behaviour.chunks = 60
    began = time.monotonic()
    answer = scene.client.chat(stream=True)
    took = time.monotonic() - began
    count = answer.text.count('"content"')
    figure(f"{kind}: {count} of 60 chunks, ended after {took:.1f} s")
    assert answer.status == 200
    assert not answer.complete
    assert "[DONE]" not in answer.text
    assert 0 < count < 60
    last = scene.running.log().splitlines()[-1]
    assert '"details":"via_upstream"' not in last
    assert took < 10


def test_row_54_a_stream_in_a_trickle(scene: Scene) -> None:
    """However small the pieces are, it comes whole."""
    scene.behind(Line(trickle=40))
    scene.one.behaviour.chunks = 10
    answer = scene.client.chat(stream=True)
    assert answer.complete
    assert answer.text.count('"content"') == 10
    assert answer.text.endswith("data: [DONE]\n\n")


@alone_in_the_world
def test_row_55_names_that_fail_and_move(
    request: pytest.FixtureRequest, tmp_path: Path, figure: Figure
) -> None:
    """A silent name server leaves the last address in use; a new one is used once it is told."""
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(file), "/etc/resolv.conf"], check=True)
    authority = Authority(tmp_path / "authority")
    context = authority.leaf("llm.test").server_context()
    with ExitStack() as stack:
        names = stack.enter_context(Resolver({"llm.test": "127.0.0.1"}))
        one = stack.enter_context(FakeProvider("one", context))
        two = FakeProvider("two", context)
        two.host, two.port = "127.0.0.2", one.port
        stack.enter_context(two)
        text = config(CONFIG, one_behind_tls(f"llm.test:{one.port}", authority.file))
        client = Client(stack.enter_context(gateway(tmp_path, text, {"KEY": "sk"})).port)
        until(lambda: client.chat().status == 200)
        names.silent = True
        asked = names.asked
        until(lambda: names.asked >= asked + 4, 30)
        assert [client.chat().status for _ in range(5)] == [200] * 5
        names.names["llm.test"], names.silent = "127.0.0.2", False
        one.stop()
        began = time.monotonic()
        until(lambda: client.chat().status == 200, 30)
        figure(
            f"5 of 5 answered while it was silent; the new address after {time.monotonic() - began:.1f} s"
        )
        assert two.received
        assert [client.chat().status for _ in range(5)] == [200] * 5
