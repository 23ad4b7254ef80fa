"""What runs a model: its pinned files, a session, batches of what waits, cached answers."""
