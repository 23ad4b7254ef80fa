"""Pods of the chart, run by podman as Kubernetes would run them, as far as it can.

podman knows no secrets here, no Services and no probes: secrets and the config are folders of the
host, laid out and swapped as the kubelet does it; pods are on the host's network, each with
ports of its own; and a test asks what a probe would ask.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.archgw import until
from tests.images.asking import asked
from tests.images.containers import Container

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# `play kube` takes none of this as flags; podman's own limits are more than a machine may let it set.
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
FS_GROUP = 65532


@dataclass
class Mounted:
    """A folder with files, of which each is a link into another that is swapped as a whole."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.folder.mkdir()

    def hold(self, files: Mapping[str, str]) -> Mounted:
        new = self.folder / f"..{next(self._numbers)}"
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text)
            # Secrets are 0400, and the kubelet lets the pod's own group read them, too.
            (new / name).chmod(0o440)
            os.chown(new / name, 0, FS_GROUP)
        data = self.folder / "..data"
        old = data.resolve() if data.exists() else None
        (self.folder / "..data_tmp").symlink_to(new.name)
        (self.folder / "..data_tmp").replace(data)
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old:
            shutil.rmtree(old)
        return self


@dataclass(frozen=True)
class Pod:
    name: str
    manifest: Mapping[str, Any]

    def container(self, name: str = "gateway") -> Container:
        return Container(f"{self.name}-{name}")

    def wait_until_ready(self, within: float = 120) -> None:
        """By what the readiness probes of its containers ask."""
        for each in self.manifest["containers"]:
            probe = each["readinessProbe"]["httpGet"]
            ports = {port["name"]: port["containerPort"] for port in each["ports"]}

            name, port, path = each["name"], ports[probe["port"]], probe["path"]
            until(partial(self._answers, name, port, path), within)

    def _answers(self, container: str, port: int, path: str) -> bool:
        assert self.container(container).running, self.container(container).logs
        return asked(port, path) == 200


@contextlib.contextmanager
def pod(
    name: str, deployment: Mapping[str, Any], mounts: Mapping[str, Mounted], folder: Path
) -> Iterator[Pod]:
    """The pod of a rendered Deployment; `mounts` take the places of volumes of these names."""
    spec = deployment["spec"]["template"]["spec"]
    whole = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": _for_podman(spec, name, mounts),
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(whole))
    (folder / "containers.conf").write_text(CONFIGURATION)
    env = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
    play = ["podman", "play", "kube"]
    try:
        done = subprocess.run(
            [*play, "--network", "host", str(file)],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        yield Pod(name, spec)
    finally:
        subprocess.run([*play, "--down", str(file)], env=env, capture_output=True, check=False)
        volumes = [_volume(name, each["name"]) for each in spec["volumes"]]
        subprocess.run(["podman", "volume", "rm", *volumes], capture_output=True, check=False)


def _for_podman(
    spec: Mapping[str, Any], name: str, mounts: Mapping[str, Mounted]
) -> dict[str, Any]:
    containers = []
    for each in spec["containers"]:
        mounted = [
            {**mount, "name": _volume(name, mount["name"])} for mount in each["volumeMounts"]
        ]
        # Probes are the test's to make, and ports are the host's.
        kept = {key: value for key, value in each.items() if "Probe" not in key and key != "ports"}
        containers.append({**kept, "imagePullPolicy": "Never", "volumeMounts": mounted})
    return {
        "containers": containers,
        "securityContext": spec["securityContext"],
        "terminationGracePeriodSeconds": spec["terminationGracePeriodSeconds"],
        "restartPolicy": "Never",
        "volumes": [
            {"name": _volume(name, each["name"]), **_source(each, mounts)}
            for each in spec["volumes"]
        ],
    }


def _volume(pod: str, name: str) -> str:
    """A volume of podman's is the host's, so those of two pods would be one."""
    return f"{pod}-{name}"


def _source(volume: Mapping[str, Any], mounts: Mapping[str, Mounted]) -> dict[str, Any]:
    if volume["name"] in mounts:
        return {"hostPath": {"path": str(mounts[volume["name"]].folder), "type": "Directory"}}
    assert "emptyDir" in volume, f"{volume['name']} is given by nobody"
    return {"emptyDir": {}}
