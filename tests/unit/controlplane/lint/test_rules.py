"""What the examples of the manuals do not show of a rule."""

from __future__ import annotations

import pytest

from controlplane import defaults, hosts, lint
from tests.unit.controlplane.configs import codes, places

PROVIDER = "llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]\n"
LISTENER = "listener: {address: %s, port: %d}\n"


@pytest.mark.parametrize(
    ("text", "clash"),
    [
        (LISTENER % ("0.0.0.0", 12000) + PROVIDER, True),
        (LISTENER % ("127.0.0.1", 12000) + PROVIDER, True),
        (LISTENER % ("10.0.0.1", 12000) + PROVIDER, False),
        (LISTENER % ("0.0.0.0", 12000) + PROVIDER + "mode: llm\n", False),
        (LISTENER % ("0.0.0.0", 51000) + PROVIDER, False),
        (LISTENER % ("0.0.0.0", 19901) + PROVIDER, True),
        (LISTENER % ("0.0.0.0", 19901) + PROVIDER + "overrides: {stats_port: 0}\n", False),
        (LISTENER % ("0.0.0.0", 10000) + PROVIDER, False),
        (PROVIDER + "listeners: {egress_traffic: {port: 10000}}\n", False),
    ],
)
def test_port_clash(text: str, clash: bool) -> None:
    """Ports clash when two of the gateway's own listeners share one on one address."""
    assert ("AG603" in codes(text)) is clash


def test_clash_points_at_the_chosen_port() -> None:
    """Of two clashing ports the one in the file is shown, not the default."""
    assert "1:36 AG603" in places(LISTENER % ("0.0.0.0", 12000) + PROVIDER)


def test_manual_tells_the_default_ports() -> None:
    """`--explain AG603` names the ports that are taken where the config says nothing."""
    manual = lint.manual("AG603")
    assert manual is not None
    for name in ("PROMPT_PORT", "LLM_PORT", "STATS_PORT"):
        assert str(getattr(defaults, name)) in manual.text


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("api.openai.com", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("::1", False),
        ("localhost", False),
        ("app_server", False),
        ("host.docker.internal", False),
        ("app.default.svc.cluster.local", False),
        ("app.corp", False),
    ],
)
def test_public_hosts(name: str, public: bool) -> None:
    """Hosts are told apart by address range and by the endings of private names."""
    assert hosts.is_public(name) is public


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("h", (None, "h", None, "")),
        ("h:80", (None, "h", 80, "")),
        ("API.Test", (None, "api.test", None, "")),
        ("https://h:8443/v1", ("https", "h", 8443, "/v1")),
        ("[::1]:80", (None, "::1", 80, "")),
        ("h:0", None),
        ("h:99999", None),
        ("h:http", None),
        ("h h", None),
        ("http://h?q=1", None),
        ("", None),
    ],
)
def test_hosts_are_split(written: str, parts: tuple[object, ...] | None) -> None:
    """An address is host, port, scheme and path, or none at all."""
    host = hosts.split(written)
    assert (host and (host.scheme, host.name, host.port, host.path)) == parts


def test_endpoint_of_a_provider_may_be_a_host() -> None:
    """A provider's endpoint is a declared name, or a host that shows that it is one."""
    text = "llm_providers: [{name: a, provider: local, model: m, endpoint: '%s'}]\n"
    assert "AG201" not in codes(text % "127.0.0.1:8000")
    assert "AG201" not in codes(text % "host.docker.internal")
    assert "AG201" not in codes(text % "ollama:11434")
    assert "AG201" not in codes(text % "ollama" + "endpoints: {ollama: 'h:1'}")
    assert "AG201" in codes(text % "ollama")


@pytest.mark.parametrize("key", ["endpoint", "base_url"])
def test_empty_address_of_a_provider(key: str) -> None:
    """An address that is there and empty is none, whatever the provider."""
    text = "llm_providers: [{name: a, provider: %s, model: m, access_key: $K, %s: ''}]\n"
    code = {"endpoint": "AG702", "base_url": "AG703"}[key]
    assert code in codes(text % ("local", key))
    assert code in codes(text % ("openai", key))


def test_pool_may_say_default_in_each_member() -> None:
    """Providers of one name are one pool, so two of them may both be the default."""
    member = "{name: a, provider: openai, model: %s, access_key: $K, default: true}"
    assert "AG308" not in codes(f"llm_providers: [{member % 'm'}, {member % 'n'}]")


def test_unset_variables_cause_no_other_problem() -> None:
    """An address whose variable is not set is reported once, not also as a bad address."""
    text = """\
    listener: {address: $NONE, port: $NONE}
    llm_providers:
      - {name: a, model: m, base_url: "http://$NONE:$NONE/v1"}
      - {name: b, model: n, endpoint: $NONE, default: true}
    """
    assert codes(text) == {"AG113"}


@pytest.mark.parametrize(
    ("header", "counted"),
    [
        ("x-user", True),
        ("authorization", True),
        ("X-Forwarded-For", False),
        ("x-arch-user", False),
        ("x-envoy-external-address", False),
        ("X-Request-Id", False),
        ("x_user", False),
    ],
)
def test_limit_by_a_header_that_nobody_sees(header: str, counted: bool) -> None:
    """A limit by a header that is taken away from clients is an error, at its selector."""
    limit = f"ratelimits: [{{model: m, selector: {{key: {header}}}, limit: {{tokens: 1, unit: minute}}}}]"
    found = places("version: v0.1\n" + PROVIDER + limit)
    assert ("3:35 AG612" in found) is not counted, found
    assert len(found) == (0 if counted else 1)


@pytest.mark.parametrize(
    ("alias", "taken"),
    [
        ("gpt-4o: {target: openai/gpt-4o}", False),
        ("main: {target: gpt-4o}", False),
        ("gpt-4o: {target: mistral/large}", True),
        ("shared: {target: openai/shared}", True),
    ],
)
def test_alias_that_says_nothing_new(alias: str, taken: bool) -> None:
    """A name for what it names already is taken, as later archgw takes it; for anything else it is none."""
    text = """
        llm_providers:
          - {name: main, provider: openai, model: gpt-4o, access_key: $K}
          - {name: two, provider: openai, model: shared, access_key: $K}
          - {name: three, provider: mistral, model: shared, access_key: $K}
          - {name: four, provider: mistral, model: large, access_key: $K}
        model_aliases: {%s}
        """
    assert ("AG213" in codes(text % alias)) is taken
