"""Prompts to refuse: `prompt_guards.input_guards`, and 0.1-beta's list `input-guard`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Guard
from controlplane.reading.dialects.old_forms import guard_entry
from controlplane.reading.values import did_you_mean, label

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading

KINDS = ("jailbreak", "toxicity")


def read_guards(record: Record, reading: Reading) -> tuple[Guard | None, Guard | None]:
    """The guard against jailbreaks and the one against toxicity."""
    named = record.record("input_guards")
    found = {kind: _guard(named.record(kind)) for kind in KINDS if kind in named}
    for old in record.records("input-guard"):
        kind = _old_kind(old, reading)
        if kind is not None and kind not in found:
            found[kind] = Guard(path=old.path, message=old.text("on-exception-message"))
            _report_old_form(kind, old, reading)
    return found.get("jailbreak"), found.get("toxicity")


def _guard(record: Record) -> Guard:
    exception = record.record("on_exception")
    return Guard(
        path=record.path,
        message=exception.text("message"),
        forward_to_error_target=exception.flag("forward_to_error_target") or False,
        threshold=record.number("threshold"),
    )


def _old_kind(old: Record, reading: Reading) -> str | None:
    # 0.1-beta's example says `name: #jailbreak`, where YAML sees a comment and no name;
    # there was no other guard than that one.
    name = (old.text("name") or "jailbreak").lstrip("#").strip().lower()
    if name in KINDS:
        return name
    path = old.path_of("name")
    message = f"{label(path)} cannot be `{name}`"
    reading.error("AG104", path, message, did_you_mean(name, KINDS))
    return None


def _report_old_form(kind: str, old: Record, reading: Reading) -> None:
    message = f"this is 0.1-beta's form of a guard; taken for `input_guards.{kind}`"
    hint = f"write `{kind}: {{on_exception: {{message: …}}}}` under `input_guards`"
    reading.warn("AG109", old.path, message, hint, *guard_entry(kind, old, reading.document))
