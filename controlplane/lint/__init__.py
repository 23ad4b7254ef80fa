"""Rules over a config that could be read, in the order in which they run.

A rule sees the model, never the YAML, and points at what it means by its path. To add one:
write the function with its manual in the module of its concern, name it in `RULES`, and run
the tests, which try both examples of the manual.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from controlplane.lint import (
    addresses,
    clients,
    credentials,
    doors,
    limits,
    parameters,
    providers,
    references,
    secrets,
    sharing,
    targets,
)
from controlplane.lint.reader_manual import MANUALS

if TYPE_CHECKING:
    from controlplane.lint.rule import Manual, Rule
    from controlplane.model import Config
    from controlplane.problem import Problem

MOST_OF_A_RULE = 100
"""Nobody mends more at once, and some rules look long for a hint."""

RULES: tuple[Rule, ...] = (
    references.unknown_endpoint,
    references.undeclared_error_endpoint,
    references.unused_endpoint,
    references.unknown_path_parameter,
    references.optional_path_parameter,
    references.in_path_without_place,
    references.unknown_fallback,
    references.fallback_to_itself,
    references.limit_for_unknown_model,
    references.forward_without_error_target,
    references.odd_path,
    references.alias_of_nothing,
    references.alias_of_a_name_taken,
    providers.unknown_provider,
    providers.provider_not_told,
    providers.provider_without_place,
    providers.key_given_twice,
    providers.two_places,
    providers.provider_without_key,
    providers.azure_without_model,
    providers.provider_without_model,
    providers.two_default_providers,
    providers.no_default_provider,
    providers.no_providers,
    providers.same_provider_twice,
    providers.reserved_name,
    providers.weight_without_pool,
    providers.pool_of_models,
    providers.price_of_one_token,
    providers.cache_dearer_than_prompt,
    targets.two_default_targets,
    targets.duplicate_target,
    targets.duplicate_parameter,
    targets.overlapping_descriptions,
    targets.placeholders_of_messages,
    targets.short_description,
    targets.target_without_endpoint,
    targets.odd_target_name,
    targets.prompts_in_llm_mode,
    targets.guard_without_message,
    targets.toxicity_without_a_model,
    secrets.literal_secret,
    secrets.key_in_clear,
    secrets.plain_http_in_public,
    secrets.secret_in_url,
    secrets.http_on_443,
    secrets.trust_without_tls,
    secrets.model_server_without_token,
    secrets.short_token,
    limits.connect_timeout_out_of_range,
    limits.no_time_at_all,
    limits.port_clash,
    limits.privileged_port,
    limits.https_port_without_certificate,
    limits.threshold_at_the_edge,
    limits.slow_health_check,
    limits.same_limit_twice,
    limits.impatient_provider,
    limits.limits_of_a_fallback,
    limits.odd_header_name,
    limits.unseen_header,
    sharing.nowhere_to_count,
    sharing.odd_redis,
    sharing.password_in_redis_url,
    sharing.redis_password_in_clear,
    sharing.sharing_without_effect,
    sharing.odd_service,
    addresses.bad_listener_address,
    addresses.bad_host,
    addresses.bad_http_host,
    addresses.bad_base_url,
    addresses.path_in_host,
    addresses.no_hosts,
    addresses.mixed_schemes,
    addresses.function_calling_without_server,
    addresses.model_server_of_another_kind,
    addresses.function_calling_of_others,
    addresses.odd_api_header,
    addresses.odd_origin,
    addresses.odd_name,
    addresses.bad_collector,
    doors.open_listener,
    doors.open_listener_of_v0_1,
    doors.nobody_may_call,
    doors.one_key_two_clients,
    doors.odd_client_name,
    doors.short_key,
    doors.client_keys_in_clear,
    credentials.tokens_of_anybody,
    credentials.two_key_sets,
    credentials.key_set_in_clear,
    credentials.certificates_of_anybody,
    credentials.certificates_without_tls,
    clients.unknown_client,
    clients.clients_of_an_open_listener,
    clients.for_nobody,
    parameters.default_not_in_enum,
    parameters.default_of_required,
    parameters.default_out_of_range,
    parameters.empty_range,
    parameters.bad_pattern,
    parameters.enum_says_little,
    parameters.constraint_of_another_type,
    parameters.no_description,
    parameters.misspelt_format,
)


def run(config: Config) -> list[Problem]:
    """What the rules find, rule by rule."""
    each = (islice(rule.problems(config), MOST_OF_A_RULE) for rule in RULES)
    return [problem for problems in each for problem in problems]


def manual(code: str) -> Manual | None:
    """What `--explain` tells of a code."""
    manuals = (*MANUALS, *(rule.manual for rule in RULES))
    return next((each for each in manuals if each.code == code.upper()), None)


def codes() -> tuple[str, ...]:
    return tuple(sorted([each.code for each in MANUALS] + [each.code for each in RULES]))
