"""Start the stand-in LLM and a gateway before it, show a request through both, stop them.

Everything is real but the LLM: the gateway is started with `archgw up`, the requests are
what any client sends.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from asyncio import new_event_loop
from pathlib import Path

from aiohttp import web
from stand_in_llm import application

CONFIG = Path(__file__).with_name("arch_config.yaml")
GATEWAY = ("127.0.0.1", 12000)
# Beside the Python that runs this, where its folder is not on the path.
ARCHGW = shutil.which("archgw") or str(Path(sys.executable).with_name("archgw"))


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="archgw-demo-") as home:
        address = start_stand_in()
        print(f"the stand-in LLM listens on {address}\n")
        env = {**os.environ, "STAND_IN_ADDRESS": address}
        if archgw("up", os.path.relpath(CONFIG), "--home", home, env=env):
            return 1
        try:
            ask("What is a prompt gateway?", stream=False)
            ask("Say it again, word by word.", stream=True)
        finally:
            archgw("down", "--home", home, env=env)
    print("\nIt works. Next: `archgw init` writes a config of your own.")
    return 0


def archgw(*arguments: str, env: dict[str, str]) -> int:
    """Run a command as it is shown; its exit status."""
    print("$ " + " ".join(["archgw", *arguments]), flush=True)
    return subprocess.run([ARCHGW, *arguments], env=env, check=False).returncode


def start_stand_in() -> str:
    """Serve in a thread on a free port; ends with this process."""
    loop = new_event_loop()
    runner = web.AppRunner(application(), access_log=None)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    threading.Thread(target=loop.run_forever, daemon=True).start()
    host, port = runner.addresses[0]
    return f"{host}:{port}"


def ask(question: str, *, stream: bool) -> None:
    body = {"messages": [{"role": "user", "content": question}], "stream": stream}
    print(
        f"\n$ curl http://{GATEWAY[0]}:{GATEWAY[1]}/v1/chat/completions"
        f" -H 'content-type: application/json' -d '{json.dumps(body)}'"
    )
    connection = http.client.HTTPConnection(*GATEWAY, timeout=10)
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    print(_shortened(text) if stream else json.dumps(json.loads(text), indent=2))
    if response.status != http.client.OK:
        sys.exit(f"the gateway answered {response.status}")


def _shortened(stream: str) -> str:
    events = stream.strip().split("\n\n")
    left_out = f"… {len(events) - 4} more events …"
    return "\n\n".join([*events[:2], left_out, *events[-2:]])


if __name__ == "__main__":
    sys.exit(main())
