"""`python -m modelserver.ready`: is the model server of this machine ready? Exit status 0 or 1.

For a container's health check, which has no other program to ask with, and asks every ten seconds:
so nothing is imported that takes time.
"""

from __future__ import annotations

import http.client
import os
import sys

DEFAULT_PORT = 51000
PORT_VARIABLE = "MODEL_SERVER_PORT"
_WITHIN = 3.0


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WITHIN)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get(PORT_VARIABLE, DEFAULT_PORT))) else 1)
