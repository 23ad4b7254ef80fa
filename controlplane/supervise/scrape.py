"""One scrape for all processes: what Prometheus asks for at the port of the statistics.

Envoy's listener there sends each question to a socket of the supervisor's, who asks Envoy's admin
interface and every process that counts, all at once. A process that does not answer is left out,
and `archgw_up` says so: a scrape never fails for one of them. What is asked in another form than
Prometheus's, or by a filter, Envoy answers alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from controlplane import metric_names as table
from controlplane.supervise import exposition, health, http
from controlplane.supervise.exposition import Families, Family, sample
from controlplane.supervise.http import Answer, HttpError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from controlplane import ir
    from controlplane.home_paths import Home
    from controlplane.supervise.processes.children import Children

_PROMETHEUS = "/stats/prometheus"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_TYPES = {"json": "application/json", "html": "text/html; charset=UTF-8"}
_WITHIN = 2.0
_NO_QUESTION = (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
_UNAVAILABLE = Answer(503, b"Envoy's statistics cannot be had\n")


@dataclass(frozen=True, slots=True)
class Serving:
    """What the gateway serves by, once there is an Envoy that does."""

    version: str = ""
    """Of what Envoy has accepted."""
    runtime: str = ""
    """What prompts are decided by; none without prompts."""
    envoy: str = ""
    listeners: tuple[ir.Listener, ...] = ()


class Scrape:
    """What the gateway tells of itself."""

    def __init__(
        self,
        home: Home,
        children: Children,
        env: Mapping[str, str],
        serving: Callable[[], Serving],
    ) -> None:
        self._home = home
        self._children = children
        self._newer = table.NEWER in env.get(table.OPT_IN, "").replace(" ", "").split(",")
        self._serving = serving
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._home.scrape_socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._home.scrape_socket))
        os.chmod(self._home.scrape_socket, 0o600)

    def stop(self) -> None:
        if self._server:
            self._server.close()
        self._home.scrape_socket.unlink(missing_ok=True)

    async def answer(self, target: str) -> tuple[Answer, str]:
        """The answer and its content type."""
        asked = urlsplit(target)
        wanted = parse_qs(asked.query)
        form = wanted.get("format", [""])[-1]
        if not (asked.path == _PROMETHEUS or form == "prometheus") or "filter" in wanted:
            return await self._of_envoy(target) or _UNAVAILABLE, _TYPES.get(form, "text/plain")
        return Answer(200, (await self._whole(target)).encode()), _TEXT

    async def _whole(self, target: str) -> str:
        places = {
            child.spec.name: child.spec.metrics
            for child in self._children.all()
            if child.spec.metrics
        }
        (envoy, *others), ready = await asyncio.gather(
            asyncio.gather(
                self._of_envoy(target), *(_ask(place, "/metrics") for place in places.values())
            ),
            self._ready(),
        )
        own = self._own({"envoy": envoy, **dict(zip(places, others, strict=True))})
        told = [own, {ready.name: ready}]
        for process, answer in zip(places, others, strict=True):
            if answer:
                found = exposition.families(answer.body.decode("utf-8", "replace"))
                told.append(exposition.of_process(found, process))
        if envoy:
            found = exposition.families(envoy.body.decode("utf-8", "replace"))
            told.append(exposition.of_envoy(found, newer=self._newer))
        return exposition.text(exposition.merged(told))

    def _own(self, answers: Mapping[str, Answer | None]) -> Families:
        up = [sample(table.UP, {"process": name}, int(bool(it))) for name, it in answers.items()]
        again = [
            sample(table.RESTARTS, {"process": each.spec.name}, each.restarts)
            for each in self._children.all()
        ]
        serving = self._serving()
        config = {"version": serving.version, "runtime": serving.runtime}
        build = {"version": own_version(), "envoy": serving.envoy}
        info = [sample(table.CONFIG_INFO, config, 1)]
        built = [sample(table.BUILD_INFO, build, 1)]
        told = (
            Family(table.CONFIG_INFO, "gauge", "The config that serves, by its version", info),
            Family(table.BUILD_INFO, "gauge", "The versions of archgw and of Envoy", built),
            Family(table.UP, "gauge", "1 if the process tells its metrics", up),
            Family(table.RESTARTS, "counter", "Restarts of a process that ended", again),
        )
        return {each.name: each for each in told}

    async def _ready(self) -> Family:
        """As a balancer would find each listener."""
        listeners = self._serving().listeners
        answers = await asyncio.gather(*(health.healthy(each) for each in listeners))
        samples = [
            sample(table.READY, {"listener": each.name}, int(ok))
            for each, ok in zip(listeners, answers, strict=True)
        ]
        return Family(table.READY, "gauge", "1 if the listener answers /readyz", samples)

    async def _of_envoy(self, target: str) -> Answer | None:
        return await _ask(Place(self._home.admin_socket), target)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Envoy alone asks here, one question for each connection."""
        with contextlib.closing(writer), contextlib.suppress(*_NO_QUESTION):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _WITHIN)
            method, target, _ = head.decode("ascii", "replace").split(" ", 2)
            if method == "GET":
                answer, content_type = await self.answer(target)
            else:
                answer, content_type = Answer(405, b"statistics are read by GET\n"), "text/plain"
            writer.write(_head(answer, content_type) + answer.body)
            await writer.drain()


def own_version() -> str:
    try:
        return metadata.version("archgw")
    except metadata.PackageNotFoundError:
        return ""


async def _ask(place: Place, target: str) -> Answer | None:
    with contextlib.suppress(HttpError):
        answer = await http.get(place, target, _WITHIN)
        return answer if answer.status == 200 else None
    return None


def _head(answer: Answer, content_type: str) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {'OK' if answer.status == 200 else 'No'}",
        f"content-type: {content_type}",
        f"content-length: {len(answer.body)}",
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")
