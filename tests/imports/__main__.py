"""`make golden`: write anew what imports come to."""

from __future__ import annotations

from tests.imports import cases, rendered

for case in cases():
    for name, text in rendered(case).items():
        (case.parent / name).write_text(text, encoding="utf-8")
