"""A secret that is written in the config, or kept in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.reading.values import label

if TYPE_CHECKING:
    from controlplane.model import Secret
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading


def one_secret(
    record: Record, reading: Reading, key: str, *, called: str, lines: str, hint: str
) -> Secret | None:
    """That of `key` or of `key_file`; both, or a file of several `lines`, are reported, with a hint."""
    file = f"{key}_file"
    written, in_file = record.secret(key), record.listed(file)
    if key in record and file in record:
        message = f"{label(record.path)} has a {called} here and in `{file}`"
        reading.error("AG004", record.path_of(key), message, "keep one of the two")
    if len(in_file) > 1:
        path = record.path_of(file)
        reading.error("AG117", path, f"{label(path)} holds {len(in_file)} {lines}", hint)
    return written or (in_file[0] if in_file else None)
