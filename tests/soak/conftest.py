"""One gateway for the short forms of soak and chaos: its models take longest to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.stage import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("s")) as started:
        yield started
