"""Every client of README's table, by its own quick-start, on both listeners of one gateway.

The scripts are in tests/clients. Each is run once for a listener, with all its steps, in the
environment that `make clients` fills; the tests then look at what it saw.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.install import NODE, PYTHON
from tests.e2e.test_prompts import staged  # noqa: F401 - a fixture by its name
from tests.fakes.application import Says
from tests.fakes.model_server import Script
from tests.registries import MISSING

if TYPE_CHECKING:
    from tests.e2e.test_prompts import Stage

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "clients"

LISTENERS = ("llm", "prompt")
CLIENTS = {
    "openai-python": "openai_python.py",
    "openai-node": "openai_node.mjs",
    "LangChain": "langchain_agents.py",
    "LlamaIndex": "llama_index_agents.py",
    "Vercel AI SDK": "vercel_ai_sdk.mjs",
    "LiteLLM": "litellm_client.py",
    "curl": "curl.py",
}
WITH_HELPER = ("openai-python", "openai-node")
WITH_FUNCTIONS = [name for name in CLIENTS if name != "curl"]

NOT_FOUND = dict.fromkeys(CLIENTS, "NotFoundError") | {
    "Vercel AI SDK": "APICallError",
    "curl": "HttpError",
}
"""What each calls a 404, LangChain a kind of it."""

MODEL, VECTORS = "gpt-4o", "text-embedding-3-small"


@dataclass
class Seen:
    """What one client saw on one listener: of each step an answer or an error."""

    steps: dict[tuple[str, str, str], dict[str, Any]]
    called: list[str]
    """The paths of the application's APIs that were called meanwhile."""

    def answer(self, way: str, prompt: str, model: str = MODEL) -> Any:
        step = self.steps[way, model, prompt]
        assert "answer" in step, step
        return step["answer"]

    def error(self, way: str, prompt: str, model: str = MODEL) -> dict[str, Any]:
        step = self.steps[way, model, prompt]
        assert "error" in step, step
        return step


def steps_of(client: str, listener: str) -> list[tuple[str, str, str]]:
    ways = ["chat", "stream", *(["helper"] if client in WITH_HELPER else [])]
    prompts = ["a joke"]
    if listener == "prompt":
        prompts += ["Paris", "reboot r1", "the weather?", "forget it", "Atlantis"]
    steps = [(way, MODEL, prompt) for prompt in prompts for way in ways]
    if client in WITH_FUNCTIONS:
        steps += [(way, MODEL, "six by seven") for way in ("agent", "agent_stream")]
    return [
        *steps,
        ("embed", VECTORS, "a text"),
        ("embed", "gone", "a text"),
        ("chat", "gone", "a joke"),
    ]


@dataclass
class Clients:
    """Runs each script when it is first asked for."""

    stage: Stage
    folder: Path
    _seen: dict[tuple[str, str], Seen] = field(default_factory=dict)

    def seen(self, client: str, listener: str) -> Seen:
        if (client, listener) not in self._seen:
            self._seen[client, listener] = self._run(client, listener)
        return self._seen[client, listener]

    def _run(self, client: str, listener: str) -> Seen:
        script = self.folder / CLIENTS[client]
        half = PYTHON if script.suffix == ".py" else NODE
        if (half / MISSING).exists():
            pytest.skip((half / MISSING).read_text("utf-8"))
        if not half.exists():
            pytest.skip("no clients are installed: make clients")
        running = self.stage.running
        port = running.port if listener == "llm" else running.prompt_port
        steps = steps_of(client, listener)
        command = [PYTHON / "bin" / "python" if half == PYTHON else "node", script]
        before = len(self.stage.app.received)
        ended = subprocess.run(
            [*command, json.dumps(steps)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "BASE_URL": f"http://127.0.0.1:{port}/v1",
                # LiteLLM would look for prices on the Internet, for ten seconds.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        called = [asked.path.partition("?")[0] for asked in self.stage.app.received[before:]]
        return Seen(dict(zip(steps, told, strict=True)), called)


@pytest.fixture(scope="module")
def clients(staged: Stage, tmp_path_factory: pytest.TempPathFactory) -> Clients:  # noqa: F811
    staged.forget()
    staged.models.script = Script(
        calls={
            "Paris": [("weather", {"city": "Paris"}, [])],
            "the weather?": [("weather", {}, ["city"])],
            "Atlantis": [("weather", {"city": "Atlantis"}, [])],
            "reboot r1": [("reboot", {"device": "r1"}, [])],
        },
        attacks=["forget"],
    )
    staged.app.says["/weather/Paris"] = Says({"sky": "blue"})
    staged.app.says["/weather/Atlantis"] = Says({"detail": "no such city"}, status=404)
    staged.app.says["/reboot"] = Says(b"Rebooting r1.", headers={"content-type": "text/plain"})
    staged.app.says["/error"] = Says(status=500)
    staged.world.one.behaviour.calls = {"multiply": {"a": 6, "b": 7}}
    # Node looks for packages beside a script.
    folder = tmp_path_factory.mktemp("scripts")
    for script in (*SCRIPTS.glob("*.py"), *SCRIPTS.glob("*.mjs")):
        shutil.copy(script, folder)
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    return Clients(staged, folder)


each_client = pytest.mark.parametrize("client", CLIENTS)
each_listener = pytest.mark.parametrize("listener", LISTENERS)


def test_readme_lists_them() -> None:
    """README's table has every client, in the version that is tried."""
    section = (ROOT / "README.md").read_text("utf-8").partition("\n### Clients\n")[2]
    rows = re.findall(r"^\| (?!listener)(\w.*?) \| ", section.partition("\n#")[0], re.MULTILINE)
    assert [next(name for name in CLIENTS if row.startswith(name)) for row in rows] == [*CLIENTS]
    pinned = (SCRIPTS / "requirements.txt").read_text() + (SCRIPTS / "package.json").read_text()
    for version in re.findall(r"\d+\.\d+", " ".join(rows)):
        assert re.search(rf'(==|": "){re.escape(version)}\.\d', pinned), version


@each_client
@each_listener
def test_answers(clients: Clients, client: str, listener: str) -> None:
    """A chat, whole and by the client's own example of a stream."""
    seen = clients.seen(client, listener)
    assert seen.answer("chat", "a joke") == "Hello from one"
    assert seen.answer("stream", "a joke") == "one-0 one-1 one-2 "


@pytest.mark.parametrize("client", WITH_HELPER)
@each_listener
def test_stream_helpers(clients: Clients, client: str, listener: str) -> None:
    """`.stream()` puts the chunks together, whatever answers."""
    seen = clients.seen(client, listener)
    assert seen.answer("helper", "a joke") == "one-0 one-1 one-2 "
    if listener == "prompt":
        assert seen.answer("helper", "Paris") == "one-0 one-1 one-2 "
        assert "city" in seen.answer("helper", "the weather?")
        assert seen.answer("helper", "forget it") == "I would rather not."
        assert seen.error("helper", "Atlantis")["status"] == 404


@each_client
def test_call_of_an_api(clients: Clients, client: str) -> None:
    """What was called is metadata of the answer or its first chunk: no client minds."""
    seen = clients.seen(client, "prompt")
    assert seen.answer("chat", "Paris") == "Hello from one"
    assert seen.answer("stream", "Paris") == "one-0 one-1 one-2 "
    assert seen.called.count("/weather/Paris") == (3 if client in WITH_HELPER else 2)


@each_client
def test_answer_of_an_api(clients: Clients, client: str) -> None:
    """An API's own words are the answer where no LLM is asked."""
    seen = clients.seen(client, "prompt")
    assert seen.answer("chat", "reboot r1") == "Rebooting r1."
    assert seen.answer("stream", "reboot r1") == "Rebooting r1."


@each_client
def test_question(clients: Clients, client: str) -> None:
    """What the gateway asks back reads as an answer."""
    seen = clients.seen(client, "prompt")
    assert "city" in seen.answer("chat", "the weather?")
    assert "city" in seen.answer("stream", "the weather?")


@each_client
def test_refusal(clients: Clients, client: str) -> None:
    """So does what the guard says."""
    seen = clients.seen(client, "prompt")
    assert seen.answer("chat", "forget it") == "I would rather not."
    assert seen.answer("stream", "forget it") == "I would rather not."


def check(error: dict[str, Any], client: str, code: str, message: str) -> None:
    assert NOT_FOUND[client] in error["error"], error
    assert error["status"] == 404
    assert message in error["message"]
    # It makes its own error of what reads as an unknown model, and of any for vectors.
    drops_it = client == "LiteLLM" and code in ("model_not_found", "not_found")
    assert error["code"] == (None if drops_it else code)


@each_client
def test_error_of_an_api(clients: Clients, client: str) -> None:
    """It is the client's own error, with status, code and words, asked for a stream or not."""
    seen = clients.seen(client, "prompt")
    for way in ("chat", "stream"):
        check(seen.error(way, "Atlantis"), client, "tool_error", "no such city")


@each_client
@each_listener
def test_unknown_model(clients: Clients, client: str, listener: str) -> None:
    """The client's own error names the models that there are."""
    seen = clients.seen(client, listener)
    if listener == "llm":
        error = seen.error("embed", "a text", "gone")
        check(error, client, "model_not_found", "gpt-one")
    error = seen.error("chat", "a joke", "gone")
    if client == "LlamaIndex":  # its `OpenAI` asks nobody about a model that is not OpenAI's
        assert "ValueError" in error["error"]
        assert "Unknown model 'gone'" in error["message"]
    else:
        check(error, client, "model_not_found", "gpt-one")


@pytest.mark.parametrize("client", WITH_FUNCTIONS)
@each_listener
def test_functions_of_the_client(clients: Clients, client: str, listener: str) -> None:
    """An agent's tools are called by the LLM, on the prompt listener when no target fits."""
    seen = clients.seen(client, listener)
    assert seen.answer("agent", "six by seven") == "The tool says 42"
    assert seen.answer("agent_stream", "six by seven") == "The tool says 42 "  # a word a chunk


@each_client
@each_listener
def test_vectors(clients: Clients, client: str, listener: str) -> None:
    """The LLM listener serves them; the prompt listener says that it does not."""
    seen = clients.seen(client, listener)
    if listener == "llm":
        assert len(seen.answer("embed", "a text", VECTORS)) == 2
    else:
        check(seen.error("embed", "a text", VECTORS), client, "not_found", "this listener serves")
