"""Hostile input, bytes at a time: what reads it, what must hold of it, and the inputs that once failed.

A target (`targets/`) is opened once and then checks one input after the other: it raises where
something does not hold. Its inputs come from its folder in `corpus/`: seeds by hand, and each input
that ever failed, by its hash. `make test` replays every one of them and a few hundred mutations of
them, always the same; `make fuzz` goes on for as long as it is told to, led by coverage (atheris)
where the code is Python of ours, and keeps what it finds.
"""
