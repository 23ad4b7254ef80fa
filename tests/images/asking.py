"""A question as a probe asks it."""

from __future__ import annotations

import http.client


def asked(port: int, path: str) -> int:
    """The status of the answer; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
