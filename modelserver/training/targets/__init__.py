"""Training of the targets model."""
