"""Every input that is kept still passes, and so do a few hundred more that are made of them."""

from __future__ import annotations

import time
from itertools import islice

import pytest

from tests.fuzz import corpus
from tests.fuzz.mutation import mutations
from tests.fuzz.targets import TARGETS

MOST, FEW, SEED = 400, 6, 13
LONGEST = 2.0
"""Seconds for those that are made, where a machine is slow."""


@pytest.mark.apart
@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input(name: str) -> None:
    """Nothing that was ever found comes back, and nothing new is found next to it."""
    target = TARGETS[name]
    kept = corpus.of(name)
    assert kept
    made = islice(mutations(list(kept.values()), SEED), FEW if target.slow else MOST)
    with target.open() as check:
        for file, data in kept.items():
            _try(check, data, file)
        began = time.monotonic()
        for data in made:
            _try(check, data, "made")
            if time.monotonic() - began > LONGEST:
                break


def _try(check: object, data: bytes, what: str) -> None:
    assert callable(check)
    try:
        check(data)
    except Exception as error:
        raise AssertionError(f"{what}: {data!r}") from error
