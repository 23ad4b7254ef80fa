"""How Envoy gets its configuration: the aggregated discovery service and what feeds it.

`snapshot` is a value: everything Envoy should hold at one moment, and by which steps it goes
from one to the next. `session` is our side of the conversation with one Envoy, without I/O,
in `messages` that are values, too. `server` puts it on a Unix socket, and `watch` tells when a
config file changed.
"""
