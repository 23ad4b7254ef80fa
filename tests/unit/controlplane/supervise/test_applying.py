"""What an applier says of a new plan; that Envoy takes it is for the tests with an Envoy."""

from __future__ import annotations

from pathlib import Path

from controlplane.home_paths import Home
from controlplane.supervise.applying import Applier
from controlplane.supervise.plan import Plan, Sound, make_plan, read
from controlplane.xds.server import AdsServer

CONFIG = """\
llm_providers:
  - {name: one, provider: openai, model: m, access_key: $KEY, default: true}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}
"""


def plan(home: Home, text: str) -> Plan:
    file = home.folder / "arch.yaml"
    file.write_text(text)
    sound = read(file, {"KEY": "sk-1"})
    assert isinstance(sound, Sound)
    return make_plan(sound, home)


async def no_children() -> None:
    return None


async def test_change_that_envoy_has_no_part_in(tmp_path: Path) -> None:
    """Another guard model is a change, and told, though Envoy holds what it held."""
    home = Home(tmp_path, tmp_path / "logs")
    applier = Applier(home, AdsServer(home.ads_socket), Path("/bin/envoy"))
    applier.current = plan(home, CONFIG)

    same = await applier.apply(plan(home, CONFIG), no_children)
    assert (same.summary, same.changes) == ("nothing changed", ())

    other = plan(home, CONFIG + "model_server: {guard_model: /models/ours}\n")
    told = await applier.apply(other, no_children)
    assert told.ok
    assert told.summary == "applied"
    assert "/models/ours" in "".join(told.changes)
    assert applier.current is other
