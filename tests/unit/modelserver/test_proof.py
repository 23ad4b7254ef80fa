"""Both ends prove to know a token, and neither shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelserver import proof

TOKEN = b"t" * 32


def exchanged(server_token: bytes, client_token: bytes) -> tuple[proof.Server, str | None]:
    server, challenge = proof.Server(server_token), proof.nonce()
    answer = json.dumps(server.answer(challenge)).encode()
    return server, proof.accepted(client_token, challenge, answer)


def test_both_know_the_token() -> None:
    """Each is taken by the other; the token and what proves the server are no client's proof."""
    server, own = exchanged(TOKEN, TOKEN)
    assert own
    assert server.admits(own)
    challenge = proof.nonce()
    for other in (None, "", TOKEN.decode(), server.answer(challenge)["proof"]):
        assert not server.admits(other)


def test_a_server_without_the_token_is_not_taken() -> None:
    """It gets no proof of the client, and another server's nonce is of no use either."""
    _, own = exchanged(b"x" * 32, TOKEN)
    assert own is None
    other, _ = exchanged(TOKEN, TOKEN)
    _, mine = exchanged(TOKEN, TOKEN)
    assert not other.admits(mine)


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"proof": 1, "nonce": 2}', b"\xff", b"null"]
)
def test_an_answer_of_another_form_is_no_proof(answer: bytes) -> None:
    """Whoever listens there may say anything."""
    assert proof.accepted(TOKEN, proof.nonce(), answer) is None


def test_an_answer_to_another_challenge_is_no_proof() -> None:
    """What was overheard once is not taken again."""
    server = proof.Server(TOKEN)
    heard = json.dumps(server.answer(proof.nonce())).encode()
    assert proof.accepted(TOKEN, proof.nonce(), heard) is None


def test_tokens_of_files(tmp_path: Path) -> None:
    """Without the line end; too short or missing is said, and with which file."""
    file = tmp_path / "token"
    file.write_bytes(TOKEN + b"\n")
    assert proof.read_token(file) == TOKEN
    file.write_text("short")
    with pytest.raises(proof.TokenError, match="32 characters"):
        proof.read_token(file)
    with pytest.raises(proof.TokenError, match="none"):
        proof.read_token(tmp_path / "none")
