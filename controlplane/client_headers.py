"""Headers of clients that nobody behind the listener's door sees as they were sent.

`emit` has Envoy take them away before anything reads them; `lint` tells whoever counts by one.
"""

from __future__ import annotations

import re

from extproc import contract

NAME = re.compile(r"[A-Za-z0-9!#$&'*+.^_`|~-]{1,128}")
"""RFC 9110's token without `%`, in which Envoy sees the beginning of a command."""
REMOVED = ("x-forwarded-host", "x-forwarded-for", "forwarded", "proxy")
REMOVED_PREFIXES = (contract.OWN_PREFIX, "x-envoy-")
_OUR_OWN = ("x-request-id", "x-forwarded-proto")
"""Envoy writes them itself, whatever was sent."""


def is_seen(header: str) -> bool:
    """Whether what a client writes into this header, in lower case, is there to be read.

    A request with an underscore in a header's name is refused as a whole.
    """
    removed = header in REMOVED + _OUR_OWN or header.startswith(REMOVED_PREFIXES)
    return not removed and "_" not in header
