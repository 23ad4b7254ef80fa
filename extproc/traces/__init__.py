"""Spans of our own in the traces that Envoy begins, and how they reach a collector.

Envoy decides whether a request is traced, and tells each that it calls by `traceparent`. To what it
tells us the spans of a decision are added, and to what it logs of an LLM call the call's own span:

- `context` reads and writes `traceparent`.
- `decisions` makes spans of a record, `llm_calls` of what Envoy tells of a call, `building` both.
- `export` keeps what waits, so much at most, and `collectors` hands it over, by HTTP or gRPC.
- `keeping` does so for decisions, in extproc; `__main__` is the process that does for LLM calls.

Nothing of it is on a request's way: a span is made when its request is over, and what a collector
is too slow for, or too dead, is dropped and counted. OpenTelemetry's messages are imported where
a collector is configured and nowhere else; its SDK, which costs ten times as much, is not used.
"""
