"""Configs of other gateways, and what `archgw import` must make of each.

A case is a folder with a `litellm.yaml` or a `portkey.json`, written after the documentation of
each; what it comes to, `arch_config.yaml`; and all that is said about it, `notes.txt`. `make
golden` writes both anew.
"""

from __future__ import annotations

from pathlib import Path

from controlplane.importing import Imported, imported

HERE = Path(__file__).parent
INPUTS = {"litellm.yaml": "litellm", "portkey.json": "portkey"}


def cases() -> list[Path]:
    """The files that are to be imported."""
    return sorted(each for each in HERE.glob("*/*") if each.name in INPUTS)


def result(case: Path) -> Imported:
    return imported(INPUTS[case.name], case.read_text("utf-8"), case)


def rendered(case: Path) -> dict[str, str]:
    found = result(case)
    assert found.document is not None
    notes = "".join(f"{note.line(case.name, found.document)}\n" for note in found.notes)
    return {"arch_config.yaml": found.text or "", "notes.txt": notes}
