"""Words that are no part of a text value."""

from __future__ import annotations

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import bounds
from modelserver.tasks.types import Evidence

SERVICE = Parameter("service", description="The name of the service, such as nginx.")
GROUP = Parameter("class_name", description="The name of the class, such as 5b.")
TANK = Parameter("from_tank", description="The tank it comes from.")
COUNT = Parameter("litres", "number")
SERVERS = Parameter("servers", "array", items="string")
NAMES = Parameter("titles", "array", items="string")
TOOL = Tool("restart_service", "", (SERVICE, GROUP, TANK, COUNT))


@pytest.mark.parametrize(
    ("parameter", "text", "said", "own"),
    [
        (SERVICE, "restrat nginx on web-4", "restrat nginx", "nginx"),
        (SERVICE, "hello. Please restart my app", "restart my app", "my app"),
        (SERVICE, "the restart service", "restart service", "restart service"),
        (SERVICE, "nginx proxy", "nginx proxy", "nginx proxy"), (SERVICE, "restart", "restart", "restart"),
        (GROUP, "lessons of class 4d", "class 4d", "4d"), (GROUP, "class of 4d", "class of 4d", "class of 4d"),
        (GROUP, "class 4-dx", "class 4-dx", "class 4-dx"), (GROUP, "the class Pandas", "class Pandas", "class Pandas"),
        (TANK, "600 litres into T4", "litres", None), (TANK, "20 km to T4", "km", None),
        (TANK, "the litres", "litres", "litres"), (TANK, "2 Tanks", "Tanks", "Tanks"),
        (COUNT, "600 litres", "600 litres", "600 litres"),
        (SERVERS, "restart a server for me", "server", None), (SERVERS, "irgendein Server, ein server eben", "server eben", "server eben"),
        (SERVERS, "redémarre un server", "server", None), (SERVERS, "restart the server", "server", "server"),
        (SERVERS, "restart a server-4", "server-4", "server-4"), (GROUP, "lessons of a class", "class", None),
        (SERVICE, "my app bc of an outage", "my app bc", "my app"), (NAMES, "red fox because they asked", "red fox because", "red fox"),
        (SERVICE, "meine App wegen Wartung", "meine App wegen", "meine App"), (NAMES, "just because", "just because", "just because"),
        (NAMES, "just because I can", "just because I can", "just because I can"),
    ],
)  # fmt: skip
def test_trimmed(parameter: Parameter, text: str, said: str, own: str | None) -> None:
    """The target's verb at a head, the kind before a code and a unit are no value; all else is."""
    start = text.index(said)
    evidence = Evidence(0, start, start + len(said), said, 0.7)
    found = bounds.trimmed(TOOL, parameter, text, evidence)
    assert (found and found.text) == own
    assert found is None or text[found.start : found.end] == found.text
