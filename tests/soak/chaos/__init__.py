"""Blows to a gateway under load, each with what it may cost.

The load goes on all the while, streams of seconds among it, and every failure has to be one of those
that the blow may cause. What must not pass is looked for at the provider after each of them.
"""
