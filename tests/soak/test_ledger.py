"""The ledger tells every way in which a request can be lost, doubled, mixed up or let through."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest

from tests.soak.kinds import CHUNKS, KINDS, Kind, Request, requests
from tests.soak.ledger import Ledger

PASSED = KINDS[0]
STREAM = next(kind for kind in KINDS if kind.stream)
REFUSED = next(kind for kind in KINDS if kind.status == 401)


def answered(kind: Kind, wrong: str | None = None) -> Ledger:
    ledger, request = Ledger(), Request(kind, 7)
    ledger.send(request)
    ledger.answer(request, 0.0, 0.1, wrong)
    return ledger


@pytest.mark.parametrize(
    ("kind", "upstream", "complaint"),
    [
        (PASSED, {"soak-0000007": 1}, None),
        (PASSED, {}, "seen upstream 0 times"),
        (PASSED, {"soak-0000007": 2}, "seen upstream 2 times"),
        (PASSED, {"soak-0000007": 1, "soak-0000008": 1}, "nobody sent it"),
        (REFUSED, {}, None),
        (REFUSED, {"soak-0000007": 1}, "seen upstream 1 times"),
    ],
)
def test_what_came_out_at_the_other_side_must_add_up(
    kind: Kind, upstream: dict[str, int], complaint: str | None
) -> None:
    """Each request is seen there once, or never where it is refused."""
    found = answered(kind).reckoned(upstream)
    assert [line for line in found if complaint and complaint in line] == found
    assert bool(found) == bool(complaint)


def test_no_answer_and_a_wrong_one_are_told() -> None:
    """An open entry is a loss, whatever the other side saw."""
    ledger = answered(PASSED, "503")
    ledger.send(Request(PASSED, 8))
    found = ledger.reckoned({"soak-0000007": 1, "soak-0000008": 1})
    assert len(found) == 2
    assert "no answer" in found[0]
    assert "503" in found[1]


def test_what_was_let_through_is_told() -> None:
    """A refused request that a provider saw, even while its answer is still to come."""
    ledger = Ledger()
    ledger.send(Request(REFUSED, 7))
    assert ledger.smuggled({"soak-0000007": 1}) == ["soak-0000007"]
    assert ledger.smuggled({}) == []


def completion(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "right"),
    [
        (200, completion("echo of soak-0000007"), True),
        (200, completion("echo of soak-0000008"), False),
        (200, b"{}", False),
        (503, completion("echo of soak-0000007"), False),
    ],
)
def test_an_answer_is_right_by_the_token_of_its_request(
    status: int, body: bytes, *, right: bool
) -> None:
    """Another's answer is as wrong as none."""
    assert (PASSED.wrong("soak-0000007", status, body) is None) == right


def test_a_stream_has_all_its_chunks_and_its_end() -> None:
    """One chunk less, or no end, is a stream that was cut."""
    chunks = [f'data: {{"content": "soak-0000007-{n} "}}\n\n' for n in range(CHUNKS)]
    end = "data: [DONE]\n\n"
    for body, right in (
        ("".join(chunks) + end, True),
        ("".join(chunks), False),
        ("".join(chunks[:-1]) + end, False),
        ("".join(chunks).replace("0000007", "0000008") + end, False),
    ):
        assert (STREAM.wrong("soak-0000007", 200, body.encode()) is None) == right


def test_shares_are_exact() -> None:
    """Of eighty requests 70 % are JSON, 25 % streams and 5 % refused, in another order each time."""
    coming = requests()
    first, second = (list(itertools.islice(coming, 80)) for _ in range(2))
    for eighty in (first, second):
        counts = Counter(
            "refused" if not each.kind.passes else "stream" if each.kind.stream else "json"
            for each in eighty
        )
        assert counts == {"json": 56, "stream": 20, "refused": 4}
    assert [each.kind for each in first] != [each.kind for each in second]
    assert len({each.token for each in first + second}) == 160
