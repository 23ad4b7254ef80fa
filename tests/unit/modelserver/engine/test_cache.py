"""The answer cache: bounded, least used first out, and off when it has no room."""

from __future__ import annotations

from modelserver.engine.cache import AnswerCache, digest


def test_the_least_used_answer_goes_first() -> None:
    """A full cache forgets what was not asked for the longest time."""
    cache: AnswerCache[int] = AnswerCache(2)
    cache.put(b"a", 1)
    cache.put(b"b", 2)
    assert cache.get(b"a") == 1
    cache.put(b"c", 3)
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == (1, None, 3)


def test_no_room_means_no_memory() -> None:
    """A cache of no entries keeps nothing and counts nothing."""
    looked: list[bool] = []
    cache: AnswerCache[int] = AnswerCache(0, seen=looked.append)
    cache.put(b"a", 1)
    assert cache.get(b"a") is None
    assert looked == []


def test_look_ups_are_counted() -> None:
    """Hits and misses are told to whoever counts."""
    looked: list[bool] = []
    cache: AnswerCache[int] = AnswerCache(1, seen=looked.append)
    cache.get(b"a")
    cache.put(b"a", 1)
    cache.get(b"a")
    assert looked == [False, True]


def test_parts_keep_their_borders() -> None:
    """Moving a character from one part to the next makes another key."""
    assert digest((b"ab", b"c")) != digest((b"a", b"bc"))
    assert digest((b"ab", b"c")) == digest((b"ab", b"c"))
