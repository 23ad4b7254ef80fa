"""The Helm chart, rendered: once with its own values, which is `deploy/k8s`, and for each example.

Golden files hold each rendering to the letter; `make chart` writes them. Everything else looks
at what was rendered: see `test_chart.py`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.chart.install import NEWEST, TOOLS

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "archgw"
MANIFESTS = ROOT / "deploy" / "k8s" / "archgw.yaml"
GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = {file.stem: file for file in sorted((CHART / "examples").glob("*.yaml"))}
CASES = ("default", *EXAMPLES)
NAME = "archgw"
"""Of the release, and of its namespace."""


def golden(case: str) -> Path:
    return MANIFESTS if case == "default" else GOLDEN / f"{case}.yaml"


def render(case: str, *more: str) -> str:
    # Plain manifests are applied whole, and `helm test` is no part of that.
    plain = ["--set", "tests.enabled=false"] if case == "default" else []
    done = helm("template", *values(case), *plain, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(case: str) -> list[str]:
    return ["--values", str(EXAMPLES[case])] if case in EXAMPLES else []


def helm(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    place = [NAME, str(CHART)] if command == "template" else [str(CHART)]
    asked = ["--namespace", NAME, "--kube-version", NEWEST]
    return subprocess.run(
        [TOOLS / "helm", command, *place, *asked, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def objects(text: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(text) if each]


def of_kind(kind: str, text: str) -> dict[str, dict[str, Any]]:
    """By name."""
    return {each["metadata"]["name"]: each for each in objects(text) if each["kind"] == kind}
