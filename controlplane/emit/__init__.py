"""Gateway → Resources: what Envoy is told, one file per thing it is told about.

Nothing here reads the clock, the environment or a file of the user's: the same gateway
always gives the same bytes, which is what golden files and content versions rest on.
"""

from controlplane.emit.resources import Resources, emit

__all__ = ["Resources", "emit"]
