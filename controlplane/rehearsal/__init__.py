"""Prompts decided as a gateway of this config would decide them, without any effect.

    rehearse     requests in, decisions out: by the very code that serves, in a process of its own
    models       the model server to ask: a running gateway's, else one for as long as it takes

`archgw explain` shows one decision, `archgw test` compares many with what is expected.
"""
