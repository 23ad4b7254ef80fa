"""What can go wrong, row by row, and the tests that show that the gateway stands it.

`rows.py` is the table: each row has a fault, what must come of it, and the tests that hold it,
wherever they stand. Here stand those that no other folder has; each is named after its row.
`make faults` runs the tests of all rows, or of those named, and prints the table as they end:

    python -m tests.faults [ROW …] [--json] [--write]

A test says what it measured through the fixture `figure`. What takes too long for `make check` is
marked `long`, with the reason, and runs here alone. Whatever a test needs of the system to itself (a
network, a resolver, a full disk) it gets in namespaces of its own: `surroundings.py`.
"""
