"""What a child may inherit. Keys live in the environment; children have no business there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")


def clean_environment(source: Mapping[str, str]) -> dict[str, str]:
    return {name: source[name] for name in ALLOWED if name in source}
