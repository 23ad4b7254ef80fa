"""`lint --fix`: old spellings upgraded in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controlplane.problem import Edit, Problem, Severity
from controlplane.reading import fix


def fixed(text: str) -> str:
    return fix.fixed(text, {"K": "key"}).text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("listener:\n  port_value: 1 # why\n", "listener:\n  port: 1 # why\n"),
        ("listen: {port: 1}\n", "listener: {port: 1}\n"),
        ("listener: {address: 127.0.0.1 | 0.0.0.0}", "listener: {address: 127.0.0.1}"),
        ("system_prompt: “Be brief.”\n", 'system_prompt: "Be brief."\n'),
        ('system_prompt: “a "b" \\ c”\n', 'system_prompt: "a \\"b\\" \\\\ c"\n'),
        ("system_prompts:\n  - name: a\n    content: Be brief.\n", "system_prompt: Be brief.\n"),
        (
            "llm_providers:\n  # the first\n  - name: Mistral # a\n    access_key: $K\n",
            (
                "llm_providers:\n  # the first\n  - name: Mistral # a\n"
                "    provider: mistral\n    access_key: $K\n"
            ),
        ),
        (
            "llm_providers:\n  - model: mine/m\n    provider_interface: openai\n    base_url: http://h\n",
            (
                "llm_providers:\n  - model: m\n    name: mine/m\n    provider: openai\n"
                "    base_url: http://h\n"
            ),
        ),
        (
            "llm_providers: [{name: a, model: mine/m, provider_interface: openai, base_url: 'http://h'}]",
            "llm_providers: [{name: a, model: m, provider: openai, base_url: 'http://h'}]",
        ),
        (
            "prompt_targets:\n- name: a\n  description: b\n  endpoint: {name: c, path: d}\n",
            "prompt_targets:\n- name: a\n  description: b\n  endpoint: {name: c, path: /d}\n",
        ),
        (
            "error_target: # where to\n  name: a\n  # and how\n  path: /b\n",
            "error_target: # where to\n  endpoint:\n    name: a\n  # and how\n    path: /b\n",
        ),
        (
            "error_target:\n  path: /b\n  name: a\n",
            "error_target:\n  endpoint:\n    path: /b\n    name: a\n",
        ),
        (
            "prompt_endpoints:\n- http://a\n# and\n- http://b\n",
            "endpoints:\n  prompt_endpoints:\n  - http://a\n  # and\n  - http://b\n",
        ),
        (
            (
                "prompt_guards:\n  input-guard:\n  -   name: #jailbreak\n"
                "      on-exception-message: No.\n"
            ),
            (
                "prompt_guards:\n  input_guards:\n    jailbreak:  #jailbreak\n"
                "      on_exception:\n        message: No.\n"
            ),
        ),
    ],
)
def test_noop_or_expected(old: str, new: str) -> None:
    """Each old form becomes its new one, comments and spacing kept."""
    assert fixed(old) == new


@pytest.mark.parametrize(
    "text",
    [
        "listener: {address: 127.0.0.1, port: 10000} # fine\n",
        "listener: {prot: 1}\n",
        "prompt_targets:\n- path: /a\n  name: b\n  http_method: GET\nendpoints: {c: d}\n",
        "listener: [\n",
        "system_prompts:\n  - name: a\n    content: A\n  - name: b\n    content: B\n",
        "",
    ],
)
def test_left_alone(text: str) -> None:
    """What is new, wrong or not to be rewritten line by line stays as it is."""
    assert fixed(text) == text


def test_windows_lines_stay() -> None:
    """New lines end as the others do."""
    old = "error_target:\r\n  name: a\r\n  path: /b\r\n"
    assert fixed(old) == "error_target:\r\n  endpoint:\r\n    name: a\r\n    path: /b\r\n"


def test_fix_that_changes_the_meaning_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit after which the config means something else is not made."""
    text = "system_prompt: “a”\n"
    wrong = Problem("AG009", Severity.WARNING, (), "", edits=(Edit(15, 18, '"b"'),))
    monkeypatch.setattr(fix, "applied", lambda text, _: (text.replace("“a”", '"b"'), [wrong]))
    assert fixed(text) == text


def test_write_keeps_mode_and_link(tmp_path: Path) -> None:
    """The file keeps its mode, a link stays a link, and nothing is left beside it."""
    target = tmp_path / "real.yaml"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(target)
    fix.write(link, "new\r\n")
    assert link.is_symlink()
    assert target.read_bytes() == b"new\r\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.yaml", "real.yaml"]


def test_overlapping_edits_wait_for_the_next_round() -> None:
    """Of two problems that touch the same text, the first is mended alone."""
    one = Problem("A", Severity.WARNING, (), "", edits=(Edit(0, 3, "x"),))
    two = Problem("B", Severity.WARNING, (), "", edits=(Edit(2, 5, "y"), Edit(8, 9, "z")))
    assert fix.applied("abcdefghij", [one, two]) == ("xdefghij", [one])
