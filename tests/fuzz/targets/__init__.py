"""The targets by name. A new one: a context manager that yields its check, a line here, some seeds."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    where: str
    """Module of this folder and its function; imported when it is opened, and no other."""
    guided: bool = True
    """Whether coverage of our Python leads anywhere."""
    slow: bool = False
    """Whether an input costs so much that a test can afford but a few."""

    def open(self) -> AbstractContextManager[Check]:
        module, _, function = self.where.partition(":")
        opened = getattr(importlib.import_module(f"{__name__}.{module}"), function)()
        return cast("AbstractContextManager[Check]", opened)


TARGETS = {
    "body": Target("bodies:bodies"),
    "rewrite": Target("lua:rewrite", guided=False),
    "usage": Target("lua:usage", guided=False),
    "envoy": Target("lua:through_envoy", guided=False),
    "url": Target("urls:urls"),
    "yaml": Target("configs:texts"),
    "strings": Target("configs:strings"),
    "validate": Target("configs:validated", guided=False, slow=True),
    "sse": Target("streams:streams"),
    "phases": Target("phases:phases"),
    "models": Target("models:models", slow=True),
}
