"""What every command ends with."""

DONE = 0
FOUND = 1
"""Problems in what the user gave."""
COULD_NOT_RUN = 2
