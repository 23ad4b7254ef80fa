"""What a command ends with, if nobody interrupts it."""

DONE = 0
FOUND = 1
"""Problems in what the user gave, or something that is not well."""
COULD_NOT_RUN = 2
