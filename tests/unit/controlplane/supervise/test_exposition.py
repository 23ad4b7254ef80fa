"""Texts of several processes become one that Prometheus reads, under every name a metric has."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from controlplane.supervise import exposition

ENVOY = """\
# TYPE envoy_server_live gauge
envoy_server_live{} 1
# TYPE envoy_http_lua_budget_one_100_day__17 gauge
envoy_http_lua_budget_one_100_day__17{envoy_http_conn_manager_prefix="llm"} 1796032793978000
# TYPE envoy_archgw_requests counter
envoy_archgw_requests{listener="llm",client="",model="a \\"b\\" \\\\",kind="x_ai",status="200"} 3
# TYPE envoy_archgw_cost counter
envoy_archgw_cost{provider="one"} 66000
# TYPE envoy_archgw_time_to_first_token histogram
envoy_archgw_time_to_first_token_bucket{model="m",operation="chat",le="1000"} 0
envoy_archgw_time_to_first_token_bucket{model="m",operation="chat",le="+Inf"} 2
envoy_archgw_time_to_first_token_sum{model="m",operation="chat"} 5000.25
envoy_archgw_time_to_first_token_count{model="m",operation="chat"} 2
# TYPE envoy_archgw_input_tokens counter
envoy_archgw_input_tokens{kind="openai",client="web"} 9
envoy_archgw_input_tokens{kind="openai",client=""} 5
envoy_archgw_input_tokens{kind="groq",client=""} 100
# TYPE envoy_archgw_input_sequence_length histogram
envoy_archgw_input_sequence_length_bucket{kind="openai",le="+Inf"} 2
envoy_archgw_input_sequence_length_sum{kind="openai"} 14.25
envoy_archgw_input_sequence_length_count{kind="openai"} 2
# TYPE envoy_archgw_output_sequence_length histogram
envoy_archgw_output_sequence_length_bucket{kind="openai",le="+Inf"} 1
envoy_archgw_output_sequence_length_sum{kind="openai"} 3.5
envoy_archgw_output_sequence_length_count{kind="openai"} 1
"""

PROCESS = """\
# HELP archgw_extproc_requests_total Prompts decided
# TYPE archgw_extproc_requests_total counter
archgw_extproc_requests_total{outcome="forwarded"} 4.0
# HELP archgw_extproc_outside_active Calls that wait
# TYPE archgw_extproc_outside_active gauge
archgw_extproc_outside_active{what="api"} 1.0
# TYPE process_open_fds gauge
process_open_fds 9.0
"""


def told(*, newer: bool = False) -> str:
    processes = [
        exposition.of_process(exposition.families(PROCESS), f"extproc-{number}")
        for number in range(2)
    ]
    envoy = exposition.of_envoy(exposition.families(ENVOY), newer=newer)
    return exposition.text(exposition.merged([*processes, envoy]))


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


def test_processes_are_told_apart() -> None:
    """A metric of two processes is one family, each sample with its process; v0.1's name beside."""
    text = told()
    assert text.count("# TYPE archgw_extproc_requests_total counter") == 1
    for process in ("extproc-0", "extproc-1"):
        of = {"process": process}
        assert value(text, "archgw_extproc_requests_total", outcome="forwarded", **of) == 4
        assert value(text, "process_open_fds", **of) == 9
        assert value(text, "active_http_calls", what="api", **of) == 1


def test_envoys_own_stay() -> None:
    """What is Envoy's is told as Envoy tells it; what it counts for us under our names alone."""
    text = told()
    assert value(text, "envoy_server_live") == 1
    assert "envoy_archgw" not in text
    assert "budget" not in text
    found = value(
        text, "archgw_requests_total",
        listener="llm", model='a "b" \\', kind="x_ai", status="200",
    )  # fmt: skip
    assert found == 3
    assert value(text, "archgw_cost_total", provider="one") == 66e-6


def test_every_name() -> None:
    """v0.1's milliseconds and OpenTelemetry's seconds of one histogram, labels as each has them."""
    text = told()
    ours = {"model": "m", "operation": "chat"}
    genai = {"gen_ai_request_model": "m", "gen_ai_operation_name": "chat"}
    seconds = "gen_ai_server_time_to_first_token_seconds"
    assert value(text, "time_to_first_token_bucket", le="1", **ours) == 0
    assert value(text, "time_to_first_token_sum", **ours) == 5.00025
    assert value(text, f"{seconds}_bucket", le="0.001", **genai) == 0
    assert value(text, f"{seconds}_sum", **genai) == 0.00500025
    assert value(text, f"{seconds}_count", **genai) == 2


def test_editions() -> None:
    """The older names, in and out as one metric, a sum as the counter has it; or the newer ones."""
    older, newer = told(), told(newer=True)
    usage = "gen_ai_client_token_usage"
    assert older.count(f"# TYPE {usage} histogram") == 1
    of = {"gen_ai_provider_name": "openai"}
    assert value(older, f"{usage}_sum", gen_ai_token_type="input", **of) == 14
    assert value(older, f"{usage}_sum", gen_ai_token_type="output", **of) == 3.5
    assert usage not in newer
    assert value(newer, "gen_ai_client_inference_operation_input_tokens_count", **of) == 2
    assert "gen_ai_client_inference" not in older
