"""What changes between two configs, told in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controlplane.cli.main import main
from controlplane.compile import compile_file
from controlplane.diff import Change, differences

if TYPE_CHECKING:
    from controlplane import ir

BASE = """\
version: v0.1
listeners:
  egress_traffic: {address: 127.0.0.1, port: 12000}
llm_providers:
  - name: gpt
    provider: openai
    model: gpt-4o
    access_key: $KEY
    default: true
    rate_limits:
      - limit: {tokens: 100, unit: minute}
  - name: near
    provider: ollama
    model: llama
    endpoint: 127.0.0.1:11434
endpoints:
  app: {endpoint: "127.0.0.1:8080"}
prompt_targets:
  - name: weather
    description: Weather forecast for a place over the coming days
    endpoint: {name: app, path: /weather}
"""


def lowered(folder: Path, text: str, key: str = "sk-1") -> ir.Gateway:
    file = folder / "arch.yaml"
    file.write_text(text)
    gateway = compile_file(file, {"KEY": key}).gateway
    assert gateway is not None
    return gateway


def told(folder: Path, *replaced: tuple[str, str], key: str = "sk-1") -> tuple[Change, ...]:
    new = BASE
    for before, after in replaced:
        assert before in new
        new = new.replace(before, after)
    return differences(lowered(folder, BASE), lowered(folder, new, key))


def test_same_config_has_no_difference(tmp_path: Path) -> None:
    """Also when it is only written differently."""
    assert told(tmp_path) == ()
    assert told(tmp_path, ("{address: 127.0.0.1, port: 12000}", "{port: 12000}")) == ()


@pytest.mark.parametrize(
    ("before", "after", "area", "words"),
    [
        (
            "    default: true\n",
            "    default: true\n    price: {input: 2.5, output: 10}\n",
            "provider",
            ["provider gpt: price none → 2.5/10/2.5"],
        ),
        ("port: 12000", "port: 12001", "listener", ["llm listener", "127.0.0.1:12001"]),
        ("port: 12000", "port: 12000, cors: '*'", "listener", ["web pages of none → *"]),
        ("version: v0.1", "overrides: {max_body: 1MiB}", "listener", ["body 10 MiB → 1 MiB"]),
        ("model: gpt-4o", "model: gpt-5", "provider", ["provider gpt", "gpt-4o → gpt-5"]),
        ("tokens: 100,", "tokens: 50,", "limit", ["limit for gpt", "100 tokens", "50 tokens"]),
        ("127.0.0.1:8080", "127.0.0.1:8081", "endpoint", ["endpoint app", "http://127.0.0.1:8081"]),
        ("path: /weather", "path: /w", "target", ["target weather", "/w"]),
        ("127.0.0.1:11434", "127.0.0.1:1", "provider", ["provider near", "http://127.0.0.1:1"]),
        ("    access_key", "    timeout: 7s\n    access_key", "provider", ["120 s → 7 s"]),
        ("    access_key", "    fallbacks: [near]\n    access_key", "provider", ["then near"]),
        ("version: v0.1", "overrides: {unknown_model: default}", "provider", ["refused → to the"]),
        ("version: v0.1", "overrides: {error_format: text}", "setting", ["'json' → 'text'"]),
        ("version: v0.1", "overrides: {error_detail: full}", "setting", ["'client' → 'full'"]),
        ("version: v0.1", "overrides: {stream_format: v0.1}", "setting", ["'openai' → 'v0.1'"]),
    ],
)
def test_change_is_told_in_words(
    tmp_path: Path, before: str, after: str, area: str, words: list[str]
) -> None:
    """One change gives one line, of the right area, with the old and the new value."""
    (change,) = told(tmp_path, (before, after))
    assert change.area == area
    assert change.kind == "changed"
    for word in words:
        assert word in change.text


def test_added_and_removed(tmp_path: Path) -> None:
    """What came and what went is told by name and address."""
    renamed = told(tmp_path, ("name: weather", "name: climate"))
    assert [(each.area, each.kind) for each in renamed] == [
        ("target", "removed"),
        ("target", "added"),
    ]
    (came, *_) = differences(lowered(tmp_path, BASE), lowered(tmp_path, _with_provider()))
    assert (came.area, came.kind) == ("provider", "added")
    assert "https://api.mistral.ai:443" in came.text
    (alias,) = told(tmp_path, ("version:", "model_aliases: {fast: gpt-4o}\nversion:"))
    assert (alias.kind, alias.text) == ("added", "alias fast: added (for gpt)")


def _with_provider() -> str:
    extra = "  - {name: m, provider: mistral, model: x, access_key: $KEY}\nendpoints:"
    return BASE.replace("endpoints:", extra, 1)


def test_new_key_is_told_without_the_key(tmp_path: Path) -> None:
    """That it changed is told; neither the old nor the new one is."""
    (change,) = told(tmp_path, key="sk-2")
    assert "a new key" in change.text
    assert "sk-" not in change.text


AUTH = """\
    auth:
      jwt: {issuer: i, audience: a, jwks_file: keys.json}
      mtls: {ca_file: one.pem, sans: [shop]}
    tls: {tls_certificates: {certificate_chain: c.pem, private_key: k.pem}}
"""


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("audience: a", "audience: b", "tokens for a → b"),
        ("issuer: i", "issuer: j", "callers shop, tokens of i → shop, tokens of j"),
        ("sans: [shop]", "sans: [shop, b]", "callers shop, tokens of i → shop, b, tokens of i"),
        ("issuer: i", "client_claim: c, issuer: i", "clients by the tokens' sub → c"),
        ("jwks_file: keys.json", "jwks_url: https://j/k", "keys for tokens from a file → https://"),
        ("jwks_file: keys.json", "jwks_file: other.json", "other keys for tokens"),
        ("one.pem", "two.pem", "CA of clients one.pem → two.pem"),
    ],
)
def test_credentials_of_clients(tmp_path: Path, before: str, after: str, words: str) -> None:
    """Whose tokens and certificates are taken is told; a shared secret among the keys is not."""
    for name in ("keys", "other"):
        key = {"kty": "oct", "k": f"hunter2-{name}"}
        (tmp_path / f"{name}.json").write_text(json.dumps({"keys": [key]}))
    old = BASE.replace("{address: 127.0.0.1, port: 12000}", "\n    port: 12000\n" + AUTH)
    new = old.replace(before, after)
    (change,) = differences(lowered(tmp_path, old), lowered(tmp_path, new))
    assert words in change.text
    assert "hunter2" not in change.text


def test_command_prints_words_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`archgw diff OLD NEW` ends with 0 and says that no stream is cut."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(BASE)
    new.write_text(BASE.replace("gpt-4o", "gpt-5"))
    assert main(["diff", str(old), str(new)]) == 0
    shown = capsys.readouterr().out
    assert "provider gpt: model gpt-4o → gpt-5" in shown
    assert "no running stream is cut" in shown
    assert main(["diff", str(old), str(new), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    text = "provider gpt: model gpt-4o → gpt-5"
    assert printed == {"changes": [{"area": "provider", "kind": "changed", "text": text}]}
    assert main(["diff", str(old), str(old)]) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_command_refuses_a_broken_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1 and the problem with its place."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(BASE)
    new.write_text(BASE.replace("llm_providers:", "llm_provider:"))
    assert main(["diff", str(old), str(new)]) == 1
    assert f"{new}:4:1" in capsys.readouterr().err


def test_command_says_when_it_could_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be read is exit status 2, as with `lint`, on either side."""
    old, none = tmp_path / "old.yaml", tmp_path / "none.yaml"
    old.write_text(BASE)
    for pair in ((old, none), (none, old)):
        assert main(["diff", *map(str, pair)]) == 2
        assert "no such file" in capsys.readouterr().err
