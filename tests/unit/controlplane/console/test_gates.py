"""Who may ask the console: nobody by another name, nobody without the token, no page of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controlplane.console.app import create_app
from controlplane.console.gates import TOKEN_HEADER, is_meant
from controlplane.console.place import Place
from controlplane.home_paths import Home

PLACE = Place("127.0.0.1", 19980)
KNOWN = {TOKEN_HEADER: PLACE.token}
API = (
    ("GET", "/api/ready"),
    ("GET", "/api/listeners"),
    ("POST", "/api/chat"),
    ("POST", "/api/models"),
    ("GET", "/api/calls/1"),
    ("GET", "/api/decisions"),
    ("GET", "/api/decisions/1"),
    ("POST", "/api/golden"),
    ("GET", "/api/traffic"),
    ("GET", "/api/config"),
    ("GET", "/api/nothing"),
)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient]:
    home = Home(tmp_path, tmp_path / "logs")
    async with TestClient(TestServer(create_app(home, PLACE))) as made:
        yield made


@pytest.mark.parametrize(
    ("host", "bound", "meant"),
    [
        ("127.0.0.1:19980", "127.0.0.1", True),
        ("localhost:8", "127.0.0.1", True),
        ("[::1]:19980", "::1", True),
        ("127.8.9.1", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("evil.example:19980", "0.0.0.0", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("10.0.0.7:19980", "127.0.0.1", False),
        ("10.0.0.7:19980", "10.0.0.7", True),
        ("127.0.0.1@evil.example", "127.0.0.1", False),
        ("[::1", "::1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_a_name_is_no_address(host: str, bound: str, meant: bool) -> None:
    """With DNS rebinding a page of somebody's has our address, but under its own name."""
    assert is_meant(host, bound) is meant


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/ready"])
async def test_another_host_is_refused(client: TestClient, path: str) -> None:
    """Even with the token, and even what everybody may have."""
    answer = await client.get(path, headers={**KNOWN, "host": "evil.example"})
    assert answer.status == 421
    assert PLACE.token not in await answer.text()


@pytest.mark.parametrize(("method", "path"), API)
@pytest.mark.parametrize(
    "token",
    [None, "", "x", PLACE.token[:-1], PLACE.token + "x", "é"],
    ids=["none", "empty", "another", "shorter", "longer", "no ascii"],
)
async def test_nothing_is_told_without_the_token(
    client: TestClient, method: str, path: str, token: str | None
) -> None:
    """Of whatever is below /api, what is not there included."""
    headers = {TOKEN_HEADER: token} if token is not None else {}
    answer = await client.request(method, path, headers=headers)
    assert answer.status == 401


async def test_the_token_counts_in_the_header_alone(client: TestClient) -> None:
    """A link or a form of another page's cannot carry a header."""
    by_query = await client.get("/api/ready", params={TOKEN_HEADER: PLACE.token})
    by_cookie = await client.get("/api/ready", cookies={TOKEN_HEADER: PLACE.token})
    assert (by_query.status, by_cookie.status) == (401, 401)
    assert (await client.get("/api/ready", headers=KNOWN)).status == 200


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/static/none", "/api/ready", "/healthz"])
async def test_browsers_are_told_what_they_may_do(client: TestClient, path: str) -> None:
    """On every answer: nothing from elsewhere, nothing inline, in no frame, to no other origin."""
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-store" if path.startswith("/api") else "no-cache")
    assert headers["server"] == "archgw"
    assert not [name for name in headers if name.lower().startswith("access-control")]


async def test_another_origin_may_not_ask_first(client: TestClient) -> None:
    """The question a browser asks before it sends a header to another origin is answered with no."""
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = await client.options("/api/chat", headers=asked)
    assert answer.status == 401
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"]
)
async def test_no_file_but_the_pages_own(client: TestClient, path: str) -> None:
    """There is no way out of the folder."""
    assert (await client.get(path)).status in (403, 404)


async def test_the_page_has_nothing_inline() -> None:
    """Else the policy would have to allow it, and with it what somebody sneaks in."""
    page = Path("controlplane/console/static/index.html").read_text("utf-8")
    for inline in ("<style", "style=", "onclick", "onload", "javascript:", "http:", "https:"):
        assert inline not in page
    assert page.count("<script") == page.count('src="/static/') == 1


def test_the_token_is_not_shown_by_accident() -> None:
    """Where a place ends up in a traceback or a log."""
    assert PLACE.token not in repr(PLACE)
    assert len(PLACE.token) >= 43
    assert PLACE.url == f"http://127.0.0.1:19980/#{PLACE.token}"
