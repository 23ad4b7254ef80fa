"""What every playbook ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.playbook import Play

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _plays_are_finished() -> Iterator[None]:
    Play.begun.clear()
    yield
    for each in Play.begun:
        each.finish()
