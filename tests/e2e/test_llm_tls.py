"""TLS on both sides: whom we trust, and what clients see."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.archgw import Archgw
from tests.e2e.configs import config, one_behind_tls, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import Running, free_port, gateway
from tests.fakes.certificates import Authority, Leaf
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize("fault", ["wrong name", "unknown authority", "expired", "old TLS"])
def test_provider_that_cannot_be_trusted(authority: Authority, tmp_path: Path, fault: str) -> None:
    """A certificate that does not hold gets neither request nor key."""
    issuer = Authority(tmp_path / "other") if fault == "unknown authority" else authority
    name = "elsewhere.test" if fault == "wrong name" else "localhost"
    leaf = issuer.leaf(name, name=fault.replace(" ", "-"), days=-1 if fault == "expired" else 2)
    context = leaf.server_context()
    if fault == "old TLS":
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    with FakeProvider("one", context) as provider:
        text = config("", one_behind_tls(provider.address, authority.file))
        with gateway(tmp_path, text, {"KEY": "sk-canary"}) as started:
            answer = Client(started.port).chat()
        assert answer.status == 503
        assert answer.json["error"]["code"] == "provider_unreachable"
        assert not provider.received


DOWNSTREAM = """
listeners:
  egress_traffic:
    tls:
      tls_certificates:
        - certificate_chain: {filename: {first_chain}}
          private_key: {filename: {first_key}}
        - certificate_chain: {filename: {second_chain}}
          private_key: {filename: {second_key}}
"""


def _configured(first: Leaf, second: Leaf, provider: str, **port: int) -> str:
    return config(
        DOWNSTREAM, one_local(provider),
        first_chain=first.chain_file, first_key=first.key_file,
        second_chain=second.chain_file, second_key=second.key_file, **port,
    )  # fmt: skip


@pytest.fixture(scope="module")
def tls_gateway(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("tls")
    first, second = authority.leaf("first.test"), authority.leaf("second.test")
    with FakeProvider("one") as provider:
        text = _configured(first, second, provider.address)
        with gateway(folder, text, {}) as started:
            yield started


def handshake(running: Running, authority: Authority, name: str) -> dict[str, object]:
    context = ssl.create_default_context(cafile=str(authority.file))
    with (
        socket.create_connection(("127.0.0.1", running.port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as wrapped,
    ):
        return dict(wrapped.getpeercert() or {})


@pytest.mark.parametrize("name", ["first.test", "second.test"])
def test_certificate_by_name(tls_gateway: Running, authority: Authority, name: str) -> None:
    """Each server name is shown its own certificate."""
    names = handshake(tls_gateway, authority, name)["subjectAltName"]
    assert names == (("DNS", name),)


def test_http2_by_alpn(tls_gateway: Running, authority: Authority) -> None:
    """A client that can speaks HTTP/2 over TLS, and one that cannot speaks HTTP/1.1."""
    context = ssl.create_default_context(cafile=str(authority.file))
    url = f"https://127.0.0.1:{tls_gateway.port}/v1/chat/completions"
    body = {"messages": [{"role": "user", "content": "hi"}]}
    for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
        with httpx.Client(http2=http2, verify=context) as client:
            answer = client.post(url, json=body, extensions={"sni_hostname": "first.test"})
        assert (answer.status_code, answer.http_version) == (200, version)


def test_old_tls_is_refused(tls_gateway: Running, authority: Authority) -> None:
    """TLS 1.1 gets no connection."""
    context = ssl.create_default_context(cafile=str(authority.file))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", tls_gateway.port), 5) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="first.test")


def test_rotation(authority: Authority, tmp_path: Path) -> None:
    """A renewed certificate serves new connections at once; open ones live on.

    The folder is laid out as Kubernetes mounts secrets: chain and key change in one rename.
    """
    live = tmp_path / "live"
    live.mkdir()
    old, new = authority.leaf("rotate.test", name="old"), authority.leaf("rotate.test", name="new")
    for version, leaf in (("v1", old), ("v2", new)):
        folder = live / version
        folder.mkdir()
        (folder / "cert.pem").write_bytes(leaf.chain_file.read_bytes())
        (folder / "key.pem").write_bytes(leaf.key_file.read_bytes())
    (live / "..data").symlink_to("v1")
    for name in ("cert.pem", "key.pem"):
        (live / name).symlink_to(f"..data/{name}")
    with FakeProvider("one") as provider:
        first = Leaf(live / "cert.pem", live / "key.pem")
        text = _configured(first, authority.leaf("second.test"), provider.address)
        with gateway(tmp_path, text, {}) as started:
            _rotate(started, authority, live)


def _rotate(started: Running, authority: Authority, live: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority.file))
    plain = socket.create_connection(("127.0.0.1", started.port), 5)
    open_one = http.client.HTTPSConnection("127.0.0.1", started.port)
    open_one.sock = context.wrap_socket(plain, server_hostname="rotate.test")
    before = handshake(started, authority, "rotate.test")["serialNumber"]
    (live / "..next").symlink_to("v2")
    os.replace(live / "..next", live / "..data")
    deadline = time.monotonic() + 5
    while handshake(started, authority, "rotate.test")["serialNumber"] == before:
        assert time.monotonic() < deadline, "the new certificate was never served"
        time.sleep(0.05)
    open_one.request("GET", "/healthz")
    assert open_one.getresponse().status == 200
    open_one.close()


@pytest.mark.parametrize("fault", ["missing", "mismatched"])
def test_up_names_the_file_that_cannot_be_used(
    authority: Authority, tmp_path: Path, fault: str
) -> None:
    """At once and with its place, where it used to wait for Envoy to serve; nothing is left over."""
    archgw, leaf = Archgw(tmp_path), authority.leaf("localhost", name="served")
    other = authority.leaf("localhost", name="other")
    key = tmp_path / "none.key" if fault == "missing" else other.key_file
    text = _configured(leaf, Leaf(leaf.chain_file, key), "127.0.0.1:9", port=free_port())
    archgw.config.write_text(text)
    began = time.monotonic()
    done = archgw.up()
    assert done.returncode == 1
    assert time.monotonic() - began < 15
    assert str(key) in done.stderr
    assert "AG507" in done.stderr
    assert archgw.processes() == []
