"""How Envoy gets its configuration: the aggregated discovery service and what feeds it.

`snapshot` is a value: everything Envoy should hold at one moment. `session` is one Envoy's
side of the conversation, without I/O. `server` puts it on a Unix socket. `transition` says
by which steps Envoy goes from one snapshot to the next, and `watch` tells when a file changed.
"""
