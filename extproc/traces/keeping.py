"""Each decision's spans on their way to the collector of the config that it was made under."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from extproc.traces.collectors import collector
from extproc.traces.export import Exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from extproc.contract import Tracing
    from extproc.traces.building import Made
    from extproc.traces.context import Context


class Traces:
    """No collector is spoken to before a config names one."""

    def __init__(self, counted: Callable[[str, int], None]) -> None:
        self._counted = counted
        self._exporters: dict[Tracing, Exporter] = {}

    def keep(
        self, wanted: Tracing, here: Context, record: Mapping[str, Any], ended: int, size: int
    ) -> None:
        """`size`: of the record, in bytes."""
        making = partial(_spans, record, here, ended, content=wanted.content)
        self._exporter(wanted).put(making, size)

    async def close(self) -> None:
        for each in self._exporters.values():
            await each.close()

    def _exporter(self, wanted: Tracing) -> Exporter:
        """Those of former configs stay: they have nothing to do, and a config may come back."""
        if wanted not in self._exporters:
            self._exporters[wanted] = exporter(wanted, self._counted)
        return self._exporters[wanted]


def _spans(
    record: Mapping[str, Any], here: Context, ended: int, *, content: bool
) -> Sequence[Made]:
    from extproc.traces import decisions  # noqa: PLC0415  see the package

    return decisions.spans(record, here, ended, content=content)


def exporter(wanted: Tracing, counted: Callable[[str, int], None]) -> Exporter:
    return Exporter(collector(wanted), wanted.service_name, counted)
