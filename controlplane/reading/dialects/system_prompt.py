"""The global system prompt: `system_prompt`, or 0.1-beta's list of named ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.reading.dialects.old_forms import single_system_prompt

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading


def read_system_prompt(top: Record, reading: Reading) -> str | None:
    prompts = [record.text("content") or "" for record in top.records("system_prompts")]
    if not prompts:
        return top.text("system_prompt")
    path = top.path_of("system_prompts")
    message = "`system_prompts` is an old form of `system_prompt`"
    if len(prompts) > 1:
        message += "; its prompts are joined into one"
    hint = "write `system_prompt: …`"
    reading.warn("AG109", path, message, hint, *single_system_prompt(path, reading.document))
    given = top.text("system_prompt")
    return "\n\n".join([given, *prompts] if given else prompts)
