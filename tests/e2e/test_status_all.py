"""`archgw status --all`: who serves by which config, asked of gateways that run."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from controlplane.cli.main import main
from tests.e2e.archgw import Archgw
from tests.e2e.harness import free_port
from tests.fakes.serving import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.certificates import Authority

CONFIG = """\
version: v0.1
listeners:
  egress_traffic: {{address: 127.0.0.1, port: {llm}}}
llm_providers:
  - {{name: one, provider: local, endpoint: "127.0.0.1:9", model: m, default: true}}
overrides: {{stats_port: {stats}}}
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Of the statistics of two gateways; their listeners differ, and so do their configs."""
    both = [Archgw(tmp_path_factory.mktemp("t")) for _ in range(2)]
    found = [free_port() for _ in both]
    try:
        for each, stats in zip(both, found, strict=True):
            each.config.write_text(CONFIG.format(llm=free_port(), stats=stats))
            done = each.up()
            assert done.returncode == 0, done.stderr
        yield found
    finally:
        for each in both:
            each.run("down", "--timeout", "0")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["status", "--json", "--all", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_one_that_is_well(ports: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """Its config, its listeners, its processes and its Envoy; exit status 0."""
    code, found = told(capsys, f"127.0.0.1:{ports[0]}")
    assert code == 0
    assert found["agree"]
    (gateway,) = found["gateways"]
    assert gateway["version"]
    assert gateway["ready"] == {"llm": True}
    assert gateway["processes"] == {"envoy": True}
    assert gateway["envoy"] == "1.40.0"
    assert gateway["runtime"] == ""


def test_different_configs_and_one_that_is_dead(
    ports: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is a line of its own, the dead one with the reason; exit status 1."""
    dead = free_port()
    urls = [f"http://localhost:{ports[0]}/", f"http://127.0.0.1:{ports[1]}", f"127.0.0.1:{dead}"]
    code, found = told(capsys, *urls)
    assert code == 1
    assert not found["agree"]
    assert [each["well"] for each in found["gateways"]] == [True, True, False]
    assert "onnect" in found["gateways"][2]["error"]
    assert main(["status", "--all", *urls]) == 1
    out, err = capsys.readouterr()
    heads, *lines = out.splitlines()
    assert heads.split()[:2] == ["gateway", "config"]
    assert f"127.0.0.1:{dead}" in lines[2]
    assert "no answer" in lines[2]
    assert "2 different configs" in err


def test_a_name_stands_for_all_its_addresses(
    ports: list[int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a headless Service; in one family of addresses, if it has two."""

    def found(host: str, port: int, **_: object) -> list[Any]:
        assert host == "gateways.test"
        v4 = [(socket.AF_INET, 1, 6, "", (f"127.0.0.{last}", port)) for last in (1, 2)]
        return [*v4, (socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0))]

    asked, real = f"http://gateways.test:{ports[0]}", socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: (
            found(host, rest[0], **more) if "test" in str(host) else real(host, *rest, **more)
        ),
    )
    code, said = told(capsys, asked)
    assert code == 1
    assert [(each["address"], each["well"]) for each in said["gateways"]] == [
        (f"127.0.0.1:{ports[0]}", True),
        (f"127.0.0.2:{ports[0]}", False),
    ]


class Ingress(Server):
    """What stands before a gateway's statistics and asks for a token."""

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/gateway-7", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != "Bearer let-me-in":
            return web.Response(status=401)
        return web.Response(
            text="# TYPE archgw_config_info gauge\n"
            f'archgw_config_info{{version="v1",runtime="{request.headers["host"]}"}} 1\n'
            "# TYPE archgw_ready gauge\n"
            'archgw_ready{listener="llm"} 0\n'
        )


def test_over_tls_with_a_token(
    authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is sent only to whom the CA knows by the name that was asked for, and never shown."""
    token = tmp_path / "token"
    token.write_text("let-me-in\n")
    with Ingress(authority.leaf("localhost").server_context()) as ingress:
        url = f"https://localhost:{ingress.port}/gateway-7"
        trust = ("--ca-file", str(authority.file))
        code, found = told(capsys, url, *trust, "--token-file", str(token))
        assert (code, found["gateways"][0]["error"]) == (1, None)
        assert found["gateways"][0]["runtime"].startswith("localhost")
        assert found["gateways"][0]["ready"] == {"llm": False}
        assert told(capsys, url, *trust)[1]["gateways"][0]["error"] == "status 401"
        stranger = told(capsys, url, "--token-file", str(token))[1]["gateways"][0]
        assert "certificate" in stranger["error"].lower()
    assert "let-me-in" not in json.dumps(stranger)


@pytest.mark.parametrize("url", ["ftp://a", "http://user:secret@a", "http://", "a:port"])
def test_what_is_no_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2 and a sentence, in which no password is."""
    assert main(["status", "--all", url]) == 2
    said = capsys.readouterr().err
    assert "URLs such as" in said
    assert "secret" not in said
