"""The official Node SDK on the prompt listener: every answer form, and an error."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_prompts import staged  # noqa: F401 - a fixture by its name
from tests.fakes.application import Says
from tests.fakes.model_server import Script

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import World
    from tests.e2e.test_prompts import Stage

HERE = Path(__file__).parent / "node_sdk"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Runs the script with the SDK installed beside it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "ask.mjs"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    if installed.returncode:
        pytest.skip("npm cannot reach its registry")

    def run(port: int, *prompts: str) -> Any:
        script = ["node", "ask.mjs", f"http://127.0.0.1:{port}/v1", *prompts]
        ended = subprocess.run(script, cwd=folder, capture_output=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        return json.loads(ended.stdout)

    return run


def test_node_sdk_reads_every_answer(
    staged: Stage, world: World, ask: Callable[..., Any]  # noqa: F811
) -> None:  # fmt: skip
    """LLM, tool call, direct answer, question and refusal, whole and streamed; and an error."""
    staged.forget()
    staged.models.script = Script(
        calls={
            "Paris": [("weather", {"city": "Paris"}, [])],
            "weather": [("weather", {}, ["city"])],
            "reboot r1": [("reboot", {"device": "r1"}, [])],
            "reboot broken": [("reboot", {"device": "broken"}, [])],
        },
        attacks=["forget"],
    )
    staged.app.says["/reboot"] = Says(b"Rebooting r1.", headers={"content-type": "text/plain"})
    found = ask(staged.running.prompt_port, "a joke", "Paris", "weather", "reboot r1", "forget")
    assert all("error" not in entry for entry in found.values()), found
    assert "Hello from one" in found["a joke"]["whole"]
    for metadata in (found["Paris"]["metadata"], found["Paris"]["told"]):
        state = json.loads(json.loads(metadata["x-arch-state"])["messages"])
        function = state[0]["tool_calls"][0]["function"]
        assert (function["name"], json.loads(function["arguments"])["city"]) == ("weather", "Paris")
    assert "city" in found["weather"]["whole"]
    assert found["weather"]["finished"] == "stop"
    for prompt, text in (("reboot r1", "Rebooting r1."), ("forget", "I would rather not.")):
        assert found[prompt]["whole"] == found[prompt]["streamed"] == text
    staged.app.says["/reboot"] = Says({"detail": "no such device"}, status=404)
    staged.app.says["/error"] = Says(status=500)
    error = ask(staged.running.prompt_port, "reboot broken")["reboot broken"]["error"]
    assert (error["status"], error["code"]) == (404, "tool_error")
    assert "no such device" in error["message"]
