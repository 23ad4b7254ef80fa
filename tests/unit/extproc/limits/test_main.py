"""The process by itself: on a port, asked as Envoy asks; and what it says when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import grpc
import pytest

from extproc.wire.archgw_ratelimit_pb2 import RateLimitResponse
from tests.unit.extproc.limits.test_server import ONE, request

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "extproc.limits"]
ASKED = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--listen", "127.0.0.1:0", "--redis", "http://redis.corp"], "redis://, rediss://"),
        (["--socket", "{folder}/no/s", "--redis", "redis://127.0.0.1:1"], "cannot listen on"),
        (["--listen", "nowhere", "--redis", "redis://127.0.0.1:1"], "cannot listen on nowhere"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    """In one line, and with 2."""
    command = [*COMMAND, *(each.format(folder=tmp_path) for each in arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_on_a_port_without_redis(tmp_path: Path) -> None:
    """It starts all the same, and says of each request that nobody knows; then it ends when told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--listen", f"127.0.0.1:{port}", "--redis", f"unix://{tmp_path}/none"]
    with subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True) as process:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            ask = channel.unary_unary(ASKED)
            with pytest.raises(grpc.RpcError) as refused:
                ask(request(ONE), wait_for_ready=True, timeout=30)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            with pytest.raises(grpc.RpcError) as unfit:
                ask(request({"entries": [("limit", "x")]}), timeout=30)
            assert unfit.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            settled = RateLimitResponse.FromString(ask(request({**ONE, "back": True}), timeout=30))
            assert settled.overall_code == RateLimitResponse.OK
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        log = process.stderr.read() if process.stderr else ""
    assert log.count("redis.does_not_answer") <= 2
    assert "Traceback" not in log
    assert "web" not in log
