"""The table of faults: what goes wrong, what must come of it, and which tests hold it.

Numbers are kept for good: tests, notes and reports name rows by them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    fault: str
    must: str
    tests: tuple[str, ...]
    """Of pytest, below `tests/`."""
    remark: str = ""
    """What of it cannot be run everywhere, and the nearest that can."""


def _row(number: int, fault: str, must: str, *tests: str, remark: str = "") -> Row:
    return Row(number, fault, must, tests, remark)


_EDGES = "e2e/test_llm_edges.py::"
_ATTACKS = "e2e/test_attacks.py::"
_PROMPTS = "e2e/test_prompts.py::"
_STRICT_JSON = "unit/extproc/chat/test_strict_json.py::"
_GUARD_STAGE = "unit/extproc/pipeline/test_guard.py::"
_CLASSIFY = "unit/modelserver/tasks/guard/test_classify.py::"
_VIEWS = "unit/modelserver/tasks/guard/test_views.py::"
_SHIPPED = "unit/modelserver/tasks/guard/test_shipped.py::"
_CLIENTS = "unit/extproc/test_clients.py::"
_CHART = "chart/test_chart.py::"
_YAML = "unit/controlplane/reading/test_document.py::"

EDGE = (
    _row(
        1, "ambiguous framing: length and coding, two lengths, odd codings",
        "400 or 501, nothing is forwarded",
        f"{_ATTACKS}test_http1",
        f"{_ATTACKS}test_it_is_well_afterwards",
    ),
    _row(
        2, "a header with an underscore, `x_arch_upstream`",
        "refused, nothing is forwarded",
        f"{_ATTACKS}test_http1",
        f"{_ATTACKS}test_http2",
    ),
    _row(
        3, "NUL or a line break in a header, names that are none",
        "400 or a cut connection, nothing is forwarded",
        f"{_ATTACKS}test_http1",
        f"{_ATTACKS}test_http2",
        "property/test_extproc_streams.py::test_headers_of_any_bytes_are_read",
    ),
    _row(
        4, "escapes, dots and slashes in a path",
        "escaped separators are refused, all others read alike by everyone",
        f"{_ATTACKS}test_http1",
        f"{_ATTACKS}test_what_envoy_takes",
        f"{_EDGES}test_escapes_in_paths",
        f"{_EDGES}test_normalised_path",
    ),
    _row(
        5, "nearly the right path, another method",
        "404, no LLM is reached unguarded",
        f"{_EDGES}test_near_miss_paths",
        f"{_EDGES}test_other_methods",
        "e2e/test_surface.py::TestWhatPasses::test_nothing_else_passes",
        f"{_PROMPTS}TestErrors::test_other_paths",
    ),
    _row(
        6, "40 KB of headers, a hundred of them, thousands of crumbs",
        "431 or a reset stream, nothing is forwarded",
        f"{_ATTACKS}test_http1",
        f"{_ATTACKS}test_http2",
    ),
    _row(
        7, "headers that never end",
        "cut after five seconds",
        "faults/test_edges.py::test_row_07_headers_in_a_trickle",
        f"{_EDGES}test_slow_headers",
    ),
    _row(
        8, "a body that never ends",
        "408 after 30 seconds, nobody is asked",
        "faults/test_edges.py::test_row_08_a_body_that_never_ends",
    ),
    _row(
        9, "a connection without a request",
        "closed after a minute",
        "faults/test_edges.py::test_row_09_a_connection_without_a_request",
    ),
    _row(
        10, "streams opened and reset, or frames sent, in a flood",
        "the connection is closed, others are served",
        "faults/test_edges.py::test_row_10_a_flood_of_frames",
        f"{_ATTACKS}test_http2",
        f"{_EDGES}test_http2_rapid_reset",
    ),
    _row(
        11, "the 2001st connection; upgrade to a web socket, HTTP/1.0, CONNECT",
        "closed at once, admin stays up; refused with 403 or 426",
        "faults/test_edges.py::test_row_11_one_connection_too_many",
        f"{_ATTACKS}test_http1",
    ),
    _row(
        12, "a client that goes away or stops reading in the middle of a stream",
        "the provider's connection is dropped; memory within the listener's limit",
        "faults/test_edges.py::test_row_12_a_client_that_stops_reading",
        f"{_EDGES}test_client_that_leaves",
    ),
)  # fmt: skip

BODY = (
    _row(
        13, "a body over the limit, by its length or in chunks",
        "413 at once, nobody is asked",
        "e2e/test_llm_listener.py::TestWhatTheProviderSees::test_big_bodies",
        f"{_PROMPTS}TestErrors::test_too_large",
    ),
    _row(
        14, "a compressed body",
        "415, nothing is unpacked",
        f"{_EDGES}test_compressed_body",
        "unit/modelserver/http/test_app.py::test_compressed_bodies_are_refused",
    ),
    _row(
        15, "UTF-16, a byte order mark, invalid UTF-8, another charset",
        "400 or 415",
        f"{_STRICT_JSON}test_refuses_with_a_reason",
        f"{_STRICT_JSON}test_plain_text_is_checked_too",
        "unit/extproc/chat/test_types.py::test_other_types_and_charsets_are_refused",
        f"{_PROMPTS}TestErrors::test_bad_bodies",
    ),
    _row(
        16, "a hundred thousand brackets, a megabyte of empty objects",
        "400 within a fraction of a second",
        f"{_STRICT_JSON}test_hostile_body_costs_little_time",
        f"{_STRICT_JSON}test_refuses_with_a_reason",
    ),
    _row(
        17, "duplicate keys, NaN, endless numbers, lone surrogates, NUL",
        "400 naming the key, never a traceback",
        f"{_STRICT_JSON}test_refuses_with_a_reason",
        f"{_STRICT_JSON}test_message_quotes_a_key_safely",
        "property/test_extproc_bodies.py::test_bytes_are_an_object_or_refused",
        "property/test_extproc_bodies.py::test_nearly_valid_bodies_mean_one_thing",
    ),
    _row(
        18, "`messages` missing, empty or of any odd shape",
        "400 that names the place",
        "unit/extproc/chat/test_types.py::test_refuses_naming_the_place",
        "property/test_extproc_bodies.py::test_requests_are_read_or_refused",
        f"{_PROMPTS}test_error_names_its_param",
    ),
    _row(
        19, "a state that is malformed or forged",
        "not trusted, not passed on",
        "unit/extproc/pipeline/test_dispatch.py::test_state_sent_back_is_ignored",
        "unit/extproc/pipeline/test_pending.py::test_a_state_that_holds_no_question_is_nothing",
    ),
    _row(
        20, "another content type, an empty body, a GET with one",
        "400 or 415, nobody is asked",
        f"{_EDGES}test_json_that_is_not_called_so",
        f"{_EDGES}test_other_methods",
        f"{_PROMPTS}TestErrors::test_bad_bodies",
        f"{_PROMPTS}TestErrors::test_what_a_web_page_may_send_unasked_is_refused",
    ),
    _row(
        21, "an exception nobody foresaw, in any phase",
        "a bare 500, counted; others are unaffected",
        "unit/extproc/test_server.py::test_crash_is_a_bare_500_and_others_live",
        "unit/extproc/test_server.py::test_nonsense_is_a_bare_500",
        "unit/modelserver/http/test_app.py::test_a_defect_is_a_bare_500",
        "e2e/test_rewrite_envoy.py::test_a_failing_script_fails_closed",
        "e2e/test_nack.py::test_fault_of_ours_is_told_and_harms_nothing",
    ),
)  # fmt: skip

TRUST = (
    _row(
        22, "a client that sends `x-arch-*` or `x-envoy-*`",
        "they are gone before anyone looks; the route stays",
        "e2e/test_llm_listener.py::TestChoice::test_spoofed_route_header",
        "e2e/test_llm_listener.py::TestWhatTheProviderSees::test_own_key_and_nothing_of_the_clients",
        f"{_PROMPTS}TestWays::test_spoofed_state_cannot_skip_the_guard",
        "e2e/test_reserved.py::test_a_client_cannot_say_who_it_is",
    ),
    _row(
        23, "a client's credentials and cookies",
        "nobody upstream sees them",
        "e2e/test_llm_listener.py::TestWhatTheProviderSees::test_own_key_and_nothing_of_the_clients",
        "e2e/test_doors.py::test_prompts_of_a_known_client",
        "e2e/test_tokens_and_certificates.py::test_token",
        "unit/extproc/pipeline/test_api_call.py::test_headers_name_the_request_and_no_one_else",
    ),
    _row(
        24, "a body that names a host, a provider that there is not",
        "only the config's hosts are asked; 400",
        "faults/test_trust.py::test_row_24_a_body_that_names_a_host",
        "e2e/test_llm_listener.py::TestChoice::test_unknown_hint",
        "e2e/test_surface.py::TestModels::test_unknown_model_of_a_body",
        f"{_PROMPTS}TestModels::test_unknown_model",
    ),
    _row(
        25, "values that would leave their place in a URL",
        "400, no call; host and segments are the template's",
        "property/test_extproc_urls.py::test_call_stays_where_the_template_says",
        "property/test_extproc_urls.py::test_query_never_ends_the_url",
        "unit/extproc/pipeline/test_url.py::test_what_could_leave_its_segment_is_refused",
        f"{_PROMPTS}TestErrors::test_value_that_cannot_stand_in_a_path",
    ),
    _row(
        26, "a model that makes up names, types or too many calls",
        "only what was declared is called, and no more than configured",
        "unit/extproc/pipeline/test_intent.py::test_name_nobody_declared_is_never_called",
        "unit/extproc/pipeline/test_intent.py::test_calls_are_bounded",
        "unit/extproc/pipeline/test_parameters.py::test_what_does_not_fit_is_asked_for",
        "e2e/test_function_calling.py::test_a_call_of_nothing_that_was_described_is_none",
        "e2e/test_function_calling.py::test_what_nobody_said_changes_nothing",
    ),
    _row(
        27, "an API that redirects, floods, or tells a secret in its error",
        "not followed, cut at 1 MiB, told to nobody",
        "faults/test_trust.py::test_row_27_an_api_that_sends_elsewhere",
        "faults/test_trust.py::test_row_27_an_api_that_says_what_it_should_not",
        f"{_CLIENTS}test_redirect_is_not_followed",
        f"{_CLIENTS}test_answer_has_a_limit",
        f"{_CLIENTS}test_endless_answer_ends",
        f"{_CLIENTS}test_compressed_answer_is_refused",
        "unit/extproc/pipeline/test_api_call.py::test_failure_is_logged_whole_but_for_values",
        "unit/extproc/pipeline/test_api_call.py::test_nul_in_an_answer_is_replaced",
        "e2e/test_extproc_minimal.py::test_error_target_answers",
    ),
    _row(
        28, "an API whose connection breaks during a call",
        "the call is not made again",
        f"{_CLIENTS}test_broken_answer_fails_once",
        f"{_PROMPTS}TestErrors::test_api_that_never_answers",
        "e2e/test_extproc_minimal.py::test_sdk_does_not_call_the_api_again",
        "e2e/test_reserved.py::test_no_library_repeats_what_was_done",
    ),
    _row(
        29, "a key where it should not be",
        "in its 0600 file and at its provider alone",
        "e2e/test_secrets_canary.py::test_whole_session",
        "e2e/test_supervise.py::test_key_is_nowhere_but_in_its_file",
        "e2e/test_tokens_and_certificates.py::test_credentials_are_in_no_config_and_no_log",
    ),
    _row(
        30, "children that inherit keys",
        "no environment holds one",
        "e2e/test_supervise.py::test_key_is_nowhere_but_in_its_file",
        "unit/controlplane/supervise/processes/test_children.py::test_environment_is_clean",
    ),
    _row(
        31, "a prompt in a log, or a log that a prompt forges",
        "lengths and hashes alone; fields cannot be forged",
        "e2e/test_secrets_canary.py::test_whole_session",
        "e2e/test_extproc_minimal.py::test_logs_and_metrics_hold_no_prompt",
        f"{_EDGES}test_the_text_log_cannot_be_forged",
        f"{_EDGES}test_a_clients_request_id_is_short_and_plain_or_ours",
        "unit/modelserver/test_process.py::test_no_prompt_reaches_the_log",
    ),
    _row(
        32, "another user of the machine",
        "reaches no socket and no model server",
        "faults/test_trust.py::test_row_32_another_user",
        "e2e/test_supervise.py::test_sockets_are_ours_alone",
        "e2e/test_supervise.py::test_home_that_others_can_reach_is_refused_untouched",
        "unit/extproc/test_server.py::test_socket_is_for_its_owner",
        "unit/controlplane/supervise/test_control.py::test_only_we_may_ask",
        "unit/modelserver/test_process.py::test_only_who_knows_the_token_is_answered",
    ),
    _row(
        33, "a provider's certificate: wrong name, unknown authority, expired, TLS 1.1",
        "503, it gets neither request nor key",
        "e2e/test_llm_tls.py::test_provider_that_cannot_be_trusted",
    ),
    _row(
        34, "a file that somebody changed on its way here",
        "hashes of packages, base image and models are pinned and checked",
        "unit/deploy/docker/test_requirements.py::test_each_has_its_hashes",
        "unit/deploy/docker/test_requirements.py::test_the_base_is_named_by_its_digest",
        "unit/modelserver/engine/test_registry.py::test_an_altered_file_is_refused",
        "unit/modelserver/engine/test_registry.py::test_an_unpinned_model_is_refused",
        "unit/modelserver/engine/test_registry.py::test_a_pickle_is_answered_with_how_to_export_it",
        "unit/modelserver/test_models_real.py::test_the_weights_are_the_pinned_ones",
        "unit/controlplane/supervise/envoy/test_binary.py::test_other_version_is_refused_with_the_way_out",
    ),
)  # fmt: skip

GUARD = (
    _row(
        35, "invisible letters in an attack",
        "found as the plain attack is",
        f"{_VIEWS}test_a_disguise_comes_off",
        f"{_SHIPPED}test_a_disguised_attack_is_found",
    ),
    _row(
        36, "an attack in Unicode tags",
        "decoded and found",
        f"{_VIEWS}test_a_disguise_comes_off",
        "unit/modelserver/test_models_real.py::test_disguises_do_not_help",
    ),
    _row(
        37, "letters of other alphabets and sets",
        "found as the plain attack is",
        f"{_VIEWS}test_a_disguise_comes_off",
        f"{_VIEWS}test_a_text_that_folding_makes_too_long_is_refused_before_it_is_decoded",
    ),
    _row(
        38, "letters with gaps, marks or line ends between",
        "found as the plain attack is",
        f"{_VIEWS}test_a_disguise_comes_off",
        f"{_VIEWS}test_lexicon_cuts_a_run_of_letters_into_words",
    ),
    _row(
        39, "encodings: base64, hex, rot13, entities, reversed",
        "decoded within bounds and found",
        "unit/modelserver/tasks/guard/test_decoders.py::test_a_disguise_comes_off",
        f"{_VIEWS}test_views_are_bounded_in_number_and_length",
        f"{_VIEWS}test_decoding_beyond_its_time_is_a_refusal",
    ),
    _row(
        40, "padding around an attack",
        "every token is scanned, or the text is refused",
        f"{_CLASSIFY}test_windows_cover_every_token_and_overlap",
        f"{_CLASSIFY}test_a_text_beyond_all_windows_is_refused_not_cut",
        "unit/modelserver/test_models_real.py::test_an_attack_is_found_at_twenty_places_of_a_long_text",
    ),
    _row(
        41, "an attack split over messages, parts, names and tools",
        "every string is judged, and the pieces together",
        f"{_GUARD_STAGE}test_attack_is_found_wherever_it_stands",
        f"{_GUARD_STAGE}test_long_texts_are_joined_at_their_ends",
        "property/test_extproc_bodies.py::test_no_string_escapes_the_guard",
    ),
    _row(
        42, "an attack in another role, or in an API's answer",
        "no role is trusted; our own prompt is known by its text",
        f"{_GUARD_STAGE}test_every_turn_of_every_role_is_judged",
        f"{_GUARD_STAGE}test_own_system_prompt_is_exempt_by_its_text",
        f"{_PROMPTS}TestErrors::test_an_attack_in_an_answer_is_left_out",
    ),
    _row(
        43, "images, sounds and files where a guard is on",
        "400 unless allowed; the text beside them is judged",
        f"{_GUARD_STAGE}test_what_cannot_be_read_is_refused",
        f"{_GUARD_STAGE}test_images_pass_where_they_are_allowed",
        "e2e/test_surface.py::TestBodies::test_words_beside_an_image_are_judged",
    ),
    _row(
        44, "a guard that is down, slow, or answers nonsense",
        "503, never a pass",
        f"{_GUARD_STAGE}test_no_verdict_is_a_refusal",
        f"{_GUARD_STAGE}test_decision_without_a_verdict_is_a_refusal",
        f"{_CLASSIFY}test_scores_that_are_no_numbers_are_an_outage",
        f"{_CLASSIFY}test_outputs_of_another_shape_are_an_outage",
        f"{_PROMPTS}TestErrors::test_guard_that_cannot_answer",
        "e2e/test_extproc_minimal.py::test_hung_models_are_a_refusal_in_time",
        "e2e/test_supervise_prompts.py::test_guard_that_does_not_guard_stops_the_start",
    ),
)  # fmt: skip

PROCESSES = (
    _row(
        45, "kill -9 of one extproc of two, under load",
        "two requests are lost at most, no stream; back within a second",
        "faults/test_processes.py::test_row_45_kill_of_one_extproc",
        f"{_PROMPTS}TestProcesses::test_streams_survive_a_kill",
    ),
    _row(
        46, "an extproc that hangs",
        "each request waits a moment at most; it is replaced within seconds",
        "faults/test_processes.py::test_row_46_an_extproc_that_hangs",
        f"{_PROMPTS}TestProcesses::test_a_stopped_extproc_costs_a_second_at_most",
        "e2e/test_supervise_prompts.py::test_hung_extproc_is_replaced",
    ),
    _row(
        47, "no extproc at all",
        "503 at once, nothing passes; served as soon as one is back",
        "faults/test_processes.py::test_row_47_no_extproc_at_all",
        f"{_PROMPTS}TestProcesses::test_no_extproc_no_answer",
        "e2e/test_extproc_minimal.py::test_kill_of_both_processes_cuts_no_stream",
    ),
    _row(
        48, "an extproc that breaks off, or says what it may not",
        "an error of ours, nothing passes",
        "faults/test_odd_extproc.py::test_row_48_an_extproc_that_says_what_it_may_not",
        f"{_PROMPTS}TestProcesses::test_no_word_no_answer",
        "e2e/test_extproc_minimal.py::test_oversized_answers_of_ours_never_reach_a_smaller_buffer",
    ),
    _row(
        49, "more prompts at once than extproc takes, or than models decide",
        "refused at once, no queue grows",
        "faults/test_processes.py::test_row_49_more_prompts_than_extproc_takes",
        "faults/test_processes.py::test_row_49_more_prompts_than_models_decide",
        "unit/extproc/test_session.py::test_more_than_the_models_can_decide_are_refused_before_their_bodies_are_read",
        "e2e/test_extproc_minimal.py::test_sdk_comes_again_when_it_was_not_let_in",
    ),
    _row(
        50, "a model server that is killed, hangs, is slow or out of memory",
        "503 in time, none passes unjudged; well again by itself",
        "faults/test_models.py::test_row_50_kill_of_the_model_server",
        "faults/test_models.py::test_row_50_hang_of_the_model_server",
        "faults/test_models.py::test_row_50_no_memory_left",
        "e2e/test_extproc_minimal.py::test_model_server_that_goes_away_under_load",
        "e2e/test_extproc_minimal.py::test_hung_models_are_a_refusal_in_time",
        "e2e/test_model_servers.py::test_one_is_killed",
        "e2e/test_model_servers.py::test_one_hangs",
        "e2e/test_model_servers.py::test_none_is_there",
        f"{_CLIENTS}test_failing_server_is_left_alone",
        "unit/modelserver/engine/test_batching.py::test_a_full_queue_refuses_and_recovers",
    ),
    _row(
        51, "kill -9 of Envoy",
        "it serves the same config again within seconds",
        "faults/test_processes.py::test_row_51_kill_of_envoy",
        "e2e/test_supervise.py::test_killed_envoy_comes_back",
        "e2e/test_supervise.py::test_reload_while_envoy_is_down_waits_for_it",
    ),
    _row(
        52, "a provider that refuses, resets, or answers 5xx or 429",
        "503, or its own answer as it is; asked once",
        "faults/test_upstreams.py::test_row_52_a_reset_before_the_answer",
        "faults/test_upstreams.py::test_row_52_a_reset_before_the_handshake",
        f"{_EDGES}test_dead_provider",
        "e2e/test_llm_listener.py::TestAnswers::test_errors_of_the_provider_pass",
        "e2e/test_llm_failover.py::test_list_endpoint",
        "e2e/test_llm_failover.py::test_both_fail",
        "e2e/test_unreachable.py::test_a_provider_that_cannot_be_reached",
    ),
    _row(
        53, "a provider that never begins to answer, or that no packet reaches",
        "504 when its time is up",
        "faults/test_upstreams.py::test_row_53_a_provider_that_hangs",
        "faults/test_upstreams.py::test_row_53_a_black_hole",
        "e2e/test_llm_failover.py::test_silence_of_all",
        "e2e/test_llm_upstreams.py::test_connect_timeout",
    ),
    _row(
        54, "a provider that dies or goes silent in a stream",
        "what came is delivered, the end is not made up",
        "faults/test_upstreams.py::test_row_54_a_stream_that_breaks",
        "faults/test_upstreams.py::test_row_54_a_stream_in_a_trickle",
        "e2e/test_llm_listener.py::TestAnswers::test_broken_stream_is_seen_as_broken",
        "e2e/test_llm_failover.py::test_silence_within_a_stream",
        "e2e/test_llm_failover.py::test_never_after_the_first_byte",
    ),
    _row(
        55, "a name server that is silent, a name that moves",
        "the last address stays in use; the new one is used once it is told",
        "faults/test_upstreams.py::test_row_55_names_that_fail_and_move",
    ),
    _row(
        56, "a full disk",
        "lines are lost, requests are not",
        "faults/test_disks.py::test_row_56_no_room_for_logs",
        "e2e/test_logs.py::test_a_full_disk_loses_lines_alone",
        "e2e/test_supervise_prompts.py::test_a_full_disk_takes_nothing_down",
        "unit/controlplane/supervise/test_logs.py::test_no_room_for_the_copy_empties_the_log",
    ),
    _row(
        57, "everybody at once after an outage",
        "refused at once meanwhile, all served after; restarts wait longer each time",
        "faults/test_herd.py::test_row_57_everybody_at_once",
        "unit/controlplane/supervise/processes/test_children.py::test_backoff_grows_and_has_jitter",
    ),
    _row(
        58, "a certificate is renewed; the clock jumps an hour",
        "new connections see it at once, open ones live on; limits and times stay",
        "faults/test_clocks.py::test_row_69_the_date_is_put_right",
        "unit/envoy/test_clock.py::test_it_is_the_monotonic_one",
        "e2e/test_llm_tls.py::test_rotation",
    ),
)  # fmt: skip

OPERATION = (
    _row(
        59, "a bad config, a taken port, a second `up`, a bad reload",
        "told with its place; nothing is started or replaced",
        f"{_YAML}test_refused_with_position",
        f"{_YAML}test_deep_nesting_is_quick",
        f"{_YAML}test_reported_but_read_on",
        f"{_YAML}test_alias_bomb_does_not_unfold",
        f"{_YAML}test_scalars_keep_what_was_written",
        f"{_YAML}test_file_that_is_too_large",
        "property/test_config.py::test_any_bytes",
        "property/test_config.py::test_damaged_configs",
        "e2e/test_supervise.py::test_bad_config_is_refused_with_its_place",
        "e2e/test_supervise.py::test_missing_key_is_refused",
        "e2e/test_supervise.py::test_config_envoy_rejects_is_refused_with_its_place",
        "e2e/test_supervise.py::test_second_up_is_refused",
        "e2e/test_supervise.py::test_taken_port_is_told_before_anything_starts",
        "e2e/test_supervise.py::test_bad_reload_keeps_the_old_one",
        "e2e/test_nack.py::test_nack_half_way_gives_everything_back",
    ),
    _row(
        60, "Kubernetes: rolling update, drain, probes, rights",
        "manifests as policies want them; a rolling replacement loses nothing",
        f"{_CHART}test_kubernetes_knows_every_field",
        f"{_CHART}test_time_to_drain",
        f"{_CHART}test_probes_ask_the_gateway_alone",
        f"{_CHART}test_metadata_of_the_cloud_is_out_of_reach",
        f"{_CHART}test_what_changes_is_mounted_so_that_it_can",
        f"{_CHART}test_pods_are_restricted",
        f"{_EDGES}test_health",
        "images/test_pods.py::test_a_rolling_replacement_loses_nothing",
        remark="there is no cluster: pods are played by podman from the chart's manifests, behind an"
        " Envoy that checks their health as kube-proxy's readiness would",
    ),
    _row(
        61, "SIGTERM of the container under load, with late connections",
        "all are answered whole, exit status 0",
        "images/test_images.py::test_nothing_is_lost_when_it_ends_under_load",
        "e2e/test_supervise.py::test_calls_are_taken_while_a_balancer_learns_that_we_go",
        "e2e/test_supervise.py::test_down_waits_for_open_requests",
        "e2e/test_prompt_topologies.py::test_down_loses_no_prompt",
    ),
    _row(
        62, "a collector of traces that is dead or slow",
        "it costs no request anything; what it does not take is dropped and counted",
        "e2e/test_traces.py::test_a_collector_that_does_not_answer_costs_nothing",
        "unit/extproc/traces/test_export.py::test_so_many_wait_at_most",
        "unit/extproc/traces/test_export.py::test_what_is_not_taken",
    ),
    _row(
        63, "Redis of the shared limits hangs or is gone",
        "refused or let through as configured, within 50 ms",
        "e2e/test_shared_limits.py::test_without_redis",
        "unit/extproc/limits/test_counts.py::test_a_slow_redis",
        "unit/extproc/limits/test_counts.py::test_no_redis",
    ),
    _row(
        64, "the ConfigMap is swapped under load",
        "each config is taken over, no call is lost",
        "images/test_pods.py::test_a_swapped_config_loses_nothing",
        "images/test_pods.py::test_a_renewed_key_reaches_the_provider",
        "e2e/test_supervise.py::test_twenty_reloads_under_load_lose_nothing",
        "e2e/test_prompt_topologies.py::test_every_request_ends_under_the_config_it_began_with",
        "unit/controlplane/supervise/test_config_file.py::test_a_swapped_folder_is_a_change",
    ),
    _row(
        65, "certificate and key change together",
        "new connections see the new pair, open ones live on",
        "faults/test_certificates.py::test_row_65_certificate_and_key_one_after_the_other",
        "e2e/test_llm_tls.py::test_rotation",
        "e2e/test_llm_tls.py::test_up_names_the_file_that_cannot_be_used",
    ),
    _row(
        66, "clients that name ten thousand other models",
        "refused; neither memory nor metrics grow",
        "faults/test_names.py::test_row_66_ten_thousand_names_of_models",
        "e2e/test_metrics.py::test_words_of_clients_are_no_labels",
    ),
    _row(
        67, "keys of clients change under load",
        "no valid key is refused, none that is gone opens anything",
        "e2e/test_rotation.py::test_ten_rotations_under_load",
        "e2e/test_rotation.py::test_a_reload_forgives_nothing",
    ),
    _row(
        68, "an issuer's keys cannot be fetched",
        "tokens that its keys are known for go on, others open nothing; keys of clients go on",
        "e2e/test_key_sets.py::test_keys_from_a_host",
        "e2e/test_key_sets.py::test_keys_from_a_host_that_cannot_be_trusted",
    ),
    _row(
        69, "the date is put right by an hour, forward or back",
        "what is spent of a limit stays spent, and comes in again in its time",
        "faults/test_clocks.py::test_row_69_the_date_is_put_right",
        "unit/envoy/test_clock.py::test_it_is_the_monotonic_one",
        remark="Envoy's date alone is moved; in Python `time.time` is banned by `make lint`",
    ),
    _row(
        70, "a client that opens 1,000 streams and reads none",
        "bounded memory, others are served, all is well when it has gone",
        "faults/test_edges.py::test_row_70_a_thousand_streams_that_nobody_reads",
    ),
)  # fmt: skip

ROWS = (*EDGE, *BODY, *TRUST, *GUARD, *PROCESSES, *OPERATION)
LAST = 70
