"""Code that `make protos` generates from protos/; only `phases` and the servers import it."""
