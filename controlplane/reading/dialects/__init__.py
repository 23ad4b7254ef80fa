"""Document → Model: three dialects in, one config out, every problem told.

Reading happens in two steps. `reading.keys.CONFIG` reads the whole document by the table
of known keys and reports what does not fit: unknown keys, wrong types, old spellings. The
modules here, one per concern, then say in the model's words what the user wrote, whichever
dialect it was written in. The keys decide the dialect, never `version`: most configs in the
wild say one version and use another's keys.

`parse` never raises and always gives a config, as far as one could be read. Whoever builds
something from it looks at the problems first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Config
from controlplane.reading.dialects.endpoints import read_endpoints
from controlplane.reading.dialects.guards import read_guards
from controlplane.reading.dialects.limits import counting, model_limits
from controlplane.reading.dialects.listeners import read_listeners
from controlplane.reading.dialects.providers import read_aliases, read_providers
from controlplane.reading.dialects.settings import (
    decisions,
    function_calling,
    model_server,
    overrides,
    tracing,
)
from controlplane.reading.dialects.system_prompt import read_system_prompt
from controlplane.reading.dialects.targets import error_target, prompt_targets
from controlplane.reading.keys import CONFIG
from controlplane.reading.mappings import Record
from controlplane.reading.values import Reading

if TYPE_CHECKING:
    from controlplane.problem import Problem
    from controlplane.reading.document import Document


def parse(document: Document) -> tuple[Config, list[Problem]]:
    reading = Reading(document)
    top = CONFIG.read(document.root, reading) or Record((), {}, {})
    ingress, egress = read_listeners(top, reading)
    guards = top.record("prompt_guards")
    jailbreak, toxicity = read_guards(guards, reading)
    config = Config(
        version=top.text("version"),
        ingress=ingress,
        egress=egress,
        providers=read_providers(top, reading),
        aliases=read_aliases(top),
        endpoints=read_endpoints(top, reading),
        system_prompt=read_system_prompt(top, reading),
        jailbreak_guard=jailbreak,
        toxicity_guard=toxicity,
        guards_api_answers=guards.flag("api_answers") is not False,
        guards_allow_images=guards.flag("allow_images") or False,
        prompt_targets=prompt_targets(top, reading),
        error_target=error_target(top, reading),
        rate_limits=model_limits(top, reading),
        counting=counting(top, reading),
        overrides=overrides(top),
        decisions=decisions(top),
        tracing=tracing(top, reading),
        mode="llm" if top.text("mode") == "llm" else "prompt" if "mode" in top else None,
        model_server=model_server(top, reading),
        function_calling=function_calling(top),
        key_files=tuple(dict.fromkeys(reading.key_files)),
    )
    return config, reading.problems
