"""The newest records in memory."""

from __future__ import annotations

from extproc.record.ring import Ring


def test_the_newest_stay() -> None:
    """So many records, and no more."""
    ring = Ring(most=2)
    for name in "abc":
        ring.keep(name, name.encode())
    assert list(ring.newest(9)) == [b"c", b"b"]
    assert list(ring.newest(1)) == [b"c"]
    assert (ring.get("a"), ring.get("b")) == (None, b"b")


def test_what_came_after_is_told() -> None:
    """By number, which goes on where an old record goes."""
    ring = Ring(most=2)
    assert (ring.last, list(ring.after(0))) == (0, [])
    for name in "abc":
        ring.keep(name, name.encode())
    assert ring.last == 3
    assert list(ring.after(0)) == [b"c", b"b"]
    assert list(ring.after(2)) == [b"c"]
    assert list(ring.after(3)) == []


def test_bytes_are_bounded() -> None:
    """Large records push out more of the old ones, and one that is too large is not kept."""
    ring = Ring(most_bytes=10)
    for name in "abc":
        ring.keep(name, name.encode() * 4)
    assert list(ring.newest(9)) == [b"cccc", b"bbbb"]
    ring.keep("d", b"d" * 11)
    assert list(ring.newest(9)) == [b"cccc", b"bbbb"]
    ring.keep("e", b"e" * 10)
    assert list(ring.newest(9)) == [b"e" * 10]


def test_one_id_is_one_record() -> None:
    """A client that sends one id twice takes no more room."""
    ring = Ring(most_bytes=4)
    for _ in range(9):
        ring.keep("a", b"1234")
    assert list(ring.newest(9)) == [b"1234"]
