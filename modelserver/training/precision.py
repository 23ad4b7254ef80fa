"""The number format to train in: bfloat16 where the machine computes faster with it.

A GPU does, and so do CPUs with AMX or AVX-512 BF16. Others emulate it, a hundred times
slower, so a CPU is asked by a short race.
"""

from __future__ import annotations

import contextlib
import time
from functools import cache

import torch

SIZE = 256
TIMES = 3


def mixed(device: str) -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 if that pays on this device; else nothing."""
    kind = device.split(":", maxsplit=1)[0]
    if kind == "cpu" and not _pays():
        return contextlib.nullcontext()
    return torch.autocast(kind, torch.bfloat16)


@cache
def _pays() -> bool:
    return _seconds(torch.bfloat16) < _seconds(torch.float32)


def _seconds(kind: torch.dtype) -> float:
    one = torch.randn(SIZE, SIZE).to(kind)
    _ = one @ one
    begun = time.perf_counter()
    for _ in range(TIMES):
        _ = one @ one
    return time.perf_counter() - begun
