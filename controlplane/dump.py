"""Our frozen values as data for YAML and JSON; what is secret prints redacted.

What is empty by default and still is, is left out, as in what extproc is told.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from controlplane import ir, model

_SECRETS = (model.Secret, ir.SecretValue)


def as_data(value: object) -> Any:
    if isinstance(value, _SECRETS):
        return repr(value)
    if is_dataclass(value):
        held = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: as_data(item) for each, item in held if item or item != each.default}
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, dict):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value
