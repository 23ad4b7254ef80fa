"""Patterns of a config against words of a stranger, in bounded time.

A pattern such as `^(a+)+$` is legal and harmless to read, but on thirty letters that do not
match, a backtracking matcher takes minutes. The pattern comes from the config, the words from
whoever writes a prompt, so the time is bounded: what cannot be matched in `SECONDS` does not
match.
"""

from __future__ import annotations

import regex

SECONDS = 0.02
LONGEST = 1024


def is_pattern(pattern: str) -> bool:
    """Whether this is a regular expression at all."""
    try:
        regex.compile(pattern)
    except regex.error:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Whether the text as a whole is what the pattern says.

    JSON Schema's own `pattern` would be content with a part of it; but `[a-z]+` is written for a
    word, and whoever means a part can say `.*` around it.
    """
    if len(text) > LONGEST:
        return False
    try:
        return regex.fullmatch(pattern, text, timeout=SECONDS) is not None
    except (TimeoutError, regex.error):
        return False
