"""Keys of an issuer: in a file that changes, or at a host that answers or does not."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

import pytest

from controlplane.cli.machine_checks import examine
from controlplane.home_paths import Home
from tests.e2e import configs
from tests.e2e.archgw import Archgw, replace, until
from tests.e2e.conftest import Client, World
from tests.e2e.harness import free_port, gateway
from tests.fakes.certificates import Authority, Leaf
from tests.fakes.issuer import AUDIENCE, NAME, Issuer, KeySetServer

if TYPE_CHECKING:
    from pathlib import Path

KEY = "web-canary-0123456789"


def config(world: World, keys: str | None, **port: int) -> str:
    tokens = f", jwt: {{issuer: {NAME}, audience: {AUDIENCE}, {keys}}}" if keys else ""
    auth = f"{{api_keys: [{{name: web, key: {KEY}}}]{tokens}}}"
    return world.config(f"listeners: {{egress_traffic: {{auth: {auth}}}}}", **port)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def status(client: Client, key: str) -> int:
    return client.chat(headers=bearer(key)).status


def test_keys_from_a_host(world: World, authority: Authority, tmp_path: Path) -> None:
    """They are fetched over TLS beforehand, and once for many calls; while nobody is there they hold."""
    tls = authority.leaf("localhost").server_context()
    with KeySetServer(Issuer(), tls) as server:
        keys = f"jwks_url: '{server.url}', tls: {{ca_file: {authority.file}}}"
        with gateway(tmp_path, config(world, keys), {"KEY": "sk-canary"}) as running:
            client = Client(running.port)
            until(lambda: server.asked)
            assert status(client, server.issuer.token()) == 200
            assert status(client, Issuer().token()) == 401
            asked = server.asked
            server.stop()
            assert {status(client, server.issuer.token()) for _ in range(5)} == {200}
            assert server.asked == asked


@pytest.mark.parametrize("fault", ["refuses connections", "unknown authority"])
def test_keys_from_a_host_that_cannot_be_trusted(
    world: World, authority: Authority, tmp_path: Path, fault: str
) -> None:
    """No token is taken then; clients with keys are served, and `doctor` says what is missing."""
    issuer = Authority(tmp_path / "others") if fault == "unknown authority" else authority
    with KeySetServer(Issuer(), issuer.leaf("localhost").server_context()) as server:
        if fault == "refuses connections":
            server.stop()
        keys = f"jwks_url: '{server.url}', tls: {{ca_file: {authority.file}}}"
        with gateway(tmp_path, config(world, keys), {"KEY": "sk-canary"}) as running:
            client = Client(running.port)
            answer = client.chat(headers=bearer(server.issuer.token()))
            assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
            assert "Jwks remote fetch is failed" in answer.json["error"]["message"]
            assert status(client, KEY) == 200
            assert server.asked == 0
        findings = examine(
            tmp_path / "arch_config.yaml", Home(tmp_path / "none", tmp_path), {"KEY": "sk-canary"}
        )
        (found,) = [each for each in findings if "keys for tokens of the llm" in each.text]
        assert found.state == "warning"
        assert f"localhost:{server.port} cannot be reached" in found.text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("keys?kind=sign", ("ok", "GET /keys: the keys are there")),
        ("elsewhere", ("error", "GET /elsewhere: 404, no keys")),
        ("nothing", ("error", "GET /nothing: the answer is no JSON")),
    ],
)
def test_doctor_asks_for_the_keys(
    world: World, authority: Authority, tmp_path: Path, path: str, told: tuple[str, str]
) -> None:
    """A host that answers is not enough: the keys have to be where they are said to be."""
    file = tmp_path / "arch_config.yaml"
    with KeySetServer(Issuer(), authority.leaf("localhost").server_context()) as server:
        url = server.url.replace("keys?kind=sign", path)
        keys = f"jwks_url: '{url}', tls: {{ca_file: {authority.file}}}"
        file.write_text(config(world, keys, port=free_port()))
        findings = examine(file, Home(tmp_path / "none", tmp_path), {"KEY": "sk-canary"})
    (found,) = [each for each in findings if each.name == "tokens"]
    assert (found.state, found.text.partition(", ")[2]) == told


def test_keys_in_a_file_that_changes(world: World, authority: Authority, tmp_path: Path) -> None:
    """A new key counts, and the old one no more, without a restart or a cut connection.

    A file that holds no keys is not taken: the last ones hold on. So may the keys move to a host.
    """
    archgw, port = Archgw(tmp_path, {"KEY": "sk-canary"}), free_port()
    old, new = Issuer("old"), Issuer("new")
    file = tmp_path / "jwks.json"
    file.write_text(old.key_set)
    archgw.config.write_text(config(world, "jwks_file: jwks.json", port=port))
    done = archgw.up()
    try:
        assert done.returncode == 0, done.stderr
        client, pid = Client(port), archgw.child()["pid"]
        open_one = http.client.HTTPConnection("127.0.0.1", port)
        assert [status(client, each.token()) for each in (old, new)] == [200, 401]
        remembered = old.token()
        assert {asked(open_one, remembered) for _ in range(3)} == {200}
        held = open_one.sock
        replace(file, json.dumps({"keys": [old.jwk, new.jwk]}))
        until(lambda: status(client, new.token()) == 200)
        assert status(client, old.token()) == 200
        replace(file, new.key_set)
        until(lambda: status(client, old.token()) == 401)
        assert asked(open_one, remembered) == 401
        assert asked(open_one, new.token()) == 200
        replace(file, "no keys")
        refused = archgw.run("reload")
        assert refused.returncode == 1
        assert "jwks.json is no JSON" in refused.stderr
        assert asked(open_one, new.token()) == 200
        assert open_one.sock is held
        with KeySetServer(Issuer(), authority.leaf("localhost").server_context()) as server:
            keys = f"jwks_url: '{server.url}', tls: {{ca_file: {authority.file}}}"
            replace(archgw.config, config(world, keys, port=port))
            until(lambda: status(client, server.issuer.token()) == 200)
            assert status(client, new.token()) == 401
        assert archgw.child()["pid"] == pid
    finally:
        archgw.run("down", "--timeout", "0")


def test_tokens_come_and_go(world: World, tmp_path: Path) -> None:
    """Clients with keys are served all the while; tokens count no more on connections that are open."""
    archgw, port, issuer = Archgw(tmp_path, {"KEY": "sk-canary"}), free_port(), Issuer()
    (tmp_path / "jwks.json").write_text(issuer.key_set)
    archgw.config.write_text(config(world, None, port=port))
    done = archgw.up()
    try:
        assert done.returncode == 0, done.stderr
        client = Client(port)
        for keys, wanted in (("jwks_file: jwks.json", 200), (None, 401)):
            replace(archgw.config, config(world, keys, port=port))
            until(lambda wanted=wanted: served(client, issuer.token(), wanted))
            if keys:
                held = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(20)]
                assert {asked(each, issuer.token()) for each in held} == {200}
        # Each of them answers once more, and closes.
        assert all(each.sock for each in held)
        until(lambda: asked(held.pop(), issuer.token()) == 401)
    finally:
        archgw.run("down", "--timeout", "0")


def served(client: Client, token: str, wanted: int) -> bool:
    assert status(client, KEY) == 200
    return status(client, token) == wanted


MTLS = """
listeners:
  egress_traffic:
    auth: {mtls: {ca_file: clients.pem, sans: [{sans}]}}
    tls: {tls_certificates: {certificate_chain: {chain}, private_key: {key}}}
"""


def test_certificates_that_count_no_more(authority: Authority, tmp_path: Path) -> None:
    """Without a name that the config has no longer, nor with one that another CA has signed since.

    The name is gone for connections that are open, too.
    """
    archgw, port, leaf = Archgw(tmp_path), free_port(), authority.leaf("gateway.test")
    signers = [Authority(tmp_path / name, "signer of clients") for name in ("old", "new")]
    shop, batch = (signers[0].leaf(f"{name}.corp.test") for name in ("shop", "batch"))
    renewed = signers[1].leaf("batch.corp.test")

    def configured(*sans: str) -> str:
        names = ", ".join(f"{each}.corp.test" for each in sans)
        own = {"chain": leaf.chain_file, "key": leaf.key_file}
        return configs.config(MTLS, configs.one_local("127.0.0.1:9"), port=port, sans=names, **own)

    def status_of(shown: Leaf) -> int:
        return Client(port, tls=shown.client_context()).ask("GET", "/v1/models").status

    (tmp_path / "clients.pem").write_bytes(signers[0].file.read_bytes())
    archgw.config.write_text(configured("shop", "batch"))
    done = archgw.up()
    try:
        assert done.returncode == 0, done.stderr
        assert [status_of(each) for each in (shop, batch, renewed)] == [200, 200, 401]
        open_one = http.client.HTTPSConnection("127.0.0.1", port, context=shop.client_context())
        assert asked(open_one, "unused") == 200
        held = open_one.sock
        replace(archgw.config, configured("batch"))
        until(lambda: status_of(shop) == 401)
        assert open_one.sock is held
        assert asked(open_one, "unused") == 401
        assert status_of(batch) == 200
        replace(tmp_path / "clients.pem", signers[1].file.read_text())
        until(lambda: status_of(renewed) == 200)
        assert status_of(batch) == 401
    finally:
        archgw.run("down", "--timeout", "0")


def asked(connection: http.client.HTTPConnection, token: str) -> int:
    """On a connection that stays open."""
    connection.request("GET", "/v1/models", headers=bearer(token))
    response = connection.getresponse()
    response.read()
    return response.status
