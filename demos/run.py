"""Run a demo: its API, an LLM and the gateway before them; play its conversations and check them.

    python -m demos.run weather_agent           # exit status 1 when an answer is not as it must be
    python -m demos.run weather_agent --stay    # start it all, and stay for questions of your own

The gateway is started by `archgw up` in a home of its own, on the ports of the demo's config.
The LLM is OpenAI's when OPENAI_API_KEY is set. Otherwise it is a stand-in that reads out the
context it is given, which shows everything the gateway does, and no more.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from demos import conversations, serving
from demos.chat import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

APIS = {
    "weather_agent": "WEATHER_API",
    "network_operator": "NETWORK_API",
    "hr_agent": "HR_API",
}
"""The demos, each with the variable of its config that holds its API's address."""

_OPENAI = {
    "name": "openai",
    "provider": "openai",
    "model": "gpt-4o-mini",
    "access_key": "$OPENAI_API_KEY",
    "default": True,
}


@dataclass(frozen=True, slots=True)
class Demo:
    name: str

    @property
    def folder(self) -> Path:
        return Path(__file__).parent / self.name

    @property
    def config(self) -> Path:
        return self.folder / "arch_config.yaml"

    @property
    def tests(self) -> Path:
        return self.folder / "conversations.yaml"

    @property
    def script(self) -> tuple[conversations.Conversation, ...]:
        return conversations.load(self.tests)

    def create_app(self) -> FastAPI:
        app: FastAPI = importlib.import_module(f"demos.{self.name}.service").create_app()
        return app


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demos.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("demo", choices=APIS)
    parser.add_argument("--stay", action="store_true", help="play nothing; stay until Ctrl-C")
    options = parser.parse_args()
    demo = Demo(options.demo)
    # What Ctrl-C stops cleanly, SIGTERM must, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="archgw-demo-") as folder,
        surroundings(demo) as variables,
    ):
        config = with_openai(demo, Path(folder)) if _has_key() else demo.config
        with gateway(config, Path(folder), variables) as started:
            if not started:
                return 1
            return _stay() if options.stay else _play(demo)


@contextlib.contextmanager
def surroundings(demo: Demo) -> Iterator[dict[str, str]]:
    """What stands around the gateway; the variables that tell the config where."""
    with serving.api(demo.create_app()) as api, serving.stand_in_llm() as llm:
        yield {APIS[demo.name]: api, "LLM_ADDRESS": llm}


@contextlib.contextmanager
def gateway(config: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[bool]:
    """`archgw up`, and down again; whether it came up."""
    home = ("--home", str(folder / "home"))
    program = shutil.which("archgw") or str(Path(sys.executable).with_name("archgw"))
    up = [program, "up", os.path.relpath(config), *home]
    for name, value in variables.items():
        print(f"{name}={value} ", end="")
    print(" ".join(["archgw", *up[1:]]), flush=True)
    if subprocess.run(up, env={**os.environ, **variables}, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run([program, "down", *home], check=False)


def _play(demo: Demo) -> int:
    listener = yaml.safe_load(demo.config.read_text(encoding="utf-8"))["listener"]
    wrong: list[str] = []
    for conversation in demo.script:
        chat = Chat(listener["address"], listener["port"])
        wrong += conversations.play(conversation, chat, print)
    print(f"\n{len(demo.script)} conversations, {len(wrong)} mismatches")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


def _stay() -> int:
    print("it serves until Ctrl-C; the README of the demo has questions to ask", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    return 0


def _has_key() -> bool:
    return bool(os.environ.get("OPENAI_API_KEY"))


def with_openai(demo: Demo, folder: Path) -> Path:
    """The demo's config with OpenAI in the stand-in's place."""
    written: dict[str, Any] = yaml.safe_load(demo.config.read_text(encoding="utf-8"))
    path = folder / "arch_config.yaml"
    path.write_text(yaml.safe_dump({**written, "llm_providers": [_OPENAI]}, sort_keys=False))
    return path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
