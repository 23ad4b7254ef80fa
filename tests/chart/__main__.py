"""`make chart`: render the chart anew, for `deploy/k8s` and the golden files."""

from __future__ import annotations

from tests.chart import CASES, GOLDEN, golden, render
from tests.chart.install import TOOLS
from tests.registries import MISSING


def main() -> None:
    if (TOOLS / MISSING).exists():
        print(f"not rendered: {(TOOLS / MISSING).read_text('utf-8')}")
        return
    expected = {golden(case) for case in CASES}
    for file in GOLDEN.glob("*.yaml"):
        if file not in expected:
            file.unlink()
    for case in CASES:
        golden(case).parent.mkdir(parents=True, exist_ok=True)
        golden(case).write_text(render(case), encoding="utf-8")


main()
