"""Who would wait too long for the models is told so at once, and nobody else."""

from __future__ import annotations

import contextlib

from extproc.errors import Overloaded
from extproc.line import Line

PACE = 0.01


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Crowd:
    """Who waits in a line whose answers come at one pace."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.line = Line(self.watch)
        self.waiting: list[contextlib.ExitStack] = []

    def comes(self) -> bool:
        """Whether one more is let in."""
        place = contextlib.ExitStack()
        try:
            place.enter_context(self.line.place())
        except Overloaded:
            return False
        self.waiting.append(place)
        return True

    def answer(self) -> None:
        """The one who waits longest."""
        self.watch.now += PACE
        self.line.answered()
        self.waiting.pop(0).close()

    def learn(self) -> None:
        """The pace, and then nobody waits."""
        for _ in range(2):
            self.comes()
        while self.waiting:
            self.answer()


def test_nobody_is_refused_before_the_pace_is_known() -> None:
    crowd = Crowd()
    assert all(crowd.comes() for _ in range(1000))


def test_many_at_once_are_let_in_as_long_as_that_takes_no_more_than_a_moment() -> None:
    crowd = Crowd()
    crowd.learn()
    let_in = sum(crowd.comes() for _ in range(1000))
    assert 380 <= let_in <= 420


def test_a_line_that_grows_now_and_then_refuses_nobody() -> None:
    """Three hundred at once, every few seconds: the line is long for a part of them."""
    crowd = Crowd()
    crowd.learn()
    for _ in range(20):
        assert all(crowd.comes() for _ in range(300))
        for _ in range(300):
            crowd.answer()
        crowd.watch.now += 0.4


def test_a_line_that_stays_long_is_held_short() -> None:
    """Five come for each who is answered."""
    crowd = Crowd()
    crowd.learn()
    longest = 0
    for answered in range(2000):
        for _ in range(5):
            crowd.comes()
        if answered > 600:
            longest = max(longest, len(crowd.waiting))
        crowd.answer()
    assert 20 <= longest <= 30


def test_after_a_crowd_all_is_as_before() -> None:
    """Once nobody had to be refused for a second."""
    crowd = Crowd()
    crowd.learn()
    while crowd.comes():
        pass
    while len(crowd.waiting) > 100:
        crowd.answer()
    assert not crowd.comes(), "it is held short still"
    while crowd.waiting:
        crowd.answer()
    crowd.watch.now += 1.0
    assert all(crowd.comes() for _ in range(60))


def test_one_who_leaves_without_an_answer_does_not_change_the_pace() -> None:
    crowd = Crowd()
    crowd.learn()
    for _ in range(200):
        crowd.comes()
        crowd.waiting.pop().close()
    assert sum(crowd.comes() for _ in range(1000)) >= 380


def test_a_few_are_let_in_however_slow_the_answers_are() -> None:
    crowd = Crowd()
    crowd.learn()
    for _ in range(50):
        crowd.comes()
        crowd.watch.now += 1.0
        crowd.answer()
    assert sum(crowd.comes() for _ in range(500)) == 4
