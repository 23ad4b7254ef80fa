"""Which process runs a test, where `make test` has several."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together, for they share what it starts."""
    for item in items:
        if not item.get_closest_marker("apart"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish() -> None:
    """What was collected stays, so that the collector need not walk it in the middle of a test's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[object], None]:
    """Tells what was measured, for whoever makes a table of it: `python -m tests.faults`."""
    return partial(record_property, "figure")
