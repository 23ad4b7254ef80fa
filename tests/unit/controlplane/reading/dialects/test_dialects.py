"""Document → Model: what the user meant, in whichever dialect."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from controlplane.model import Config, Secret, Selector
from controlplane.problem import Severity, exit_code, for_compile, for_start
from extproc.contract import Decisions
from tests.unit.controlplane.configs import codes, places, read

GOLDEN = Path(__file__).parents[4] / "golden"


def golden(name: str, variables: dict[str, str] | None = None) -> Config:
    config, problems = read((GOLDEN / name / "in.yaml").read_text("utf-8"), variables or {"K": "k"})
    assert [each for each in problems if each.severity is Severity.ERROR] == []
    return config


@pytest.mark.parametrize("name", ["seed_v0_1", "seed_0_1_beta", "full_reference_v0_1"])
def test_specification_has_no_errors(name: str) -> None:
    """Each config of the specification is read as it is."""
    config = golden(name)
    assert config.providers
    assert config.jailbreak_guard is not None
    assert len(config.prompt_targets) == 2


def test_seed() -> None:
    """The values of the v0.1 seed arrive in the model."""
    config = golden("seed_v0_1")
    assert config.ingress is not None
    assert (config.ingress.address, config.ingress.port) == ("0.0.0.0", 10000)
    provider = config.providers[0]
    assert (provider.kind, provider.model, provider.default) == ("openai", "gpt-4o", True)
    confirmation = config.prompt_targets[1].parameters[1]
    assert confirmation.has_default
    assert confirmation.default is False
    assert confirmation.enum == (True, False)
    assert {endpoint.name: endpoint.implicit for endpoint in config.endpoints} == {
        "app_server": False,
        "error_target_1": True,
    }
    assert config.endpoints[0].connect_timeout == timedelta(milliseconds=5)


def test_beta() -> None:
    """Each oddity of the 0.1-beta seed is read as it was meant."""
    config = golden("seed_0_1_beta")
    assert config.ingress is not None
    assert config.ingress.address == "127.0.0.1"
    assert config.ingress.port == 8080
    assert config.ingress.message_format == "huggingface"
    assert [provider.kind for provider in config.providers] == ["openai", "mistral"]
    assert config.endpoints[0].addresses == ("http://127.0.0.2", "http://127.0.0.1")
    assert config.jailbreak_guard is not None
    assert config.jailbreak_guard.message is not None
    assert config.jailbreak_guard.message.startswith("Looks like")
    target = config.prompt_targets[0]
    assert target.kind == "RAG"
    assert target.endpoint is not None
    assert (target.endpoint.name, target.endpoint.http_path) == (
        "prompt_endpoints",
        "/agent/summary",
    )
    assert config.error_target is not None
    assert config.error_target.endpoint.name == "error_handler"
    assert config.system_prompt is not None


def test_full_reference() -> None:
    """TLS, provider limits, local providers, overrides and tracing arrive in the model."""
    config = golden("full_reference_v0_1")
    assert config.ingress is not None
    assert config.ingress.certificates[0].chain_file == "/etc/certs/cert.pem"
    limit = config.providers[0].rate_limits[0]
    assert (limit.tokens, limit.unit) == (100000, "minute")
    assert limit.selector is not None
    assert limit.selector.header == "Authorization"
    assert not limit.selector.value
    assert config.providers[2].endpoint == "mistral_local"
    assert config.overrides.intent_threshold == 0.6
    assert config.tracing is not None
    assert config.tracing.sampling_rate == 0.1


def test_keys_of_0_1_7() -> None:
    """`ratelimits`, `random_sampling`, `mode`, `in_path` and string defaults arrive."""
    config = golden("keys_of_0_1_7", {"OPENAI_API_KEY": "k", "MISTRAL_API_KEY": "k"})
    assert config.rate_limits[0].model == "gpt-4"
    selector = config.rate_limits[0].selector
    assert selector == Selector(
        ("ratelimits", 0, "selector"), header="selector-key", value="selector-value"
    )
    assert config.tracing is not None
    assert config.tracing.sampling_rate == 1.0
    assert config.mode == "prompt"
    city, days, units = config.prompt_targets[0].parameters
    assert city.in_path
    assert days.default == 3
    assert units.enum == ("metric", "imperial")
    assert (days.type, days.written_type) == ("integer", "int")


def test_beyond_v0_1() -> None:
    """The keys that go beyond v0.1 arrive in the model."""
    variables = dict.fromkeys(("OPENAI_API_KEY", "AZURE_KEY", "OTHER_KEY"), "k")
    config = golden("beyond_v0_1", variables)
    fast, _, azure, ours, deepseek = config.providers
    assert (fast.weight, fast.fallbacks, fast.retries) == (3, ("azure", "ours"), 2)
    assert fast.timeouts is not None
    assert fast.timeouts.idle == timedelta(minutes=1)
    assert [limit.tokens for limit in fast.rate_limits] == [100000, 5000000]
    assert azure.timeouts is not None
    assert azure.timeouts.first_byte == timedelta(seconds=45)
    assert azure.api_version == "2024-10-21"
    assert ours.ca_file == "/etc/ssl/ours.pem"
    assert (deepseek.name, deepseek.kind, deepseek.model) == (
        "deepseek/deepseek-chat",
        "deepseek",
        "deepseek-chat",
    )
    vllm, app = config.endpoints
    assert vllm.addresses == ("10.0.0.1:8000", "10.0.0.2:8000")
    assert app.health_check is not None
    assert app.health_check.interval == timedelta(seconds=5)
    assert app.circuit_breaker is not None
    assert app.circuit_breaker.max_requests == 200
    assert config.overrides.max_calls == 3
    assert config.egress is not None
    assert config.egress.port == 12001
    assert config.jailbreak_guard is not None
    assert config.jailbreak_guard.forward_to_error_target
    assert config.function_calling is not None
    assert config.function_calling.backend == "openai"
    assert config.model_server is not None
    assert config.model_server.addresses == ("127.0.0.1:51001",)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("{name: x, model: gpt-4o, access_key: $K}", "openai"),
        ("{name: x, model: o3-mini, access_key: $K}", "openai"),
        ("{name: x, model: mixtral8-7B, access_key: $K}", "mistral"),
        ("{name: x, model: claude-sonnet-4, access_key: $K}", "anthropic"),
        ("{name: x, model: gemini-2.0-flash, access_key: $K}", "gemini"),
        ("{name: x, model: grok-3, access_key: $K}", "xai"),
        ("{name: Mistral, model: some-tune, access_key: $K}", "mistral"),
        ("{name: x, provider: Azure, model: d, access_key: $K, endpoint: a.b}", "azure_openai"),
        ("{name: x, provider: claude, model: c, access_key: $K}", "anthropic"),
        ("{name: x, model: groq/llama-3, access_key: $K}", "groq"),
        ("{name: x, model: mistral-7b, endpoint: '127.0.0.1:8001'}", "local"),
        ("{name: x, model: gpt-4o, base_url: 'http://127.0.0.1/v1'}", "local"),
        ("{name: x, model: assistant-7, access_key: $K}", None),
    ],
)
def test_kind_of_provider(entry: str, kind: str | None) -> None:
    """The kind is as written, or inferred from model and name, or local with a host."""
    config, _ = read(f"llm_providers:\n  - {entry}\n")
    assert config.providers[0].kind == kind


def test_openrouter_keeps_the_slash() -> None:
    """A model with a slash is only split when no provider is named."""
    config, _ = read(
        "llm_providers: [{name: x, provider: openrouter, model: openai/gpt-4o, access_key: $K}]"
    )
    assert config.providers[0].model == "openai/gpt-4o"


def test_secrets_print_redacted() -> None:
    """A key shows in no representation of the model."""
    config, _ = read(
        "llm_providers: [{name: x, model: gpt-4o, access_key: $K}]", {"K": "canary-value"}
    )
    key = config.providers[0].access_key
    assert key is not None
    assert key.value == "canary-value"
    assert "canary-value" not in repr(config)
    assert "canary-value" not in str(key)


@pytest.mark.parametrize(
    ("written", "value", "reference"),
    [
        ("$K", "a-key", "K"),
        ("${K}", "a-key", "K"),
        ("prefix-${K}", "prefix-a-key", "K"),
        ("pa$$word", "pa$word", None),
        ("100$", "100$", None),
        ("$NONE", None, "NONE"),
    ],
)
def test_variables(written: str, value: str | None, reference: str | None) -> None:
    """`$NAME` and `${NAME}` are filled in, `$$` is a dollar, a missing one has no value."""
    config, _ = read(f"llm_providers: [{{name: x, model: m, access_key: '{written}'}}]")
    assert config.providers[0].access_key == Secret(value, reference)


def test_variables_in_addresses() -> None:
    """Addresses, ports and files take variables too."""
    variables = {"HOST": "10.0.0.1", "PORT": "8123", "DIR": "/etc"}
    config, problems = read(
        """
        listener:
          address: $HOST
          port: $PORT
          tls: {tls_certificates: {certificate_chain: $DIR/c.pem, private_key: $DIR/k.pem}}
        endpoints:
          app: http://$HOST:${PORT}
        """,
        variables,
    )
    assert problems == []
    assert config.ingress is not None
    assert (config.ingress.address, config.ingress.port) == ("10.0.0.1", 8123)
    assert config.ingress.certificates[0].key_file == "/etc/k.pem"
    assert config.endpoints[0].addresses == ("http://10.0.0.1:8123",)


def test_missing_variables_by_command() -> None:
    """`lint` warns, `compile` wants the addresses, `up` wants the keys as well."""
    _, problems = read(
        """
        llm_providers: [{name: x, provider: openai, model: m, access_key: $NO_KEY}]
        endpoints: {app: $NO_HOST}
        """
    )
    assert exit_code(problems) == 0
    assert exit_code(problems, strict=True) == 1
    compiled = [each.message for each in for_compile(problems) if each.severity == "error"]
    started = [each.message for each in for_start(problems) if each.severity == "error"]
    assert compiled == ["the variable NO_HOST is not set"]
    assert sorted(started) == ["the variable NO_HOST is not set", "the variable NO_KEY is not set"]


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("str", "no", "no"),
        ("str", "010", "010"),
        ("str", "1.50", "1.50"),
        ("int", '"5"', 5),
        ("int", "5", 5),
        ("float", "5", 5),
        ("bool", "yes", True),
        ("bool", '"false"', False),
        ("list", "[a, 1]", ["a", 1]),
        ("dict", "{a: 1}", {"a": 1}),
    ],
)
def test_defaults_by_type(kind: str, written: str, value: object) -> None:
    """A default is read as the parameter's type reads it."""
    config, problems = read(
        f"""
        prompt_targets:
          - name: a
            description: b
            parameters:
              - {{name: p, type: {kind}, description: d, default: {written}}}
        """
    )
    assert config.prompt_targets[0].parameters[0].default == value
    assert not [problem for problem in problems if problem.severity is Severity.ERROR]


def test_default_that_does_not_fit() -> None:
    """A default or choice of another type is an error at its own place."""
    text = """\
    prompt_targets:
      - name: a
        description: what it does at length
        system_prompt: b
        parameters:
          - {name: p, type: int, description: d, default: soon, enum: [1, two]}
    """
    assert [place for place in places(text) if "AG111" in place] == ["6:55 AG111", "6:71 AG111"]


def test_guard_without_anything_is_still_a_guard() -> None:
    """`jailbreak:` alone switches the guard on; leaving it off would be the unsafe reading."""
    config, _ = read("prompt_guards:\n  input_guards:\n    jailbreak:\n")
    assert config.jailbreak_guard is not None
    assert config.toxicity_guard is None


@pytest.mark.parametrize(("written", "judged"), [("", True), ("api_answers: false", False)])
def test_guards_judge_answers_of_apis(written: str, judged: bool) -> None:
    """Unless the config says that they do not."""
    config, problems = read(f"prompt_guards: {{input_guards: {{jailbreak: {{}}}}, {written}}}")
    assert problems == []
    assert config.guards_api_answers is judged


def test_old_guard_by_name() -> None:
    """0.1-beta's list may name the guard; an unknown name is an error."""
    config, _ = read("prompt_guards: {input-guard: [{name: toxicity, on-exception-message: No.}]}")
    assert config.toxicity_guard is not None
    assert config.toxicity_guard.message == "No."
    assert "AG104" in codes("prompt_guards: {input-guard: [{name: spam}]}")


def test_misspelt_key_is_one_error() -> None:
    """A misspelt key is an error, but what it holds is not also reported as missing."""
    text = """\
    llm_providers:
      - {name: x, provider: openai, modle: gpt-4o, acces_key: $K}
    """
    assert places(text) == ["2:33 AG101", "2:48 AG101"]


def test_kebab_case_and_lists_of_one() -> None:
    """What `generate-prompt-targets` of v0.1 wrote is read, with a warning."""
    text = """\
    prompt_targets:
      - name: everything
        type: default
        description: what it does at length
        auto-llm-dispatch-on-response: true
        endpoint:
          - name: app
            path: /all
    endpoints: {app: "127.0.0.1:8000"}
    """
    config, _ = read(text)
    target = config.prompt_targets[0]
    assert target.default
    assert target.auto_llm_dispatch_on_response is True
    assert target.endpoint is not None
    assert target.endpoint.http_path == "/all"
    assert codes(text) == {"AG109"}


def test_case_does_not_matter() -> None:
    """`http_method: get` can only mean GET."""
    config, problems = read(
        "prompt_targets: [{name: a, endpoint: {name: b, path: /c, http_method: get}}]"
    )
    assert config.prompt_targets[0].endpoint is not None
    assert config.prompt_targets[0].endpoint.http_method == "GET"
    assert problems == []


def test_old_and_new_spelling_together() -> None:
    """A value given under its old and its new name is an error."""
    assert "AG004" in codes("listener: {address: 127.0.0.1, port: 1, port_value: 2}")
    assert "AG004" in codes(
        """
        listener: {port: 10000}
        listeners: {ingress_traffic: {port: 10001}}
        """
    )


def test_keys_decide_not_the_version() -> None:
    """Any version goes with any dialect's keys."""
    for version in ("v0.1", "0.1", "0.1-beta", "v0.1.7"):
        config, problems = read(f"version: {version}\nsystem_prompt: a\n")
        assert (config.version, problems) == (version, [])


def test_versions_of_later_archgw_are_told_and_others_refused() -> None:
    """Which version it is, as a warning; one that there is not is an error."""
    for version, later in (("0.2.0", "0.2"), ("v0.3.0", "0.3"), ("v0.4.0", "0.4")):
        _, problems = read(f"version: {version}\nsystem_prompt: a\n")
        assert [(each.code, each.severity) for each in problems] == [("AG120", Severity.WARNING)]
        assert f"archgw {later}" in problems[0].message
    for version in ("v9", "1.0", "v0.5.0", "0.15"):
        _, problems = read(f"version: {version}\nsystem_prompt: a\n")
        assert [each.code for each in problems] == ["AG104"]


def test_a_guessed_key_is_reported_once() -> None:
    """Neither what stands under it is, nor what is missing without it."""
    text = """
        llm_providers: [{nme: a, provider: openai, model: m, access_key: $K}]
        model_servr: {fast: {target: a}}
        prompt_targts: [{name: b, description: c, zzz: 1}]
        """
    _, problems = read(text)
    assert [each.code for each in problems] == ["AG101"] * 3
    assert "model_server" in str(problems[1].hint) + str(problems[2].hint)


LATER = """
    version: v0.4.0
    listeners:
      - {type: model, name: llm, port: 12001}
      - {type: prompt, name: prompts, port: 10001, address: 127.0.0.1}
    model_providers:
      - {model: openai/gpt-4o, access_key: $K, default: true}
      - {model: mistral/*, access_key: $K, headers: {x-org: "$K", X-Title: shop}}
      - {name: router, provider: openrouter, model: openai/gpt-4o, access_key: $K}
      - {model: ollama/llama3, base_url: "http://127.0.0.1:11434", http_host: models.corp}
    endpoints:
      app: {endpoint: 127.0.0.1, port: 8001, http_host: app.corp}
      other: {endpoint: "127.0.0.1:9", port: 8001}
    prompt_targets:
      - name: weather
        description: Weather forecast for a city
        endpoint: {name: app, path: /x, http_headers: {Authorization: "Bearer $K", x-api: "2"}}
    ratelimits:
      - {model: gpt-4o, selector: {key: x-user-id, value: "*"}, limit: {tokens: 9, unit: hour}}
    overrides: {upstream_connect_timeout: 10s}
    tracing: {random_sampling: 10, trace_arch: true}
    """


def test_what_later_versions_write_otherwise_is_read() -> None:
    """Every form that has an equivalent here, and no error."""
    config, problems = read(LATER)
    assert not [each for each in problems if each.severity is Severity.ERROR]
    assert config.egress
    assert config.ingress
    assert (config.egress.port, config.ingress.port) == (12001, 10001)
    assert [(each.kind, each.model) for each in config.providers] == [
        ("openai", "gpt-4o"),
        ("mistral", None),
        ("openrouter", "openai/gpt-4o"),
        ("ollama", "llama3"),
    ]
    headers = {name: secret.value for name, secret in config.providers[1].headers}
    assert headers == {"x-org": "a-key", "X-Title": "shop"}
    assert config.providers[3].http_host == "models.corp"
    assert config.endpoints[0].addresses == ("127.0.0.1:8001",)
    assert config.endpoints[0].http_host == "app.corp"
    assert config.endpoints[1].addresses == ("127.0.0.1:9",)
    selector = config.rate_limits[0].selector
    assert isinstance(selector, Selector)
    assert selector.value == ""
    assert config.overrides.connect_timeout == timedelta(seconds=10)
    endpoint = config.prompt_targets[0].endpoint
    assert endpoint
    headers = {name: secret.value for name, secret in endpoint.http_headers}
    assert headers == {"Authorization": "Bearer a-key", "x-api": "2"}


def test_prompt_gateway_is_the_prompt_listener() -> None:
    """An old name of `listeners.ingress_traffic`."""
    config, problems = read("listeners: {prompt_gateway: {port: 10001}}")
    assert config.ingress
    assert config.ingress.port == 10001
    assert [each.code for each in problems] == ["AG109"]


def test_listeners_as_0_3_wrote_them_at_first() -> None:
    """`model_listener` and `prompt_listener` are `model` and `prompt`."""
    config, problems = read(
        """
        listeners:
          - {type: prompt_listener, name: a, port: 10001}
          - {type: model_listener, name: b, port: 12001}
        """
    )
    assert problems == []
    assert config.ingress
    assert config.egress
    assert (config.ingress.port, config.egress.port) == (10001, 12001)


@pytest.mark.parametrize(
    ("written", "kind", "model"),
    [
        (
            "{model: mine/llama3.2, provider_interface: openai, base_url: 'http://h:1'}",
            "openai",
            "llama3.2",
        ),
        (
            "{model: meta-llama/Llama-3, provider: openai, base_url: 'http://h:1'}",
            "openai",
            "meta-llama/Llama-3",
        ),
        ("{model: mine/*, provider: openai, base_url: 'http://h:1'}", "openai", None),
        (
            "{model: anthropic/c, provider_interface: openai, base_url: 'http://h:1'}",
            "openai",
            "anthropic/c",
        ),
        ("{model: xiaomi/mimo-v2-pro, access_key: $K}", "xiaomi", "mimo-v2-pro"),
        ("{model: moonshotai/kimi-k2.5, access_key: $K}", "moonshotai", "kimi-k2.5"),
        (
            "{model: zhipu/glm-4.6, access_key: $K, base_url: 'http://h:1/v4'}",
            "zhipu",
            "glm-4.6",
        ),
    ],
)
def test_what_stands_before_the_slash(written: str, kind: str, model: str | None) -> None:
    """The provider's name, which is not sent; a model may hold a slash of its own."""
    provider = read(f"llm_providers: [{written}]")[0].providers[0]
    assert (provider.kind, provider.model) == (kind, model)


ELSEWHERE = {
    "agents: [{id: a, url: b}]": "AG118",
    "filters: [{id: a, url: b}]": "AG118",
    "listeners: [{type: model, name: a, output_filters: [a]}]": "AG118",
    "llm_providers: [{model: openai/m, access_key: $K, passthrough_auth: true}]": "AG118",
    "llm_providers: [{model: openai/m, access_key: $K, routing_preferences: []}]": "AG119",
    "llm_providers: [{model: openai/m, access_key: $K, retry_policy: {a: 1}}]": "AG119",
    "llm_providers: [{model: openai/m, access_key: $K, retry_on_ratelimit: true}]": "AG119",
    "llm_providers: [{model: openai/m, access_key: $K, capabilities: {a: 1}}]": "AG119",
    "listeners: [{type: model, name: a, filter_chain: [a]}]": "AG118",
    "model_metrics_sources: [{type: a}]": "AG119",
    "prompt_caching: {enabled: true, inject_cache_control: true}": "AG119",
    "endpoints: {app: {endpoint: 'h:1', prefix_affinity: true}}": "AG119",
    "overrides: {router_model: Arch-Router}": "AG119",
    "overrides: {empty_pool_behavior: error}": "AG119",
    "overrides: {optimize_context_window: true}": "AG119",
    "routing: {model: a}": "AG119",
    "routing_preferences: []": "AG119",
    "state_storage: {type: memory}": "AG119",
    "tracing: {span_attributes: {}}": "AG119",
}


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_this_version_lacks_is_told_in_one_line(text: str) -> None:
    """One problem for the key, none for what stands under it, and what to do instead."""
    _, problems = read(text)
    assert [each.code for each in problems] == [ELSEWHERE[text]]
    assert "archgw 0." in problems[0].message
    assert problems[0].hint


def test_types_and_choices_that_do_not_fit_get_advice() -> None:
    """`type: date` is a format; a word among numbers names itself, once."""
    text = """
        prompt_targets:
          - name: a
            description: b
            parameters:
              - {name: d, type: date, description: day}
              - {name: e, type: int, description: size, enum: [1, two]}
        """
    config, problems = read(text)
    assert problems[0].hint == "write `type: str` and `format: date`"
    assert "is `two`, which does not fit `type: int`" in problems[1].message
    assert "the type is `str`" in str(problems[1].hint)
    assert len(problems) == 2
    assert config.prompt_targets[0].parameters[1].enum == ()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("5s", 5), ("250ms", 0.25), ("1m", 60), ("2h", 7200), ("0.005s", 0.005), ("30", 30)],
)
def test_durations(written: str, seconds: float) -> None:
    """Durations have units; a bare number counts seconds."""
    config, _ = read(f"endpoints: {{a: {{endpoint: b, connect_timeout: {written}}}}}")
    assert config.endpoints[0].connect_timeout == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("10MiB", 10 << 20), ("512 KiB", 512 << 10), ("2MB", 2_000_000), ("1.5m", 1_500_000),
        ("100kb", 100_000), ("70000", 70_000), ("64mib", 64 << 20),
    ],
)  # fmt: skip
def test_sizes(written: str, size: int) -> None:
    """Sizes have units, of 1024 or of 1000; a bare number counts bytes."""
    config, problems = read(f"overrides: {{max_body: {written}}}")
    assert (config.overrides.max_body, problems) == (size, [])


@pytest.mark.parametrize("written", ["10", "65MiB", "1GiB", "10 bytes", "-1MiB", "", "[1]", "soon"])
def test_bad_sizes(written: str) -> None:
    """What is no size, or one that the gateway cannot have, is an error."""
    config, problems = read(f"overrides: {{max_body: {written}}}")
    assert config.overrides.max_body is None
    assert [problem.severity for problem in problems] == [Severity.ERROR] * bool(written)


@pytest.mark.parametrize("written", ["-5s", "5 s s", "1e9h", "99999h", "soon", ".", "[5s]"])
def test_bad_durations(written: str) -> None:
    """What is no duration is an error, not a default."""
    config, problems = read(f"endpoints: {{a: {{endpoint: b, connect_timeout: {written}}}}}")
    assert config.endpoints[0].connect_timeout is None
    assert [problem.severity for problem in problems] == [Severity.ERROR]


def test_path_alone_goes_to_the_only_endpoint() -> None:
    """With one endpoint declared, a target's path can only be meant for that one."""
    target = "prompt_targets: [{name: a, description: b, path: /c, http_method: POST}]\n"
    config, problems = read(target + "endpoints: {app: h}\n")
    assert config.prompt_targets[0].endpoint is not None
    assert config.prompt_targets[0].endpoint.name == "app"
    assert config.prompt_targets[0].endpoint.http_method == "POST"
    assert [problem.code for problem in problems] == ["AG109"]
    for endpoints in ("", "endpoints: {app: h, other: i}\n"):
        _, problems = read(target + endpoints)
        assert [problem.code for problem in problems] == ["AG103"]


def test_variable_without_its_dollar_sign() -> None:
    """`access_key: OPENAI_API_KEY` means the variable; a key that looks otherwise is literal."""
    text = "llm_providers: [{name: a, provider: openai, model: m, access_key: %s}]"
    config, problems = read(text % "OPENAI_API_KEY", {"OPENAI_API_KEY": "value"})
    assert config.providers[0].access_key == Secret("value", "OPENAI_API_KEY")
    assert [problem.code for problem in problems] == ["AG115"]
    config, problems = read(text % "sk-OPENAI_API_KEY")
    assert config.providers[0].access_key == Secret("sk-OPENAI_API_KEY", None)
    assert problems == []


def test_other_spellings() -> None:
    """Keys of earlier and later versions are read under their present name."""
    config, problems = read(
        """
        model_providers: [{model: openai/gpt-4o, api_key: $K}]
        prompt_targets: [{name: a, description: b, endpoint: {cluster: app, path: /c}}]
        ratelimits: [{provider: gpt-4o, selector: {key: k}, limit: {tokens: 1, unit: minute}}]
        """
    )
    assert {problem.code for problem in problems} == {"AG109"}
    assert config.providers[0].access_key == Secret("a-key", "K")
    assert config.prompt_targets[0].endpoint is not None
    assert config.prompt_targets[0].endpoint.name == "app"
    assert config.rate_limits[0].model == "gpt-4o"


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "k\u00e9y", "a\x00b"])
def test_key_that_no_header_can_carry(value: str) -> None:
    """A key with a blank or a control character is an error that does not show it."""
    text = "llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]"
    _, problems = read(text, {"K": value})
    assert [problem.code for problem in problems] == ["AG117"]
    assert value not in str(problems)


def test_key_from_a_file_with_a_new_line() -> None:
    """Blanks around a key are not part of it, and nothing but blanks is no key."""
    text = "llm_providers: [{name: a, provider: openai, model: m, access_key: %s}]"
    config, problems = read(text % "$K", {"K": "value\n"})
    assert config.providers[0].access_key == Secret("value", "K")
    assert problems == []
    assert read(text % "''")[0].providers[0].access_key is None


def test_records_of_decisions_are_as_written_or_as_they_are_by_default() -> None:
    """Nothing of a text is kept unless the config says so."""
    assert read("version: v0.1", {})[0].decisions == Decisions()
    config, problems = read("decisions: {file: d.jsonl, sample: 0, content: values}", {})
    assert config.decisions == Decisions("d.jsonl", 0.0, "values")
    assert not any("decisions" in each.path for each in problems)
