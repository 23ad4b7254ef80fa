"""Both images, made once."""

from __future__ import annotations

import pytest

from tests.images.containers import built, missing


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    if reason := missing():
        pytest.skip(reason)
    return built()
