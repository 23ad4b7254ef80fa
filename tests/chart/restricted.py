"""JSON lines of objects in, for each the list of what `restricted.rego` denies out.

Run by the Python of `.chart`, which has regopy.
"""

import json
import sys
from pathlib import Path

import regopy  # type: ignore[import-not-found]

policy = regopy.Interpreter()
policy.add_module("restricted", Path(__file__).with_suffix(".rego").read_text("utf-8"))
for line in sys.stdin:
    policy.set_input(json.loads(line))
    (denied,) = json.loads(str(policy.query("data.restricted.deny")))["expressions"]
    print(json.dumps(denied))
