"""What became of a prompt, and why: one record of each decision.

It is the only source of whatever tells of decisions afterwards: logs of decisions, explanations,
traces, and what a client that asks for it finds in its answer's metadata.

- `taken` reads a record off a finished exchange, and parts of it off one that is being answered:
  what a log's line and a client's metadata hold; `schema.json` is its form, by version. What the LLM's
  call came to is known later, and not here: see `controlplane.past`.
- `telling` decides what a record holds of texts and values: lengths and keyed hashes, unless the
  config or a command asks for more.
- `counting` tells the metrics of a finished exchange.
- `ring` keeps the newest in memory, `file` writes them down.
"""
