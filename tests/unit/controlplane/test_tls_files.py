"""Certificates and keys on disk: every fault is named with its file."""

from __future__ import annotations

import errno
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controlplane.cli.machine_checks import examine
from controlplane.compile import check, compile_file
from controlplane.home_paths import Home
from controlplane.problem import Severity, for_start, has_errors
from controlplane.tls_files import bundle_fault, last_day, out_of_date, pair_fault
from tests.fakes.certificates import Authority

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def test_a_sound_pair(authority: Authority) -> None:
    """No fault, and its last day is read to the second of the certificate."""
    leaf = authority.leaf("a.test", days=20)
    assert pair_fault(leaf.chain_file, leaf.key_file) is None
    assert out_of_date(leaf.chain_file, NOW) is None
    end = last_day(leaf.chain_file)
    assert end
    assert timedelta(days=19) < end - NOW < timedelta(days=21)


def test_what_is_not_there_or_no_pem(authority: Authority, tmp_path: Path) -> None:
    """Which of the two files, and what it is instead."""
    leaf = authority.leaf("b.test")
    nowhere, text = tmp_path / "none.pem", tmp_path / "text.pem"
    text.write_text("hello")
    assert str(pair_fault(nowhere, leaf.key_file)) == f"{nowhere} is not there"
    assert str(pair_fault(leaf.chain_file, nowhere)) == f"{nowhere} is not there"
    assert str(pair_fault(leaf.chain_file, tmp_path)) == f"{tmp_path} is no file"
    assert "holds no certificate" in str(pair_fault(text, leaf.key_file))
    assert str(text) in str(pair_fault(leaf.chain_file, text))
    assert "holds no certificate" in str(bundle_fault(text))
    assert bundle_fault(authority.file) is None


def test_a_key_of_another_certificate(authority: Authority) -> None:
    """The two do not belong together."""
    one, two = authority.leaf("c.test"), authority.leaf("d.test")
    fault = pair_fault(one.chain_file, two.key_file)
    assert str(fault) == f"{two.key_file} is not the key of {one.chain_file}"


def test_an_encrypted_key_asks_nobody(authority: Authority, tmp_path: Path) -> None:
    """Nobody is there to type a password when Envoy reads it."""
    leaf, locked = authority.leaf("e.test"), tmp_path / "locked.key"
    argv = ["openssl", "ec", "-in", leaf.key_file, "-aes256", "-passout", "pass:x", "-out", locked]
    subprocess.run(argv, check=True, capture_output=True)
    assert "encrypted" in str(pair_fault(leaf.chain_file, locked))


def test_an_unreadable_key(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mode says no: told as the system does, which for root it never would."""
    leaf = authority.leaf("f.test")
    read = Path.read_text

    def denied(path: Path, *rest: str) -> str:
        if path == leaf.key_file:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path, *rest)

    monkeypatch.setattr(Path, "read_text", denied)
    fault = pair_fault(leaf.chain_file, leaf.key_file)
    assert str(fault) == f"{leaf.key_file} cannot be read (permission denied)"


def test_expired_and_not_yet(authority: Authority) -> None:
    """On which day; a clock before the first day is told, too."""
    old = authority.leaf("g.test", days=-1)
    assert "expired on" in str(out_of_date(old.chain_file, NOW))
    fresh = authority.leaf("h.test")
    early = NOW - timedelta(days=400)
    assert "does not hold before" in str(out_of_date(fresh.chain_file, early))


CONFIG = """\
listeners: {{egress_traffic: {{port: 1, tls: {{tls_certificates: {{certificate_chain: {chain},
  private_key: {key}}}}}}}}}
llm_providers:
  - {{name: a, model: m, base_url: "https://llm.corp/v1", tls: {{ca_file: {ca}}}, default: true}}
"""


def test_lint_and_start_name_them(authority: Authority, tmp_path: Path) -> None:
    """Relative to the config; warnings for lint, errors for a start, but for a day that is over."""
    leaf, old = authority.leaf("i.test"), authority.leaf("j.test", days=-1)
    file = tmp_path / "arch_config.yaml"
    (tmp_path / "chain.pem").write_bytes(leaf.chain_file.read_bytes())
    file.write_text(CONFIG.format(chain="chain.pem", key="none.key", ca="none.pem"))
    found = [each for each in check(file, {}).problems if each.code == "AG507"]
    assert [each.severity for each in found] == [Severity.WARNING] * 2
    assert f"{tmp_path / 'none.key'} is not there" in found[0].message
    assert f"{tmp_path / 'none.pem'} is not there" in found[1].message
    assert all(each.severity is Severity.ERROR for each in for_start(found))
    assert compile_file(file, {}).gateway is not None
    file.write_text(CONFIG.format(chain=old.chain_file, key=old.key_file, ca=authority.file))
    found = [each for each in for_start(check(file, {}).problems) if each.code[:4] == "AG50"]
    assert [(each.code, each.severity) for each in found] == [("AG508", Severity.WARNING)]


MTLS = """\
listeners:
  egress_traffic:
    auth: {{mtls: {{ca_file: "{ca}", sans: [shop]}}}}
    tls: {{tls_certificates: {{certificate_chain: {chain}, private_key: {key}}}}}
llm_providers: [{{name: a, model: m, base_url: "https://llm.corp/v1", default: true}}]
"""


@pytest.mark.parametrize("fault", ["missing", "no CA", "expired"])
def test_ca_of_clients(authority: Authority, tmp_path: Path, fault: str) -> None:
    """`lint` and `doctor` name file and fault; without a CA that can be read nothing starts."""
    leaf = authority.leaf("k.test")
    ca = tmp_path / "clients.pem"
    if fault == "no CA":
        ca.write_text("hello")
    if fault == "expired":
        ca.write_bytes(authority.leaf("l.test", days=-1).chain_file.read_bytes())
    file = tmp_path / "arch_config.yaml"
    file.write_text(MTLS.format(ca="clients.pem", chain=leaf.chain_file, key=leaf.key_file))
    (found,) = [each for each in check(file, {}).problems if each.code[:4] == "AG50"]
    says = {"missing": "is not there", "no CA": "holds no certificate", "expired": "expired on"}
    assert f"{ca} {says[fault]}" in found.message
    assert found.path[-2:] == ("mtls", "ca_file")
    assert has_errors(for_start([found])) == (fault != "expired")
    home = Home(tmp_path / "home", tmp_path / "logs")
    (told,) = [each for each in examine(file, home, {}) if "CA of clients" in each.text]
    assert told.state == "error"
    assert f"llm listener: {ca} {says[fault]}" in told.text
