"""The door to Envoy's types: slips are refused, and the types are envoy-data-plane's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap

from controlplane.emit import doors, proto
from controlplane.emit.bootstrap import static_bootstrap, xds_bootstrap
from controlplane.emit.proto import read_types
from controlplane.xds import messages
from tests.golden import HOME, compiled, compiling_cases, environment

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@pytest.mark.parametrize(
    "fields",
    [
        {"nam": "x"},
        {"name": 3},
        {"lb_policy": "SOMETIMES"},
        {"connect_timeout": "soon"},
        {"health_checks": {"timeout": "1s"}},
        {"health_checks": [{"path": "/"}]},
        {"cluster_type": {"name": "x", "typed_config": {"@type": "type.googleapis.com/x.Y"}}},
        {"transport_socket": {"name": "x", "typed_config": proto.typed(HTTP_OPTIONS, nam=1)}},
        {"type": "STATIC", "cluster_type": {"name": "x"}},
    ],
    ids=str,
)
def test_slips_are_refused(fields: dict[str, Any]) -> None:
    """A misspelt field or a wrong value is an error in the compiler, never silence in Envoy."""
    with pytest.raises(proto.ParseError):
        proto.message(proto.CLUSTER, fields)


def test_what_is_checked_stays_as_it_is() -> None:
    """Printed after the check, a dictionary still begins with its type."""
    fields = {"name": "x", "typed_config": proto.typed(proto.CLUSTER, name="y")}
    proto.message("envoy.config.core.v3.TypedExtensionConfig", fields)
    assert list(fields["typed_config"]) == ["@type", "name"]


@pytest.fixture(scope="module")
def made_now() -> bytes:
    """The file as made of the package; its classes know each other only once this has read them."""
    return read_types.read_types()


def test_types_are_those_of_the_installed_envoy_data_plane(made_now: bytes) -> None:
    """The file that is read is what would be made of the package now; else: `make protos`."""
    assert proto.types_file().name == read_types.file_name()
    assert proto.types_file().read_bytes() == made_now


@pytest.mark.slow
@pytest.mark.usefixtures("made_now")
@pytest.mark.parametrize("case", compiling_cases(), ids=lambda case: case.name)
def test_envoy_data_plane_says_the_same(case: Path) -> None:
    """Its own classes, given the same dictionaries, come to the same message."""
    fields = static_bootstrap(HOME, compiled(case, environment(case), HOME)[1])
    ours = Bootstrap.parse(proto.encoded(proto.message(proto.BOOTSTRAP, fields)))
    assert ours.to_dict() == Bootstrap.from_dict(fields).to_dict()


def test_no_type_is_kept_in_vain() -> None:
    """Each type that the file is made for is written by some golden case, or spoken by `xds`."""
    written = set()
    for case in compiling_cases():
        gateway, resources = compiled(case, environment(case), HOME)
        texts = f"{resources}{dict(doors.key_files(gateway, HOME))}"
        written |= set(re.findall(proto.TYPE_URL + r"([\w.]+)", texts))
    written |= set(re.findall(proto.TYPE_URL + r"([\w.]+)", str(xds_bootstrap(HOME))))
    spoken = {proto.BOOTSTRAP, messages._REQUEST, messages._RESPONSE}
    assert set(read_types._ROOTS) - written - spoken == set()


@pytest.mark.parametrize("case", compiling_cases(), ids=lambda case: case.name)
def test_filters_in_files_are_sound(case: Path) -> None:
    """What Envoy reads from a file is checked by nobody else before it."""
    gateway, _ = compiled(case, environment(case), HOME)
    for _, text in doors.key_files(gateway, HOME):
        (resource,) = json.loads(text)["resources"]
        kind = resource.pop("@type").removeprefix(proto.TYPE_URL)
        assert proto.message(kind, resource)


def test_bytes_are_the_same_in_every_process() -> None:
    """Maps inside of an Any are in order, too: what Envoy has is known by a hash of the bytes."""
    script = (
        "from controlplane.emit import proto;"
        f"print(proto.encoded(proto.message(proto.CLUSTER, {_with_maps()!r})).hex())"
    )
    seen = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
        for _ in range(3)
    }
    assert len(seen) == 1


def _with_maps() -> dict[str, Any]:
    options = {f"option-{number}": proto.typed(HTTP_OPTIONS) for number in range(50)}
    inner = proto.typed(proto.CLUSTER, typed_extension_protocol_options=options)
    return {"name": "x", "typed_extension_protocol_options": {"inner": inner, **options}}


def test_xds_bootstrap_is_sound() -> None:
    """What Envoy is started with has no field that Envoy does not know."""
    assert proto.message(proto.BOOTSTRAP, xds_bootstrap(HOME)).ByteSize()
