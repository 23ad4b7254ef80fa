"""`make golden`: write anew what the golden cases expect, and delete what nothing makes."""

from __future__ import annotations

from tests.golden import RENDERINGS, cases, environment, expected_files, orphans


def main() -> None:
    for orphan in orphans():
        orphan.unlink()
    for case in cases():
        for name in expected_files(case):
            text = RENDERINGS[name](case, environment(case))
            (case / name).write_text(text, encoding="utf-8")


main()
