"""The race: archgw's LLM listener, a plain Envoy and other gateways before the same provider.

All of them run at once and are asked in turn, round by round, so that whatever else this machine does meets
each of them. What is compared is of one round; the median of the rounds counts, and of CPU time, which others'
work only makes larger, the least.
"""
