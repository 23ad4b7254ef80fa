"""Training of the guard."""
