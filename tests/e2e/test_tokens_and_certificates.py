"""Who may call by a token or a certificate: what opens both listeners, and what opens neither."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from controlplane.emit import lua
from tests.e2e.archgw import until
from tests.e2e.conftest import Answer, Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.certificates import Authority, Leaf
from tests.fakes.issuer import NAME, Issuer, seconds
from tests.fakes.model_server import FakeModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAN, OTHER_SAN = "spiffe://corp.test/shop", "batch.corp.test"
KEY = "web-canary-0123456789"

AUTH = """
      jwt: {{issuer: "{issuer}", audience: archgw, jwks_file: jwks.json}}
      mtls: {{ca_file: "{clients}", sans: ["{san}", "{other_san}"]}}
    tls:
      tls_certificates:
        - certificate_chain: {{filename: "{chain}"}}
          private_key: {{filename: "{key}"}}
"""

CONFIG = """
listeners:
  ingress_traffic:
    auth:{auth}
  egress_traffic:
    auth:
      api_keys: [{name: web, key: $WEB_KEY}]{auth}
model_server: {address: "{models}"}
llm_providers:
  - name: one
  - name: two
    clients: [ada, "{san}"]
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}}
overrides: {access_log_format: json}
"""


@dataclass
class Stage:
    running: Running
    models: FakeModelServer
    world: World
    issuer: Issuer
    signer: Authority
    folder: Path

    def client(self, listener: str, shown: Leaf | None = None) -> Client:
        port = self.running.port if listener == "llm" else self.running.prompt_port
        return Client(port, tls=shown.client_context() if shown else anybody())

    def leaf(self, name: str, *sans: str, days: int = 2) -> Leaf:
        return self.signer.leaf(*sans, name=name, days=days)

    def nobody_was_asked(self) -> bool:
        return not self.world.one.received and not self.models.received

    def requests_of_extproc(self) -> list[str]:
        lines = (line for each in self.running.extprocs for line in each.metrics().splitlines())
        return [line for line in lines if line.startswith("archgw_extproc_requests")]

    def last_logged(self, listener: str) -> dict[str, object]:
        name = "access_llm.log" if listener == "llm" else "access_ingress.log"
        found: dict[str, object] = json.loads(self.running.log(name).splitlines()[-1])
        return found


def _auth(clients: Authority, own: Leaf) -> str:
    return AUTH.format(
        issuer=NAME, clients=clients.file, san=SAN, other_san=OTHER_SAN,
        chain=own.chain_file, key=own.key_file,
    )  # fmt: skip


def anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def staged(
    world: World, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("tokens")
    issuer, signer = Issuer(), Authority(folder / "signer", "signer of clients")
    (folder / "jwks.json").write_text(issuer.key_set)
    server = authority.leaf("gateway.test")
    with FakeModelServer() as models:
        auth = _auth(signer, server)
        config = world.config(CONFIG, auth=auth, models=models.address, san=SAN)
        keys = {"KEY": "sk-of-the-provider", "WEB_KEY": KEY}
        with gateway(folder, config, keys) as running:
            yield Stage(running, models, world, issuer, signer, folder)


@pytest.fixture
def stage(staged: Stage) -> Stage:
    staged.world.forget()
    staged.models.forget()
    return staged


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


LISTENERS = pytest.mark.parametrize("listener", ["llm", "prompt"])


@LISTENERS
def test_token(stage: Stage, listener: str) -> None:
    """A token of the issuer opens the door; its `sub` is the client, and it goes nowhere."""
    token = stage.issuer.token(sub="auth0|ada")
    for scheme in ("bearer", "BEARER", "Bearer"):
        sent = {"authorization": f"{scheme} {token}", "x-arch-client": "web"}
        answer = stage.client(listener).chat(headers=sent)
        assert answer.status == 200, answer.text
    assert stage.last_logged(listener)["client_name"] == "auth0|ada"
    seen = stage.world.one.received[0]
    assert seen.headers["authorization"] == "Bearer sk-of-the-provider"
    assert token not in str(stage.models.received) + str(seen.headers)
    assert not [name for name in seen.headers if name.lower().startswith("x-arch-")]


@LISTENERS
def test_certificate(stage: Stage, listener: str) -> None:
    """A certificate opens the door under the name that the config has of it."""
    for sans in ((SAN,), (OTHER_SAN,), ("else.corp.test", OTHER_SAN)):
        shown = stage.leaf("shown", *sans)
        answer = stage.client(listener, shown).chat(headers=bearer("unused"))
        assert answer.status == 200, answer.text
        assert stage.last_logged(listener)["client_name"] == sans[-1]
        seen = stage.world.one.received.pop()
        assert seen.headers["authorization"] == "Bearer sk-of-the-provider"
        assert "unused" not in str(stage.models.received) + str(seen.headers)


def test_http2(stage: Stage) -> None:
    """Many calls on one connection have its certificate, and each a token of its own."""
    url = f"https://127.0.0.1:{stage.running.port}/v1/models"
    for shown, wanted in (
        (stage.leaf("shown", SAN).client_context(), [200, 200]),
        (anybody(), [200, 401]),
    ):
        with httpx.Client(http2=True, verify=shown) as client:
            answers = [client.get(url, headers=bearer(stage.issuer.token())), client.get(url)]
        assert [each.status_code for each in answers] == wanted
        assert {each.http_version for each in answers} == {"HTTP/2"}


def test_key_beside_both(stage: Stage) -> None:
    """A key is enough, too, beside a token or a certificate that does not hold."""
    stale = stage.issuer.token(exp=NOW - 600)
    late = stage.leaf("late", SAN, days=-1)
    for shown, headers in (
        (None, bearer(KEY)),
        (late, bearer(KEY)),
        (late, {"x-api-key": KEY, **bearer(stale)}),
    ):
        answer = stage.client("llm", shown).chat(headers=headers)
        assert answer.status == 200, answer.text
        assert stage.last_logged("llm")["client_name"] == "web"
    assert refused(stage.client("prompt").chat(headers=bearer(KEY)))


def test_what_is_for_some_clients(stage: Stage) -> None:
    """Names that tokens and certificates give are names like those of keys."""
    shop, batch = stage.leaf("shop", SAN), stage.leaf("batch", OTHER_SAN)
    for shown, headers, status in (
        (None, bearer(stage.issuer.token()), 200),
        (None, bearer(stage.issuer.token(sub="eve")), 403),
        (shop, {}, 200),
        (batch, {}, 403),
        (None, bearer(KEY), 403),
    ):
        answer = stage.client("llm", shown).chat(model="two", headers=headers)
        assert answer.status == status, answer.text
    assert len(stage.world.two.received) == 2


def refused(answer: Answer) -> bool:
    """As OpenAI's API says it, which SDKs make their own error of."""
    error = answer.json["error"]
    wanted = answer.headers["www-authenticate"].startswith("Bearer")
    return wanted and (answer.status, error["code"]) == (401, "invalid_api_key")


NOW = seconds()
FORGED = {
    "expired": {"exp": NOW - 600},
    "not yet": {"nbf": NOW + 86_400},
    "never expires": {"exp": None},
    "another issuer": {"iss": "https://else.test"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "else"},
    "other audiences": {"aud": ["else", "archgw2"]},
    "no audience": {"aud": None},
    "nobody": {"sub": None},
    "empty": {"sub": ""},
    "a header": {"sub": "ada\r\nx-arch-client: web"},
    "blanks": {"sub": "the web shop"},
    "no text": {"sub": ["web"]},
    "long": {"sub": "a" * 129},
    "unsigned": {"algorithm": "none"},
    "signed with the public key": {"algorithm": "HS256"},
}


def not_known(stage: Stage) -> Iterator[tuple[str, dict[str, str], Leaf | None]]:
    """What opens no door, by name."""
    yield "nothing", {}, None
    yield "a name alone", {"x-arch-client": "web", "x-arch-token-client": "web"}, None
    for name, claims in FORGED.items():
        yield f"token: {name}", bearer(stage.issuer.token(**claims)), None  # type: ignore[arg-type]
    sound = stage.issuer.token()
    yield "token: another key", bearer(Issuer().token()), None
    yield "token: another key's name", bearer(Issuer(key_id="2").token()), None
    yield "token: changed", bearer(sound[:-4] + ("AAAA" if sound[-4:] != "AAAA" else "BBBB")), None
    yield "token: cut", bearer(sound.rpartition(".")[0] + "."), None
    yield "token: as a key", {"x-api-key": sound}, None
    yield "token: in a cookie", {"cookie": f"authorization=Bearer {sound}"}, None
    others = Authority(stage.folder / "others", "signer of clients")
    yield "certificate: another CA", {}, others.leaf(SAN, name="other")
    yield "certificate: expired", {}, stage.leaf("expired", SAN, days=-1)
    yield "certificate: another name", {}, stage.leaf("another", "spiffe://corp.test/shop2")
    yield "certificate: name as DNS alone", {}, stage.leaf("prefix", "shop", "corp.test")
    yield "certificate told in a header", {"x-forwarded-client-cert": f"URI={SAN}"}, None


@LISTENERS
def test_unknown_client(stage: Stage, listener: str) -> None:
    """Without a credential that holds, nobody is asked: no provider, no extproc, no model."""
    before = stage.requests_of_extproc()
    for name, headers, shown in not_known(stage):
        answer = stage.client(listener, shown).chat(headers=headers)
        assert refused(answer), (name, answer)
    assert stage.nobody_was_asked()
    assert stage.requests_of_extproc() == before


def test_token_that_ends(stage: Stage) -> None:
    """Nothing of a token is remembered longer than it holds: a minute more, for odd clocks."""
    token = stage.issuer.token(exp=seconds() - 54)
    client = stage.client("llm")

    def status() -> int:
        return client.ask("GET", "/v1/models", authorization=f"Bearer {token}").status

    assert {status() for _ in range(3)} == {200}
    until(lambda: status() == 401, within=15)


def test_token_in_a_query(stage: Stage) -> None:
    """In a query a token would stand in logs on the way."""
    path = f"/v1/chat/completions?access_token={stage.issuer.token()}"
    assert refused(stage.client("llm").ask(path=path, body={"messages": []}))


@LISTENERS
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_nothing(stage: Stage, listener: str, path: str) -> None:
    """What asks whether the gateway is well has no credential."""
    assert stage.client(listener).ask("GET", path).status == 200


def test_token_that_does_not_hold_is_told_why(stage: Stage) -> None:
    """To its client and to the log, in words that nothing of the token is in."""
    for claims, why in (
        ({"exp": NOW - 600}, "Jwt is expired"),
        ({"sub": "the web shop"}, "what it calls its client is no name"),
    ):
        answer = stage.client("prompt").chat(headers=bearer(stage.issuer.token(**claims)))
        assert answer.json["error"]["message"] == f"the token does not hold: {why}"
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert stage.last_logged("prompt")["token_refused"] == why
    for key in ("no-token-at-all", "a.b"):
        assert "show a certificate" in stage.client("prompt").chat(headers=bearer(key)).text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_goes_on(stage: Stage, version: ssl.TLSVersion) -> None:
    """Each connection shows its certificate anew: nobody would look again at that of a session."""
    context = stage.leaf("session", SAN).client_context()
    context.minimum_version = context.maximum_version = version
    request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    session = None
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", stage.running.port), 5) as plain,
            context.wrap_socket(plain, session=session) as wrapped,
        ):
            wrapped.sendall(request)
            assert wrapped.recv(1000).startswith(b"HTTP/1.1 200")
            assert not wrapped.session_reused
            session = wrapped.session


def test_credentials_are_in_no_config_and_no_log(stage: Stage) -> None:
    """Tokens are nowhere, and keys that check them where only this user looks."""
    token, modulus = stage.issuer.token(), stage.issuer.jwk["n"]
    for listener in ("llm", "prompt"):
        assert stage.client(listener).chat(headers=bearer(token)).status == 200
    stage.running.log()
    home = stage.running.home
    files = [file for folder in (home.folder, home.logs) for file in folder.rglob("*")]
    texts = {file: file.read_text("utf-8", "replace") for file in files if file.is_file()}
    assert not [file for file, text in texts.items() if token[-40:] in text]
    assert {file.parent for file, text in texts.items() if modulus in text} == {home.secrets}


def test_broken_script_opens_nothing(
    world: World, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that fails lets its request go on; the door behind it stays shut."""
    issuer, leaf = Issuer(), authority.leaf("gateway.test", SAN, name="both")
    (tmp_path / "jwks.json").write_text(issuer.key_set)
    monkeypatch.setattr(
        lua, "naming_source", lambda _: "function envoy_on_request() error('x') end"
    )
    listener = f"listeners:\n  egress_traffic:\n    auth:{_auth(authority, leaf)}"
    config = world.config(listener)
    with gateway(tmp_path, config, {"KEY": "sk-canary"}) as running:
        client = Client(running.port, tls=leaf.client_context())
        assert refused(client.chat(headers=bearer(issuer.token())))


def test_metrics(stage: Stage) -> None:
    """An issuer may know any number of clients: metrics tell them as one, and others by name."""
    for name in ("ada", "grace"):
        token = stage.issuer.token(sub=name)
        assert stage.client("llm").chat(headers=bearer(token)).status == 200
    assert stage.client("llm").chat(headers=bearer(KEY)).status == 200
    assert stage.client("llm", stage.leaf("shop", SAN)).chat().status == 200
    assert stage.client("llm").chat().status == 401
    stage.running.log()
    lines = stage.running.admin("GET", "/stats/prometheus").splitlines()
    counted = [line for line in lines if line.startswith("envoy_archgw_requests")]
    clients = {line.partition('client="')[2].partition('"')[0] for line in counted}
    assert {"(token)", "web", SAN, ""} <= clients
    assert not any("ada" in line or "grace" in line for line in counted)
