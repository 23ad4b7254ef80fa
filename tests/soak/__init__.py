"""Endurance: the whole gateway under load for minutes, and under blows.

    python -m tests.soak            # make soak: memory, files and an exact ledger
    python -m tests.soak.chaos      # make chaos: processes killed, stopped, ended, reloaded, overrun
    python -m tests.soak.modelserver

What runs is real: `archgw up` with both listeners and the models that ship. Only what stands outside
is a fake: the provider, which answers every request with the token it carries, and the API. So each
answer can be told from all others, and the ledger is exact: what was sent is what was answered, and
what was answered is what came out at the other side, or was refused.
"""
