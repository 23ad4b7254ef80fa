"""From words to typed values."""
