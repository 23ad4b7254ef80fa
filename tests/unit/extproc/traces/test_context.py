"""`traceparent`, read as strictly as a client's words have to be."""

from __future__ import annotations

import pytest

from extproc.traces.context import Context, read

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_what_is_read_is_written() -> None:
    """A child is in the same trace, below, and as much sampled."""
    for flags, sampled in (("01", True), ("00", False), ("03", True)):
        above = read(f"00-{TRACE}-{SPAN}-{flags}")
        assert above == Context(TRACE, SPAN, sampled)
        child = above.child()
        assert (child.trace, child.parent, child.sampled) == (TRACE, SPAN, sampled)
        assert read(child.header) == Context(TRACE, child.span, sampled)
        assert child.span != SPAN


@pytest.mark.parametrize(
    "written",
    [
        "", "bad", f"00-{TRACE}-{SPAN}", f"01-{TRACE}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-01,x",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)  # fmt: skip
def test_what_is_none_is_none(written: str) -> None:
    """Another form, a name of nothing but zeros, something behind it."""
    assert read(written) is None
