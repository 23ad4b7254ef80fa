"""What the tests on a real Envoy share, these share too."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import authority, tmp_path, world

__all__ = ["authority", "tmp_path", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/faults" in str(item.path) and item.path.name != "test_rows.py":
            item.add_marker(pytest.mark.e2e)
