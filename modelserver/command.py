"""The console script `archgw-modelserver`: the server, or why it cannot be one."""

from __future__ import annotations

import sys
from importlib.util import find_spec

# What the extra `models` brings along.
_RUNS_ON = ("onnxruntime", "tokenizers", "uvicorn")


def main() -> int:
    """Serve; where the models have nothing to run on, say what to install."""
    missing = [name for name in _RUNS_ON if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"archgw-modelserver: {', '.join(missing)} is not installed: `pip install 'archgw[models]'`\n"
        )
        return 2
    from modelserver.__main__ import main as serve  # noqa: PLC0415  needs all of the above

    return serve()
