"""Why keys of a LiteLLM config have no place in ours, and what has it instead."""

from __future__ import annotations

_BODY = "the gateway adds no parameters to a body: clients say it"
_CACHE = "no answers are kept to be given again"
_CALLS = "no functions are called for calls: there are logs, metrics and `tracing`"
_FACTS = "nothing here asks for it"
_HOST = "a host that fails in a row is left out for a while"
_KEYS = "keys of clients are in `listeners.egress_traffic.auth`, and none are made"
_MONEY = "money is not limited: tokens are, by `rate_limits` and `ratelimits`"
_NO_HEADER = "no headers are added"
_POLICY = "retries follow 5xx, 429, reset, no connection and silence, whatever the error"
_REDIS = "a gateway counts for itself"
_STORE = "there is no database: `usage.log` has what calls used and cost"
_TAGS = "calls are not sent by tags: `clients` of a provider says who may use it"
_LARGER = "a prompt that is too long is the client's 400: nothing falls back for it"
_TOKENS = "tokens of an issuer are `auth.jwt`"

PARAMS = {
    **dict.fromkeys(
        (
            "temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "stop", "seed",
            "presence_penalty", "frequency_penalty", "response_format", "tools", "tool_choice",
            "extra_body", "reasoning_effort", "thinking", "user", "metadata", "input_type",
            "dimensions", "encoding_format", "stream", "logit_bias", "n",
        ),
        _BODY,
    ),
    **dict.fromkeys(("extra_headers", "headers", "organization"), _NO_HEADER),
    **dict.fromkeys(("max_budget", "budget_duration"), _MONEY),
    **dict.fromkeys(("tags", "tag_regex"), _TAGS),
    **dict.fromkeys(
        ("drop_params", "additional_drop_params", "allowed_openai_params"),
        "bodies go as they come: what a provider does not take is its error",
    ),
    **dict.fromkeys(
        ("azure_ad_token", "tenant_id", "client_id", "client_secret", "azure_scope"),
        "Azure is called with a key, by `access_key`",
    ),
    "max_parallel_requests": "an endpoint has `circuit_breaker: {max_requests: …}`",
    "mock_response": "nothing is answered in a provider's place",
    "num_retries": "the same is said by `max_retries`, which counts",
    "input_cost_per_second": "only tokens have a price",
    "output_cost_per_second": "only tokens have a price",
    "cache_creation_input_token_cost": "what is written to a cache costs as `input`",
    "region_name": _FACTS,
    "use_in_pass_through": "the LLM listener has the paths of OpenAI's API alone",
    "merge_reasoning_content_in_choices": "answers go as they come",
}  # fmt: skip

MODEL_INFO = {
    **dict.fromkeys(
        (
            "id", "mode", "base_model", "max_tokens", "max_input_tokens", "max_output_tokens",
            "supports_function_calling", "supports_vision", "supports_prompt_caching",
            "supports_response_schema", "supports_parallel_function_calling", "litellm_provider",
            "description", "metadata", "version", "tier", "supported_environments",
        ),
        _FACTS,
    ),
    "access_groups": "`clients` of a provider says who may use it",
    "team_id": "`clients` of a provider says who may use it",
    "cache_creation_input_token_cost": PARAMS["cache_creation_input_token_cost"],
    "input_cost_per_second": "only tokens have a price",
    "output_cost_per_second": "only tokens have a price",
    "health_check_model": _HOST,
    "disable_background_health_check": _HOST,
}  # fmt: skip

ENTRY = {"model_group": _FACTS}
CREDENTIAL = {"credential_info": _FACTS}

ROUTER = {
    **dict.fromkeys(
        ("redis_host", "redis_port", "redis_password", "redis_url", "redis_db", "cache_kwargs"),
        _REDIS,
    ),
    **dict.fromkeys(
        (
            "allowed_fails", "cooldown_time", "disable_cooldowns", "allowed_fails_policy",
            "enable_health_check_routing",
        ),
        _HOST,
    ),
    **dict.fromkeys(("retry_policy", "model_group_retry_policy"), _POLICY),
    **dict.fromkeys(("enable_tag_filtering", "tag_filtering_match_any"), _TAGS),
    **dict.fromkeys(("context_window_fallbacks", "enable_pre_call_checks"), _LARGER),
    **dict.fromkeys(("cache_responses", "caching_groups"), _CACHE),
    **dict.fromkeys(("set_verbose", "debug_level", "client_ttl"), _FACTS),
    "content_policy_fallbacks": "a refusal is an answer: nothing falls back for it",
    "retry_after": "retries wait 25 to 250 ms",
    "routing_strategy_args": "calls are shared out by weight",
    "default_litellm_params": _BODY,
    "default_max_parallel_requests": "an endpoint has `circuit_breaker: {max_requests: …}`",
    "provider_budget_config": _MONEY,
    "num_retries": "the same is said by another key, which counts",
}  # fmt: skip

LIBRARY = {
    **ROUTER,
    **dict.fromkeys(
        ("success_callback", "failure_callback", "callbacks", "service_callbacks", "callback_settings"),
        _CALLS,
    ),
    **dict.fromkeys(("cache", "cache_params"), _CACHE),
    **dict.fromkeys(("max_budget", "budget_duration", "max_internal_user_budget"), _MONEY),
    **dict.fromkeys(("drop_params", "modify_params"), PARAMS["drop_params"]),
    **dict.fromkeys(("ssl_verify", "ssl_certificate"), "a provider has `tls: {ca_file: …}`"),
    **dict.fromkeys(
        ("default_team_settings", "default_internal_user_params", "upperbound_key_generate_params",
         "default_key_generate_params", "key_generation_settings"),
        _KEYS,
    ),
    **dict.fromkeys(
        ("turn_off_message_logging", "redact_user_api_key_info", "redact_messages_in_exceptions"),
        "no prompt and no key is in any log",
    ),
    "json_logs": "`overrides: {access_log_format: json}` writes access logs as JSON",
    "model_alias_map": "`model_aliases` names a provider or one of its models",
    "request_timeout": "`timeout` says it, too, and counts",
    "guardrails": "`prompt_guards` refuses attacks",
    "force_ipv4": _FACTS,
    "telemetry": "nothing is sent anywhere",
}  # fmt: skip

GENERAL = {
    **dict.fromkeys(
        ("database_url", "database_connection_pool_limit", "database_connection_timeout",
         "store_model_in_db", "store_prompts_in_spend_logs", "disable_spend_logs",
         "allow_requests_on_db_unavailable", "proxy_batch_write_at"),
        _STORE,
    ),
    **dict.fromkeys(("enable_jwt_auth", "litellm_jwtauth", "enable_oauth2_auth"), _TOKENS),
    **dict.fromkeys(("custom_auth", "key_management_system", "key_management_settings",
                     "litellm_key_header_name", "custom_key_generate", "ui_access_mode"), _KEYS),
    **dict.fromkeys(("alerting", "alerting_threshold", "alert_types", "alerting_args",
                     "alert_to_webhook_url"), "alerts are made from metrics"),
    **dict.fromkeys(("background_health_checks", "health_check_interval", "health_check_details"),
                    "an endpoint has `health_check`, and `archgw status` tries every host"),
    **dict.fromkeys(("max_parallel_requests", "global_max_parallel_requests"),
                    "an endpoint has `circuit_breaker: {max_requests: …}`"),
    "allowed_ips": "a firewall says who may connect; `auth` says who may call",
    "forward_client_headers_to_llm_api": "headers that say what is asked for are forwarded, no others",
    "pass_through_endpoints": "the LLM listener has the paths of OpenAI's API alone",
    "max_response_size_mb": "answers are as long as they are",
    "enforce_user_param": _FACTS,
    "salt_key": _STORE,
}  # fmt: skip

TOP = {
    "include": "other files are not read: import each of them",
    "guardrails": "`prompt_guards` refuses attacks",
    "mcp_servers": "no MCP servers are called: `prompt_targets` call APIs",
    "callback_settings": _CALLS,
    "vector_store_registry": _FACTS,
    "files_settings": "files go to the provider of the call",
    "finetune_settings": "files go to the provider of the call",
    "search_tools": "`prompt_targets` call APIs",
    "assistant_settings": _FACTS,
}
