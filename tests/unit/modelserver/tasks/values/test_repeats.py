"""How often something is to happen."""

from __future__ import annotations

import pytest

from modelserver.tasks.values import repeats


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("pay it daily", "day"), ("every day at nine", "day"), ("each week, please", "week"),
        ("a monthly order", "month"), ("every month", "month"), ("jeden Tag um acht", "day"),
        ("toutes les semaines", "week"), ("cada mes", "month"), ("ogni anno", "year"),
        ("quarterly", "quarter"), ("todos os dias", "day"), ("elke week", "week"), ("annually", "year"),
    ],
)  # fmt: skip
def test_a_period_is_said(text: str, period: str) -> None:
    found = repeats.said(text)
    assert found is not None
    assert found[0] == period


@pytest.mark.parametrize(
    "text",
    [
        "every other week", "twice a day", "every two months", "every Monday", "this week", "everyday shoes",
        "daily or weekly", "a week", "non-daily",
    ],
)  # fmt: skip
def test_no_single_period_is_said(text: str) -> None:
    assert repeats.said(text) is None


def test_names_of_periods() -> None:
    assert [repeats.period(name) for name in ("every_day", "weekly", "start_day", "Every week")] == [
        "day", "week", None, "week",
    ]  # fmt: skip
