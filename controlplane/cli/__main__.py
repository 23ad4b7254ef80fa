"""`python -m controlplane.cli`: `archgw` where its script is not installed."""

from __future__ import annotations

import sys

from controlplane.cli.main import main

sys.exit(main())
