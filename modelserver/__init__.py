"""The model server: guard, intent and parameters in milliseconds on a CPU.

Theory of operation
-------------------
A request falls through the layers below, top to bottom, and its answer climbs back:

    __main__   flags, socket, signals; loads beside serving (`/healthz` is 503 until warm)
    http/      app: body within limits, one mapping of errors, metrics and the log line
               compat: the routes of archgw v0.1, over the same service
               parse: JSON to `requests`, every problem by path (`toolcheck` for tools)
    service    guard(), intent(), decide(): caches, deadlines, guard beside targets
    remote     function calls by any OpenAI-compatible server, when so configured
    engine/    batching: what waits for a model is its next batch: fair, bounded, no timer
               backend: onnxruntime, one session for each graph
               split: a model in two graphs, what a tool's words come to kept
               registry: `models.yaml`: name, revision, sha256; loaded as pinned or refused
               cache: answers by hash
    tasks/     pure: text to rows, outputs to answers; what training imports too
    schema     the dataclasses that clients share; standard library only

Four rules hold everywhere:

* The event loop never runs a model. A model has threads of its own, and a caller who leaves
  or runs out of time takes only their own rows out of the queue.
* A guard that cannot answer is an error (503), never a pass; a score that is no number is
  an outage.
* A text is judged alone. What else is in the request, or in the batch, changes no verdict.
* No prompt is logged or quoted in an error: logs hold scores, names and lengths. Caches know a
  prompt by its hash; of its words they hold the values that a decision found in it.

The server keeps nothing between requests but caches: several behind Envoy share the load.

    archgw-modelserver                              on 127.0.0.1:51000
    archgw-modelserver --uds /run/archgw/model.sock
    archgw-modelserver --config settings.yaml       see `modelserver.settings`
"""
