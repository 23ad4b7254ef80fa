"""What happens to each prompt: Envoy asks this process, and is told in one or two messages.

Theory of operation. Envoy opens a call per request (ext_proc over a Unix socket) and sends the
headers, then the whole body. The replies are one of: on to the LLM with another body, or an
answer for the client at once. After the last one the call ends, and the request with all of its
response belongs to Envoy alone: this process can be killed while a stream runs, and nobody
notices.

    server      bytes ⇄ messages; the last door for what nobody foresaw
    phases      messages ⇄ events and outcomes, and the table of their legal order
    session     one call: the headers are looked at, the body is decided
    pipeline    transcript → pending → ask_models → guard → another_wish → intent → parameters →
                confirm → api_call → dispatch; errors → error_target
    exchange    one request, the config it is pinned to, what each stage has learnt
    questions   what the gateway says itself, worded, and known again by its text
    runtime     generations of the config, each request under the one Envoy routed it with
    clients     the model server and the application's APIs, as Protocols and over HTTP
    contract    what the control plane knows, too: the runtime's form, names of headers and metadata
    chat        the chat-completions API, read strictly, written for every SDK

Three rules hold everywhere. What is forwarded is the object that was judged, written anew,
never the bytes that came. Whatever cannot be decided is refused. And no prompt, key or body of
an API stands in a log, a metric or an error that is not its owner's.
"""
