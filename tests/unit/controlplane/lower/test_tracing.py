"""Where traces go, and how often: what the config says, the environment, and neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane import ir
from controlplane.compile import compile_file

CONFIG = """\
llm_providers:
  - {name: main, provider: openai, model: gpt-4o, access_key: k-of-a-test, default: true}
"""


def lowered(folder: Path, tracing: str, **env: str) -> ir.Tracing | None:
    file = folder / "arch_config.yaml"
    file.write_text(CONFIG + tracing)
    compiled = compile_file(file, {"SSL_CERT_FILE": "/ca.pem", **env})
    assert compiled.gateway, compiled.problems
    return compiled.gateway.tracing


OTHERS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:9"}
OVER_GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


@pytest.mark.parametrize(
    ("tracing", "env", "collector"),
    [
        ("tracing: {random_sampling: 100}", {}, "http://127.0.0.1:4318/v1/traces"),
        ("tracing: {otlp: 'http://c'}", OTHERS, "http://c:4318/v1/traces"),
        ("tracing: {otlp: 'http://c:1/x/'}", {}, "http://c:1/x/v1/traces"),
        ("tracing: {otlp: 'grpc://c'}", {}, "grpc://c:4317"),
        ("tracing: {otlp: 'grpc://[::1]:9'}", {}, "grpc://[::1]:9"),
        ("tracing: {otlp: $C}", {"C": "https://c"}, "https://c:4318/v1/traces"),
        ("tracing: {opentracing_grpc_endpoint: 'http://c:4317'}", OTHERS, "grpc://c:4317"),
        ("tracing: {opentracing_grpc_endpoint: 'https://c:4317'}", {}, "grpcs://c:4317"),
        ("tracing: {sampling_rate: 1}", OTHERS, "http://env:9/v1/traces"),
        ("tracing: {sampling_rate: 1}", OTHERS | OVER_GRPC, "grpc://env:9"),
        (
            "tracing: {sampling_rate: 1}",
            OTHERS | {"OTEL_TRACING_HTTP_ENDPOINT": "http://old:4318/v1/traces"},
            "http://old:4318/v1/traces",
        ),
    ],
)
def test_where(tmp_path: Path, tracing: str, env: dict[str, str], collector: str) -> None:
    """In every spelling; the config goes before the environment."""
    found = lowered(tmp_path, tracing, **env)
    assert found
    assert found.spans.collector == collector
    tls = collector.startswith(("https", "grpcs"))
    assert (found.collector.tls, found.spans.ca_file) == (
        (ir.UpstreamTls("/ca.pem"), "/ca.pem") if tls else (None, None)
    )


@pytest.mark.parametrize(
    ("tracing", "share"),
    [
        ("", None),
        ("tracing: {random_sampling: 0}", None),
        ("tracing: {random_sampling: 0, otlp: 'http://c'}", 0),
        ("tracing: {random_sampling: 2.5}", 0.025),
        ("tracing: {sampling_rate: 0.1}", 0.1),
        ("tracing: {otlp: 'http://c'}", 1),
    ],
)
def test_how_often(tmp_path: Path, tracing: str, share: float | None) -> None:
    """None at all without `tracing`, whatever the environment names; or at v0.1's rate of 0."""
    found = lowered(tmp_path, tracing, **OTHERS)
    assert (found and found.sampling) == share


@pytest.mark.parametrize(
    ("tracing", "env", "sent"),
    [
        ("{otlp: 'http://c'}", {}, {}),
        ("{otlp: 'http://c', headers: {X-Key: $K, x-b: two words}}", {"K": "k"}, {"x-key": "k", "x-b": "two words"}),
        ("{otlp: 'http://c'}", {}, {"x-a": "b,c", "x-d": "e f"}),
        ("{otlp: 'http://c', headers: {x-b: b}}", {}, {"x-b": "b"}),
        ("{sampling_rate: 1}", OTHERS, {"x-a": "b,c", "x-d": "e f"}),
        ("{sampling_rate: 1}", OTHERS | {"OTEL_TRACING_HTTP_ENDPOINT": "http://old"}, {}),
        ("{otlp: 'http://c'}", OTHERS, {}),
    ],
)  # fmt: skip
def test_headers(tmp_path: Path, tracing: str, env: dict[str, str], sent: dict[str, str]) -> None:
    """The config's; else the environment's, which no other collector hears than the one it names."""
    file = tmp_path / "arch_config.yaml"
    file.write_text(f"{CONFIG}tracing: {tracing}")
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": "x-a=b%2Cc, x-d=e%20f"} if sent or env else {}
    compiled = compile_file(file, env | headers)
    assert compiled.gateway, compiled.problems
    assert compiled.gateway.tracing
    values = {each.name: each.value for each in compiled.gateway.secrets}
    named = compiled.gateway.tracing.spans.headers
    assert {name: values[secret] for name, secret in named} == sent


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x-a", "not of the form name=value"),
        ("x-a=se%0Acret", "holds a blank, a line break"),
        ("host=secret", "`host` is set by the gateway"),
    ],
)
def test_odd_headers_of_the_environment(tmp_path: Path, written: str, told: str) -> None:
    """Are told of, without a value."""
    file = tmp_path / "arch_config.yaml"
    file.write_text(f"{CONFIG}tracing: {{random_sampling: 100}}")
    found = compile_file(file, {"OTEL_EXPORTER_OTLP_HEADERS": written})
    assert found.gateway is None
    assert told in " ".join(each.message for each in found.problems)
    assert "cret" not in str(found.problems)


@pytest.mark.parametrize(
    ("value", "content"),
    [("", False), ("false", False), ("event_only", False), ("True", True), ("SPAN_ONLY", True)],
)
def test_texts(tmp_path: Path, value: str, content: bool) -> None:
    """Spans hold none unless OpenTelemetry's own variable asks for them."""
    env = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": value}
    found = lowered(tmp_path, "tracing: {otlp: 'http://c'}", **env)
    assert found
    assert found.spans.content is content
