"""Code that `make protos` generates from protos/; only `server` and `phases` import it."""
