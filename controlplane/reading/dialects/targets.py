"""Prompts the application's APIs answer, and the API that is told of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from controlplane.model import EndpointRef, ErrorTarget, PromptTarget
from controlplane.reading.dialects.old_forms import endpoint_around
from controlplane.reading.dialects.parameters import read_parameters
from controlplane.reading.values import label, replaced

if TYPE_CHECKING:
    from controlplane.model import Path
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading
    from extproc.contract import Confirm

POOL = "prompt_endpoints"
"""The name the nameless pool of 0.1-beta goes by."""


def prompt_targets(top: Record, reading: Reading) -> tuple[PromptTarget, ...]:
    pool = _pool(top)
    return tuple(_target(record, pool, reading) for record in top.records("prompt_targets"))


def _pool(top: Record) -> str | None:
    """Where a target goes that has a path alone: 0.1-beta's pool, or the only endpoint."""
    if top.texts(POOL):
        return POOL
    declared = [name for name, _ in top.listed("endpoints")]
    return declared[0] if len(declared) == 1 else None


def error_target(top: Record, reading: Reading) -> ErrorTarget | None:
    if "error_target" not in top:
        return None
    record = top.record("error_target")
    if "endpoint" not in record and "name" in record:
        _report_flat(record, ("name", "path"), (), reading)
    reference = _reference(record, record.text("name"), reading)
    if reference is None:
        hint = "add `endpoint: {name: …, path: …}`"
        reading.error("AG103", record.path, "`error_target` has no `endpoint`", hint)
        return None
    return ErrorTarget(record.path, reference)


def error_endpoint(top: Record) -> tuple[Path, str] | None:
    """Where the error target names its endpoint, and the name."""
    record = top.record("error_target")
    inner = record.record("endpoint")
    named = inner if "name" in inner else record
    name = named.text("name")
    return (named.path_of("name"), name) if name else None


def _target(record: Record, pool: str | None, reading: Reading) -> PromptTarget:
    if "endpoint" not in record and "path" in record:
        _report_path_alone(record, pool, reading)
    kind = record.text("type")
    return PromptTarget(
        path=record.path,
        name=record.text("name") or "",
        description=record.text("description") or "",
        # `archgw generate-prompt-targets` of v0.1 wrote `type: default`.
        default=record.flag("default") or kind == "default",
        kind=kind,
        endpoint=_reference(record, pool, reading),
        parameters=read_parameters(record, reading),
        auto_llm_dispatch_on_response=record.flag("auto_llm_dispatch_on_response"),
        system_prompt=record.text("system_prompt"),
        confirm=cast("Confirm | None", record.text("confirm")),
        clients=record.texts("clients") if "clients" in record else None,
    )


def _reference(record: Record, otherwise: str | None, reading: Reading) -> EndpointRef | None:
    """`endpoint: {name, path}`, or a `path` beside it as in 0.1-beta."""
    inner = record.record("endpoint")
    name = inner.text("name") or (otherwise if "path" in record else None)
    if not name:
        return None
    holder = inner if "path" in inner else record
    path = inner.path if "endpoint" in record else record.path
    http_path = rooted_path(holder, reading)
    if http_path is None:
        message = f"{label(path)} has no `path`"
        reading.error("AG103", path, message, "add `path: /…`, the path of the API")
    method = inner.text("http_method") or record.text("http_method")
    return EndpointRef(path, name, http_path or "/", method, inner.listed("http_headers"))


def rooted_path(holder: Record, reading: Reading) -> str | None:
    """The path of an API, which begins with a slash even if none was written."""
    written = holder.text("path")
    if not written or written.startswith("/"):
        return written
    path = holder.path_of("path")
    message = f"{label(path)} does not begin with a slash; read as `/{written}`"
    edit = replaced(reading.document.span(path), f"/{written}")
    reading.warn("AG109", path, message, f"write `/{written}`", edit)
    return f"/{written}"


def _report_path_alone(record: Record, pool: str | None, reading: Reading) -> None:
    if pool:
        keys = ("path", "http_method")
        _report_flat(record, keys, (f"name: {pool}",), reading)
        return
    message = f"{label(record.path)} has a `path`, but no endpoint"
    reading.error("AG103", record.path_of("path"), message, "write `endpoint: {name: …, path: …}`")


def _report_flat(
    record: Record, keys: tuple[str, ...], lines: tuple[str, ...], reading: Reading
) -> None:
    given = [key for key in keys if key in record.places]
    message = f"{label(record.path)} has no `endpoint` around `{'` and `'.join(given)}`"
    hint = "write `endpoint: {name: …, path: …}`"
    edits = endpoint_around(record, keys, lines, reading.document)
    reading.warn("AG109", record.path_of(given[0]), message, hint, *edits)
